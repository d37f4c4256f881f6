/**
 * Colour statistics per subclip, without any network: a plain function of your own over decoded frames.
 *
 *   node dist/examples/colour-statistics.js VIDEO... OUT
 */
import { Flow, type Frame, frames, subclips, toDataset, unit, videos } from 'reelflow';
import { from, map } from 'rxjs';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: colour-statistics VIDEO... OUT');

/** Mean red, green and blue of a frame, in [0, 1]. Runs while the frame is live, and keeps nothing of it. */
function meanColour(frame: Frame) {
  const sums = [0, 0, 0];
  const { data } = frame;
  for (let at = 0; at < data.length; at++) sums[at % 3] = (sums[at % 3] ?? 0) + (data[at] ?? 0);
  return { time: frame.time, vector: sums.map((sum) => (3 * sum) / (255 * data.length)) };
}

const flow = new Flow('64MiB');
const units = from(videos(inputs)).pipe(
  map((video) =>
    unit(video, () => {
      const scope = flow.scope(video.id);
      return frames(video, { scope, width: 64, height: 64 }).pipe(
        map(meanColour),
        subclips(video, { name: 'colour', count: 10, statistic: 'meanvar', scope }),
      );
    }),
  ),
);

const summary = await toDataset(units, out, { name: 'colour', params: { version: 1 }, concurrency: 2 });
console.log(`${summary.committed} committed, ${summary.alreadyDone} already done, ${summary.dead.length} dead`);
console.log(`held at most ${flow.peakHeld} of ${flow.budget} bytes between operators`);
