/**
 * Audio beside video: how loud and how bright each second is, in one row per second. Both are cut
 * by source time, so a row describes the same second of sound and picture.
 *
 *   node dist/examples/loudness-and-brightness.js VIDEO... OUT
 */
import { type Frame, type Patch, writeDataset } from 'reelflow';
import { map } from 'rxjs';

const inputs = process.argv.slice(2, -1);
const out = process.argv.at(-1);
if (out === undefined || inputs.length === 0) throw new Error('usage: loudness-and-brightness VIDEO... OUT');

const RATE = 16_000;

/** Root mean square of the samples, 0 to 1. */
function loudness({ centre, data }: Patch) {
  const power = data.reduce((sum, sample) => sum + sample * sample, 0) / data.length;
  return { time: centre, vector: [Math.sqrt(power)] };
}

/** Mean of all bytes, 0 to 1. */
function brightness({ time, data }: Frame) {
  return { time, vector: [data.reduce((sum, value) => sum + value, 0) / (255 * data.length)] };
}

const { videos } = await writeDataset(out, inputs, {
  name: 'loudness-and-brightness',
  version: '1',
  columns: (scope) => {
    const seconds = scope.subclips({ seconds: 1, statistic: 'mean' });
    const tenths = { sampleRate: RATE, patchSamples: RATE / 10, hopSamples: RATE / 10 };
    return {
      loudness: scope.audio(tenths).pipe(map(loudness), seconds),
      brightness: scope.frames({ fps: 5, width: 64, height: 36 }).pipe(map(brightness), seconds),
    };
  },
});
console.log(`${videos.committed} committed: read ${out}/subclips=1s/aggregate=mean/*.parquet`);
