/**
 * What fetching the next inputs while others are computed gains: objects in a slow store on the
 * loopback address (150 ms for each request), each of which is then computed for a given time, in
 * pairs of runs without and with it. Computing only waits, so that neither takes processor time
 * from the other.
 *
 *   node dist/bench/fetch-ahead.js [--items 12] [--compute 450] [--rounds 3] [--concurrency 1]
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { from } from 'rxjs';
import { holdOf } from '../src/graphs/far-items.ts';
import { runLocally } from '../src/graphs/runners/local.ts';
import { Dataset } from '../src/io/dataset/dataset.ts';
import { joinRows } from '../src/io/dataset/join.ts';
import type { UnitTable } from '../src/io/dataset/schema.ts';
import { InputCopies } from '../src/io/far/input-copies.ts';
import { Video } from '../src/io/media/video.ts';
import { Flow } from '../src/operators/flow.ts';
import { description } from '../test/faults/synthetic-graph.ts';
import { ObjectServer } from '../test/fixtures/object-server.ts';
import { benchOptions } from './clips.ts';

const options = benchOptions({ items: '12', compute: '450', rounds: '3', concurrency: '1' });
const [items, compute] = [Number(options.items), Number(options.compute)];
const concurrency = Number(options.concurrency);

const server = new ObjectServer();
Object.assign(process.env, await server.start());
for (let item = 0; item < items; item += 1) {
  const bytes = randomBytes(1 << 20);
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
  server.objects.set(`${item}.mp4`, { bytes, etag, modified: new Date(), metadata: {} });
}
server.fault = () => 'slow';

function unitOf(itemId: string): UnitTable {
  const at = { subclips: 1, subclip: 0, start: 0, end: 1, count: 1 };
  const row = { stream: 'visual', statistic: 'mean' as const, ...at, vector: Float32Array.of(1) };
  return joinRows({ itemId, seconds: 1, rows: [row] });
}

/** Seconds of a run into a new dataset. */
async function seconds(ahead: number): Promise<number> {
  const out = mkdtempSync(join(tmpdir(), 'reelflow-ahead-'));
  const copies = new InputCopies();
  const dataset = await Dataset.open(out, description);
  const corpus = Array.from({ length: items }, (_, item) => new Video(`s3://films/${item}.mp4`, { copies }));
  const began = performance.now();
  await runLocally<Video, null>({
    graph: {
      ...{ name: 'synthetic', version: 1, params: {}, nodes: [] },
      itemId: ({ id }) => id,
      prepare: async () => ({ claim: 100, kept: 0, seconds: 1, frames: 1 }),
      unit: ({ id }) => from(sleep(compute, unitOf(id))),
    },
    ...{ items: corpus, store: dataset.store, flow: new Flow(1 << 20), services: async () => null },
    ...{ concurrency, ahead, hold: holdOf },
    fingerprint: (video, signal) => dataset.fingerprint(video.content, signal),
    operators: { before: [], commit: 'commit' },
  });
  const taken = (performance.now() - began) / 1000;
  await dataset.close();
  await copies.close();
  rmSync(out, { recursive: true, force: true });
  return taken;
}

console.log(`load ${loadavg()[0]?.toFixed(1)}; ${items} objects, ${compute} ms of computing, ${concurrency} at a time`);
for (let round = 0; round < Number(options.rounds); round += 1) {
  const [without, ahead] = [await seconds(0), await seconds(concurrency)];
  console.log(
    `without ${without.toFixed(2)} s, with ${ahead.toFixed(2)} s: ${(without / ahead).toFixed(2)} times as fast`,
  );
}
await server.stop();
