/**
 * Sliding windows: how much moves within 16 frames, every 8 frames, with a row for each window. A
 * window holds its frames, which count against the limit.
 *
 *   node dist/examples/windows.js VIDEO... OUT
 */
import { type Frame, writeDataset } from 'reelflow';
import { filter, map } from 'rxjs';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: windows VIDEO... OUT');

const SIZE = 16;

/**
 * How different neighbouring frames are on average, and the first and the last, as a share of a
 * byte's range, in [0, 1].
 */
function motion(frames: readonly Frame[]) {
  const [first, last] = [frames[0] as Frame, frames.at(-1) as Frame];
  let steps = 0;
  for (let at = 1; at < frames.length; at++) steps += difference(frames[at - 1] as Frame, frames[at] as Frame);
  return { start: first.time, end: last.time, motion: steps / (frames.length - 1), change: difference(first, last) };
}

function difference({ data: a }: Frame, { data: b }: Frame): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));
  return sum / (255 * a.length);
}

const { videos } = await writeDataset(out, inputs, {
  name: 'motion',
  version: '2',
  columns: (scope) => ({
    windows: scope.frames({ width: 64, height: 36, resize: 'stretch' }).pipe(
      scope.window<Frame>(SIZE, { step: SIZE / 2 }),
      filter((frames) => frames.length === SIZE), // the last one may be shorter
      map(motion),
      scope.rows({ start: 'time', end: 'time', motion: 'float64', change: 'float64' }),
    ),
  }),
});
console.log(`${videos.committed} committed: read ${out}/windows/*.parquet`);
