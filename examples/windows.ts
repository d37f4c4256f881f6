/**
 * Sliding windows: 16 frames, every 8 frames, into one vector and one row for each window. A window
 * holds its frames, which count against the limit.
 *
 *   node dist/examples/windows.js VIDEO... OUT
 */
import { type Frame, writeDataset } from 'reelflow';
import { filter, map } from 'rxjs';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: windows VIDEO... OUT');

const SIZE = 16;
const [WIDTH, HEIGHT] = [64, 36];
/** Cells of the grid that motion is measured in. */
const [COLUMNS, ROWS] = [4, 3];

/** How much neighbouring frames differ in each cell, as a share of a byte's range, 0 to 1. */
function motion(frames: readonly Frame[]) {
  const cells = new Float32Array(COLUMNS * ROWS);
  const values = (frames.length - 1) * ((WIDTH * HEIGHT * 3) / cells.length) * 255;
  for (const [at, { data }] of frames.entries()) {
    const before = frames[at - 1]?.data ?? data;
    for (let byte = 0; byte < data.length; byte++) {
      const pixel = Math.floor(byte / 3);
      const column = Math.floor(((pixel % WIDTH) * COLUMNS) / WIDTH);
      const row = Math.floor((Math.floor(pixel / WIDTH) * ROWS) / HEIGHT);
      const cell = row * COLUMNS + column;
      cells[cell] = (cells[cell] ?? 0) + Math.abs((data[byte] ?? 0) - (before[byte] ?? 0)) / values;
    }
  }
  return { start: frames[0]?.time ?? 0, end: frames.at(-1)?.time ?? 0, motion: cells };
}

const { videos } = await writeDataset(out, inputs, {
  name: 'motion',
  version: '3',
  columns: (scope) => ({
    windows: scope.frames({ width: WIDTH, height: HEIGHT, resize: 'stretch' }).pipe(
      scope.window<Frame>(SIZE, { step: SIZE / 2 }),
      filter((frames) => frames.length === SIZE), // the last one may be shorter
      map(motion),
      scope.rows({ start: 'time', end: 'time', motion: 'float32[12]' }),
    ),
  }),
});
console.log(`${videos.committed} committed: read ${out}/windows/*.parquet`);
