/**
 * Shot boundaries from frame differences, with your own operator that keeps the previous frame
 * (`scope.operator`), written to a table of shots.
 *
 *   node dist/examples/shot-boundaries.js VIDEO... OUT
 *
 * The table has a row for each shot: where it starts and ends in seconds, how much the picture
 * changed there, 0 to 1, and its mean colour.
 */
import { type Frame, type VideoScope, writeDataset } from 'reelflow';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: shot-boundaries VIDEO... OUT');

/** A mean difference of this share of a byte's range is a cut. */
const CUT = 0.2;

interface Shot {
  readonly start: number;
  readonly end: number;
  readonly change: number;
  readonly cut: boolean;
  /** Red, green and blue, 0 to 1. */
  readonly colour: readonly number[];
}

/** The mean difference of two frames' bytes, 0 to 1. */
function difference(before: Frame, after: Frame): number {
  const [a, b] = [before.data, after.data];
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));
  return sum / (255 * a.length);
}

/**
 * A frame is valid inside the `next` that received it; one that is kept, until it is released. At
 * the end, everything still kept is released automatically.
 */
const shots = (scope: VideoScope) =>
  scope.operator<Frame, Shot>('shots', ({ keep, release, emit }) => {
    let last: Frame | undefined;
    let start = 0;
    let sums = [0, 0, 0];
    let values = 0;
    const end = (time: number, change: number, cut: boolean) => {
      emit({ start, end: time, change, cut, colour: sums.map((sum) => (3 * sum) / (255 * values)) });
      [start, sums, values] = [time, [0, 0, 0], 0];
    };
    return {
      next(frame) {
        if (last === undefined) start = frame.time;
        else {
          const change = difference(last, frame);
          if (change > CUT) end(frame.time, change, true);
          release(last);
        }
        for (let at = 0; at < frame.data.length; at++) sums[at % 3] = (sums[at % 3] ?? 0) + (frame.data[at] ?? 0);
        values += frame.data.length;
        last = keep(frame);
      },
      complete() {
        if (last !== undefined) end(last.time, 0, false);
      },
    };
  });

const { videos, dead } = await writeDataset(out, inputs, {
  name: 'shots',
  version: '1',
  columns: (scope) => ({
    shots: scope
      .frames({ width: 64, height: 36 })
      .pipe(
        shots(scope),
        scope.rows({ start: 'time', end: 'time', change: 'float64', cut: 'bool', colour: 'float32[3]' }),
      ),
  }),
});
console.log(`${videos.committed} committed, ${dead.length} dead: read ${out}/shots/*.parquet`);
