/**
 * Colour statistics per subclip, without any network: a plain function of your own over decoded
 * frames.
 *
 *   node dist/examples/colour-statistics.js VIDEO... OUT
 */
import { type Frame, writeDataset } from 'reelflow';
import { map } from 'rxjs';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: colour-statistics VIDEO... OUT');

/**
 * Mean red, green and blue of a frame, in [0, 1]. It runs while the frame is live, and keeps no
 * reference to it.
 */
function meanColour(frame: Frame) {
  const sums = [0, 0, 0];
  const { data } = frame;
  for (let at = 0; at < data.length; at++) sums[at % 3] = (sums[at % 3] ?? 0) + (data[at] ?? 0);
  return { time: frame.time, vector: sums.map((sum) => (3 * sum) / (255 * data.length)) };
}

const { videos, memory } = await writeDataset(out, inputs, {
  name: 'colour',
  version: '1', // of `meanColour`: raise it when the function changes
  memory: '512MiB',
  columns: (scope) => ({
    colour: scope
      .frames({ width: 64, height: 64, resize: 'stretch' })
      .pipe(map(meanColour), scope.subclips({ count: 10, statistic: 'meanvar' })),
  }),
});
console.log(`${videos.committed} committed, ${videos.alreadyDone} already done, ${videos.dead} dead`);
console.log(`held at most ${memory.peakHeldBytes} of ${memory.budgetBytes} bytes between operators`);
