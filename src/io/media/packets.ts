import { findFfprobe } from './ffmpeg.ts';
import { guardedInput, MAXIMUM_PIXELS } from './input-arguments.ts';
import { runTool } from './run-tool.ts';

/** Where the packets of a stream, or of all streams, lie. Times in seconds of the file's own clock. */
export interface PacketSpan {
  readonly count: number;
  /** Earliest presentation time. */
  readonly start: number;
  /** Latest presentation time. */
  readonly lastStart: number;
  /** Latest presentation time plus that packet's duration. */
  readonly end: number;
  /** Byte in the file behind the last packet; 0 where the container does not tell. */
  readonly lastByte: number;
}

const TIMEOUT = 10 * 60_000;

/**
 * Reads every packet without decoding any: about as fast as the file can be read. For streams whose container states no
 * length, and to tell a file that ends early from a decoder that gave up.
 *
 * @returns undefined when there is no packet with a time.
 * @throws MediaError `timeout`, FlowError `aborted`.
 */
export async function packetSpan(
  path: string,
  stream: number | undefined,
  signal?: AbortSignal,
): Promise<PacketSpan | undefined> {
  let open = '';
  let count = 0;
  let start = Number.POSITIVE_INFINITY;
  let lastStart = Number.NEGATIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  let lastByte = 0;
  const take = (line: string): void => {
    // pts_time, duration_time, size, pos: in this order whatever order they are asked in
    const [pts, duration, size, position] = line.split(',').map(Number);
    if (position !== undefined && Number.isFinite(position)) lastByte = Math.max(lastByte, position + (size || 0));
    if (pts === undefined || !Number.isFinite(pts)) return;
    count += 1;
    start = Math.min(start, pts);
    lastStart = Math.max(lastStart, pts);
    end = Math.max(end, pts + (duration || 0));
  };
  await runTool(
    findFfprobe().path,
    'ffprobe',
    [
      ...['-v', 'level+error', ...(stream === undefined ? [] : ['-select_streams', String(stream)])],
      ...[
        '-show_entries',
        'packet=pts_time,duration_time,size,pos',
        '-of',
        'csv=p=0',
        ...guardedInput(path, MAXIMUM_PIXELS),
      ],
    ],
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
  return count === 0 ? undefined : { count, start, lastStart, end, lastByte };
}
