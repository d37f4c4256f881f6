/**
 * Vectors from an HTTP service: one frame per second is posted as raw RGB, and a JSON array of
 * numbers comes back. At most three requests at a time and 20 per second for all videos together;
 * failed ones are retried; while the service is slow, decoders wait. After an interruption, the
 * same command continues where it stopped.
 *
 *   node dist/examples/remote-vectors.js URL VIDEO... OUT
 */
import { type Frame, writeDataset } from 'reelflow';

const [url, ...inputs] = process.argv.slice(2);
const out = inputs.pop();
if (url === undefined || out === undefined || inputs.length === 0)
  throw new Error('usage: remote-vectors URL VIDEO... OUT');

async function vectorOf({ time, data }: Frame, signal: AbortSignal) {
  // `fetch` does not accept shared memory, where frames are: a copy is sent.
  const response = await fetch(url as string, { method: 'POST', body: data.slice(), signal });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return { time, vector: (await response.json()) as number[] };
}

const { videos, dead } = await writeDataset(out, inputs, {
  name: 'remote',
  version: '1', // of the service, too
  columns: (scope) => ({
    remote: scope
      .frames({ fps: 1, width: 32, height: 32 })
      .pipe(
        scope.mapAsync(vectorOf, { name: 'service', concurrency: 3, rate: '20/s', retry: 3 }),
        scope.subclips({ count: 2 }),
      ),
  }),
});
console.log(`${videos.committed} committed, ${videos.dead} dead`);
for (const { item, message } of dead) console.log(`${item}: ${message}`);
