import { findFfprobe } from './ffmpeg.ts';
import { guardedInput, MAXIMUM_PIXELS } from './input-arguments.ts';
import { runTool } from './run-tool.ts';

/** Where the packets of a stream lie. Times in seconds of the file's own clock. */
export interface PacketSpan {
  readonly count: number;
  /** Earliest presentation time. */
  readonly start: number;
  /** Latest presentation time. */
  readonly lastStart: number;
  /** Latest presentation time plus that packet's duration. */
  readonly end: number;
}

/** What reading every packet of a file shows. */
export interface PacketScan {
  /** By stream index; only streams with a packet that has a time. */
  readonly streams: ReadonlyMap<number, PacketSpan>;
  /** Byte in the file behind the last packet of any stream; 0 where the container does not tell. */
  readonly lastByte: number;
  /** Bytes of the largest packet. */
  readonly largest: number;
}

const TIMEOUT = 10 * 60_000;

/**
 * Reads every packet without decoding any: about as fast as the file can be read. For streams whose container states no
 * length, and to tell a file that ends early from a decoder that gave up.
 *
 * @throws MediaError `timeout`, FlowError `aborted`.
 */
export async function scanPackets(path: string, signal?: AbortSignal): Promise<PacketScan> {
  const streams = new Map<number, PacketSpan>();
  let open = '';
  let lastByte = 0;
  let largest = 0;
  const take = (line: string): void => {
    // ffprobe prints the fields in this order whatever order they are asked in; `N/A` becomes NaN.
    const [index = Number.NaN, pts = Number.NaN, duration, size, position] = line.split(',').map(Number);
    largest = Math.max(largest, size || 0);
    lastByte = Math.max(lastByte, (position || 0) + (size || 0));
    if (!Number.isFinite(pts)) return;
    const before = streams.get(index) ?? { count: 0, start: pts, lastStart: pts, end: pts };
    streams.set(index, {
      count: before.count + 1,
      start: Math.min(before.start, pts),
      lastStart: Math.max(before.lastStart, pts),
      end: Math.max(before.end, pts + (duration || 0)),
    });
  };
  const entries = 'packet=stream_index,pts_time,duration_time,size,pos';
  await runTool(
    findFfprobe().path,
    'ffprobe',
    ['-v', 'level+error', '-show_entries', entries, '-of', 'csv=p=0', ...guardedInput(path, MAXIMUM_PIXELS)],
    {
      timeout: TIMEOUT,
      signal,
      describe: `reading the packets of '${path}'`,
      onText: (text) => {
        const lines = (open + text).split('\n');
        open = lines.pop() ?? '';
        for (const line of lines) take(line);
      },
    },
  );
  return { streams, lastByte, largest };
}
