import { findFfprobe } from './ffmpeg.ts';
import { guardedInput, MAXIMUM_PIXELS } from './input-arguments.ts';
import { runTool } from './run-tool.ts';
import { type ReadAt, tagLength, withReadAt } from './stated-size.ts';

const TIMEOUT = 10 * 60_000;
const CHUNK = 1 << 20;
/** Number of bytes examined at the start of a tag. */
const HEAD = 10;

/**
 * Which packets of a raw audio stream begin with a tag, as where MP3s were joined: an ID3v2 tag is
 * at the beginning of a file, an ID3v1 or APE tag at its end. A parser makes them part of a packet,
 * which decoders then refuse.
 *
 * @returns the numbers of those packets, ascending.
 * @throws MediaError `timeout`, FlowError `aborted`.
 */
export async function packetsWithTags(path: string, index: number, signal?: AbortSignal): Promise<number[]> {
  const tags = await withReadAt(path, (readAt) => tagPositions(readAt, signal));
  const found: number[] = [];
  if (tags.size === 0 && !signal?.aborted) return found;
  let count = 0;
  let open = '';
  const take = (line: string): void => {
    const [stream, position] = line.split(',', 2);
    if (stream !== String(index)) return;
    if (tags.has(Number(position))) found.push(count);
    count += 1;
  };
  await runTool(
    findFfprobe().path,
    'ffprobe',
    [
      ...['-v', 'level+error', '-show_entries', 'packet=stream_index,pos', '-of', 'csv=p=0'],
      ...guardedInput(path, MAXIMUM_PIXELS),
    ],
    {
      timeout: TIMEOUT,
      signal,
      describe: `looking for tags in '${path}'`,
      onText: (text) => {
        const lines = (open + text).split('\n');
        open = lines.pop() ?? '';
        for (const line of lines) take(line);
      },
    },
  );
  return found;
}

/** Where in a file tags begin, other than at its start. */
async function tagPositions(readAt: ReadAt, signal: AbortSignal | undefined): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for (let position = 0; ; position += CHUNK) {
    const chunk = await readAt(position, CHUNK + HEAD);
    for (const name of ['ID3', 'TAG', 'APETAGEX']) {
      for (let at = chunk.indexOf(name); at >= 0 && at < CHUNK; at = chunk.indexOf(name, at + 1)) {
        const isTag = name !== 'ID3' || tagLength(chunk.subarray(at, at + HEAD)) !== undefined;
        if (isTag && position + at > 0) found.add(position + at);
      }
    }
    // An abort is reported by whatever runs next.
    if (chunk.length <= CHUNK || signal?.aborted) return found;
  }
}
