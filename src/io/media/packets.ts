import { findFfprobe } from './ffmpeg.ts';
import { guardedInput, type InputWindow, MAXIMUM_PIXELS } from './input-arguments.ts';
import { runTool } from './run-tool.ts';
import { StreamClock } from './stream-clock.ts';

/** Where the packets of a stream lie, discontinuities closed up. Times in seconds of the file's own clock. */
export interface PacketSpan {
  readonly count: number;
  /** Earliest presentation time. */
  readonly start: number;
  /** Latest presentation time. */
  readonly lastStart: number;
  /** Latest presentation time plus that packet's duration. */
  readonly end: number;
  /** Seconds of the longest time without a packet that was no discontinuity; 0 when there was none. */
  readonly longestGap: number;
  /** Discontinuities of its times. */
  readonly breaks: number;
}

/** What reading every packet of a file shows. */
export interface PacketScan {
  /** By stream index; only streams with a packet. */
  readonly streams: ReadonlyMap<number, PacketSpan>;
  /** Byte in the file behind the last packet of any stream; 0 where the container does not tell. */
  readonly lastByte: number;
  /** Bytes of the largest packet. */
  readonly largest: number;
}

/** What is known of a stream before its packets are read. */
export interface ExpectedStream {
  readonly index: number;
  /** Seconds of a packet that states no duration. */
  readonly period: number;
  /** Time of the file's own clock up to which its times are believed, whatever the other streams show. */
  readonly believedUntil: number;
}

/** How `scanPackets` reads. */
export interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  /** The streams that are decoded: their times vouch for each other's. Others are only counted. */
  readonly expected?: readonly ExpectedStream[];
  readonly window?: InputWindow | undefined;
}

const TIMEOUT = 10 * 60_000;
/** Seconds that presentation may lie before or behind decoding in any sane stream. */
const LARGEST_REORDERING = 10;
/** Packets at the beginning of a stream whose times are given up when the rest does not go on from them. */
const ODD_BEGINNING = 3;
const USUAL_PERIOD = 0.04;

/**
 * Reads every packet without decoding any: about as fast as the file can be read. For streams whose container states no
 * length or one that cannot be true, and to tell a file that ends early from a decoder that gave up.
 *
 * @throws MediaError `timeout`, FlowError `aborted`.
 */
export async function scanPackets(path: string, options: ScanOptions = {}): Promise<PacketScan> {
  const tracks = new Map<number, Track>();
  const expected = options.expected ?? [];
  let open = '';
  let lastByte = 0;
  let largest = 0;
  const take = (line: string): void => {
    // ffprobe prints the fields in this order whatever order they are asked in; `N/A` becomes NaN.
    const [index = Number.NaN, pts = Number.NaN, dts = Number.NaN, length = Number.NaN, size, position] = line
      .split(',', 6)
      .map(Number);
    if (!Number.isInteger(index) || line === '') return;
    largest = Math.max(largest, size || 0);
    lastByte = Math.max(lastByte, (position || 0) + (size || 0));
    let track = tracks.get(index);
    if (track === undefined) {
      track = new Track(expected.find((stream) => stream.index === index));
      tracks.set(index, track);
    }
    track.take(pts, dts, length, (from, to) =>
      expected.some(({ index: other }) => other !== index && (tracks.get(other)?.due ?? from) > (from + to) / 2),
    );
  };
  const entries = 'packet=stream_index,pts_time,dts_time,duration_time,size,pos';
  await runTool(
    findFfprobe().path,
    'ffprobe',
    [
      ...['-v', 'level+error', '-show_entries', entries, '-of', 'csv=p=0'],
      ...guardedInput(path, MAXIMUM_PIXELS, options.window),
    ],
    {
      timeout: TIMEOUT,
      signal: options.signal,
      describe: `reading the packets of '${path}'`,
      onText: (text) => {
        const lines = (open + text).split('\n');
        open = lines.pop() ?? '';
        for (const line of lines) take(line);
      },
    },
  );
  return { streams: new Map([...tracks].map(([index, track]) => [index, track.span])), lastByte, largest };
}

/** The packets of one stream, in the order of the file. */
class Track {
  readonly #expected: ExpectedStream | undefined;
  #clock: StreamClock | undefined;
  #count = 0;
  /** What is added to the clock's times: its first packets were wild, and the stream begins elsewhere. */
  #moved = 0;
  #start = Number.POSITIVE_INFINITY;
  #lastStart = Number.NEGATIVE_INFINITY;
  #end = Number.NEGATIVE_INFINITY;
  #longestGap = 0;

  constructor(expected: ExpectedStream | undefined) {
    this.#expected = expected;
  }

  /** When its next packet is due. */
  get due(): number {
    return (this.#clock?.due ?? 0) + this.#moved;
  }

  get span(): PacketSpan {
    return {
      count: this.#count,
      start: this.#start + this.#moved,
      lastStart: this.#lastStart + this.#moved,
      end: this.#end + this.#moved,
      longestGap: this.#longestGap,
      breaks: this.#clock?.breaks ?? 0,
    };
  }

  /** @param othersPassed whether another stream shows that the time between two times passed. */
  take(pts: number, dts: number, stated: number, othersPassed: (from: number, to: number) => boolean): void {
    const decoded = Number.isFinite(dts) ? dts : pts;
    const timed = Number.isFinite(decoded);
    const ahead = Number.isFinite(pts) && timed && Math.abs(pts - decoded) <= LARGEST_REORDERING ? pts - decoded : 0;
    const length = stated > 0 ? stated : timed ? 0 : (this.#expected?.period ?? USUAL_PERIOD);
    this.#clock ??= new StreamClock({
      start: timed ? decoded : 0,
      period: this.#expected?.period ?? USUAL_PERIOD,
      believedUntil: this.#expected?.believedUntil ?? Number.NEGATIVE_INFINITY,
    });
    const clock = this.#clock;
    const { breaks, due } = clock;
    const vouched = timed && !clock.goesOn(decoded) && othersPassed(due + this.#moved, clock.shifted(decoded) + this.#moved);
    const time = clock.place(timed ? decoded : undefined, length || this.#expected?.period || USUAL_PERIOD, vouched);
    if (clock.breaks > breaks && this.#count <= ODD_BEGINNING) this.#moved = decoded - time;
    else if (this.#count > 0) this.#longestGap = Math.max(this.#longestGap, time - due);
    this.#count += 1;
    this.#start = Math.min(this.#start, time + ahead);
    this.#lastStart = Math.max(this.#lastStart, time + ahead);
    this.#end = Math.max(this.#end, time + ahead + length);
  }
}
