import { findFfprobe } from './ffmpeg.ts';
import { guardedInput, type InputWindow, MAXIMUM_PIXELS } from './input-arguments.ts';
import { runTool } from './run-tool.ts';
import { StreamClock } from './stream-clock.ts';

/**
 * The extent of a stream's packets, discontinuities closed up. Times in seconds of the file's own
 * clock.
 */
export interface PacketSpan {
  readonly count: number;
  /** Earliest presentation time. */
  readonly start: number;
  /** Latest presentation time. */
  readonly lastStart: number;
  /** Latest presentation time plus that packet's duration. */
  readonly end: number;
  /**
   * Length of the longest gap without a packet that was not a discontinuity, s; 0 if there was
   * none.
   */
  readonly longestGap: number;
  /** Number of discontinuities of its times. */
  readonly breaks: number;
  /**
   * It has no times, or they crawl after a wild one, a tick apart; here they are placed a period
   * apart.
   */
  readonly crawls: boolean;
  /** Seconds from its earliest to its latest stated time, including discontinuities. */
  readonly statedSpan: number;
}

/** What reading every packet of a file shows. */
export interface PacketScan {
  /** By stream index; only streams with a packet. */
  readonly streams: ReadonlyMap<number, PacketSpan>;
  /**
   * Offset in the file after the last packet of any stream; 0 if the container does not reveal it.
   */
  readonly lastByte: number;
  /** Bytes of the largest packet. */
  readonly largest: number;
}

/** What is known about a stream before its packets are read. */
export interface ExpectedStream {
  readonly index: number;
  /** Length of a packet that states no duration, s. */
  readonly period: number;
  /** Seconds beyond which the duration that a packet states is not its own. */
  readonly longest: number;
  /**
   * Time of the file's own clock up to which its times are believed, whatever the other streams
   * show.
   */
  readonly believedUntil: number;
}

/** How `scanPackets` reads. */
export interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  /** The streams that are decoded: their times corroborate each other. Others are only counted. */
  readonly expected?: readonly ExpectedStream[] | undefined;
  readonly window?: InputWindow | undefined;
}

const TIMEOUT = 10 * 60_000;
/** Seconds by which presentation may precede or follow decoding in any sane stream. */
const LARGEST_REORDERING = 10;
/**
 * Number of packets at the start of a stream whose times are given up if the rest does not continue
 * from them.
 */
const ODD_BEGINNING = 3;
const USUAL_PERIOD = 0.04;

/**
 * Reads every packet without decoding any: about as fast as the file can be read. For streams whose
 * container states no length or an impossible one, and to distinguish a file that ends early from a
 * decoder that gave up.
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
    // ffprobe prints the fields in this order whatever order they are requested in; `N/A` becomes
    // NaN.
    const fields = line.split(',', 7);
    const [index = Number.NaN, pts = Number.NaN, dts = Number.NaN, length = Number.NaN, size, position] =
      fields.map(Number);
    if (!Number.isInteger(index) || line === '') return;
    largest = Math.max(largest, size || 0);
    lastByte = Math.max(lastByte, (position || 0) + (size || 0));
    // Because of an edit list it is decoded for the sake of others, but not shown.
    if (fields[6]?.includes('D') === true) return;
    let track = tracks.get(index);
    if (track === undefined) {
      track = new Track(expected.find((stream) => stream.index === index));
      tracks.set(index, track);
    }
    track.take(pts, dts, length, (from, to) =>
      expected.some(({ index: other }) => other !== index && (tracks.get(other)?.due ?? from) > (from + to) / 2),
    );
  };
  const entries = 'packet=stream_index,pts_time,dts_time,duration_time,size,pos,flags';
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

/**
 * How many packets, and what share of them, must crawl for the stream to count as one that does.
 */
const CRAWLING_PACKETS = 10;
const CRAWLING_SHARE = 0.05;

/** The packets of one stream, in the order of the file. */
class Track {
  readonly #period: number;
  readonly #longest: number;
  readonly #believedUntil: number;
  #count = 0;
  /**
   * Number of packets whose presentation is impossibly far from their decoding; consecutive ones
   * count once.
   */
  #wild = 0;
  #isWild = false;
  #untimed = 0;
  #earliest = Number.POSITIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;
  /** Its times as stated, and as they would be if they crawl. */
  #plain: Path | undefined;
  #stepping: Path | undefined;

  constructor(expected: ExpectedStream | undefined) {
    this.#period = expected?.period ?? USUAL_PERIOD;
    this.#longest = expected?.longest ?? Number.POSITIVE_INFINITY;
    this.#believedUntil = expected?.believedUntil ?? Number.NEGATIVE_INFINITY;
  }

  /** When its next packet is due. */
  get due(): number {
    return this.#path?.due ?? 0;
  }

  get #crawls(): boolean {
    if (2 * this.#untimed > this.#count) return true;
    const crawled = this.#plain?.crawled ?? 0;
    return crawled > CRAWLING_PACKETS && crawled > CRAWLING_SHARE * this.#count;
  }

  get #path(): Path | undefined {
    return this.#crawls ? this.#stepping : this.#plain;
  }

  get span(): PacketSpan {
    const path = this.#path as Path;
    const statedSpan = Math.max(0, this.#latest - this.#earliest);
    const { breaks, ...span } = path.span;
    return { count: this.#count, ...span, breaks: Math.max(breaks, this.#wild), crawls: this.#crawls, statedSpan };
  }

  /** @param othersPassed - whether another stream shows that the time between two times passed. */
  take(pts: number, dts: number, duration: number, othersPassed: (from: number, to: number) => boolean): void {
    const decoded = Number.isFinite(dts) ? dts : pts;
    const timed = Number.isFinite(decoded);
    const stated = duration <= this.#longest ? duration : 0;
    const isWild = Math.abs(pts - decoded) > LARGEST_REORDERING;
    if (isWild && !this.#isWild && this.#count > 0) this.#wild += 1;
    this.#isWild = isWild;
    const packet: TimedPacket = {
      time: timed ? decoded : undefined,
      ahead: Number.isFinite(pts) && timed && !isWild ? pts - decoded : 0,
      length: stated > 0 ? stated : timed ? 0 : this.#period,
      due: stated > 0 ? stated : this.#period,
    };
    const common = { start: packet.time ?? 0, period: this.#period, believedUntil: this.#believedUntil };
    this.#plain ??= new Path(new StreamClock(common), this.#period);
    this.#stepping ??= new Path(new StreamClock({ ...common, crawls: true }), this.#period);
    this.#count += 1;
    this.#plain.take(packet, othersPassed);
    this.#stepping.take(packet, othersPassed);
    if (!timed) {
      this.#untimed += 1;
      return;
    }
    this.#earliest = Math.min(this.#earliest, decoded);
    this.#latest = Math.max(
      this.#latest,
      decoded + packet.length,
      Number.isFinite(pts) ? pts + packet.length : decoded,
    );
  }
}

interface TimedPacket {
  readonly time: number | undefined;
  /** Seconds from its decoding to its presentation. */
  readonly ahead: number;
  /** Its duration, s; 0 if not stated. */
  readonly length: number;
  /** Seconds after which the next one is due. */
  readonly due: number;
}

/** A stream's packets laid one after another by a clock. */
class Path {
  readonly #clock: StreamClock;
  readonly #period: number;
  #count = 0;
  /**
   * Offset added to the clock's times if the first packets were wild and the stream begins
   * elsewhere.
   */
  #moved = 0;
  #start = Number.POSITIVE_INFINITY;
  #lastStart = Number.NEGATIVE_INFINITY;
  #end = Number.NEGATIVE_INFINITY;
  #longestGap = 0;
  #lastDecoded = 0;

  constructor(clock: StreamClock, period: number) {
    this.#clock = clock;
    this.#period = period;
  }

  get due(): number {
    return this.#clock.due + this.#moved;
  }

  get crawled(): number {
    return this.#clock.crawled;
  }

  get span(): Pick<PacketSpan, 'start' | 'lastStart' | 'end' | 'longestGap' | 'breaks'> {
    return {
      start: this.#start + this.#moved,
      lastStart: this.#lastStart + this.#moved,
      end: this.#end + this.#moved,
      longestGap: this.#longestGap,
      breaks: this.#clock.breaks,
    };
  }

  take({ time, ahead, length, due: next }: TimedPacket, othersPassed: (from: number, to: number) => boolean): void {
    const clock = this.#clock;
    const { breaks, due } = clock;
    const vouched =
      time !== undefined && !clock.goesOn(time) && othersPassed(due + this.#moved, clock.shifted(time) + this.#moved);
    const placed = clock.place(time, next, vouched);
    if (time !== undefined && clock.breaks > breaks && this.#count <= ODD_BEGINNING) this.#moved = time - placed;
    else if (this.#count > 0) this.#longestGap = Math.max(this.#longestGap, placed - this.#lastDecoded - this.#period);
    this.#lastDecoded = placed;
    this.#count += 1;
    this.#start = Math.min(this.#start, placed + ahead);
    this.#lastStart = Math.max(this.#lastStart, placed + ahead);
    this.#end = Math.max(this.#end, placed + ahead + length);
  }
}
