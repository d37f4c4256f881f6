/**
 * How long each address of `reelflow serve` takes over 10,000 items: p50, p95 and p99 of requests
 * one after another, each of another item or user, and the processor time of one request.
 *
 *     node dist/bench/serve.js [--items 10000] [--requests 200] [--recommender svd|content-knn|...]
 *
 * SYNTHETIC: ratings and features are drawn; the features have the falling spectrum that a PCA
 * leaves.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRecommender } from '../src/graphs/recommenders/load-recommender.ts';
import { trainRecommender } from '../src/graphs/recommenders/train-recommender.ts';
import { serve } from '../src/graphs/serve/serve.ts';
import { alignedRows } from '../src/graphs/text-table.ts';
import { ItemStoreWriter } from '../src/io/dataset/item-store-writer.ts';
import { scratchDirectory } from './scratch.ts';

const [SUBCLIPS, DIMENSION, USERS, PER_USER] = [10, 600, 500, 100];

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '10000' },
    requests: { type: 'string', default: '200' },
    recommender: { type: 'string', default: 'svd' },
  },
});
const [items, requests] = [Number(values.items), Number(values.requests)];

let state = 1;
const next = (): number => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};

const directory = scratchDirectory('serve');
try {
  const store = join(directory, 'items.arrow');
  const shape = { subclips: SUBCLIPS, streams: [{ name: 'visual', dimension: DIMENSION }] };
  const writer = await ItemStoreWriter.create(store, shape, {});
  const spectrum = Float64Array.from({ length: DIMENSION }, (_, axis) => 1 / Math.sqrt(1 + axis));
  for (let item = 1; item <= items; item++) {
    const visual = Float32Array.from(
      { length: SUBCLIPS * DIMENSION },
      (_, at) => (next() + next() - 1) * (spectrum[at % DIMENSION] as number),
    );
    await writer.add({ itemId: String(item), vectors: { visual } });
  }
  await writer.close();
  const lines = Array.from({ length: USERS * PER_USER }, (_, at) => {
    const item = 1 + ((at * 7919 + Math.floor(next() * 97)) % items);
    return `${1 + Math.floor(at / PER_USER)},${item},${1 + Math.floor(next() * 9) / 2},0`;
  });
  const ratings = join(directory, 'ratings.csv');
  await writeFile(ratings, `userId,movieId,rating,timestamp\n${lines.join('\n')}\n`);
  const out = join(directory, 'recommender');
  const recommender = values.recommender;
  await trainRecommender({ recommender, ratings, features: store, out, reading: { duplicateRatings: 'last' } });
  const loaded = await loadRecommender(out);
  const server = await serve({ features: store, recommender: loaded });
  const rated = lines.map((line) => line.split(',')[1] as string);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
  const user = () => 1 + Math.floor(next() * USERS);
  const addresses: Readonly<Record<string, () => string>> = {
    '/': () => '/',
    '/items': () => `/items?page=${1 + Math.floor(next() * 20)}`,
    '/item': () => `/item?id=${pick(rated)}`,
    '/recommender': () => `/recommender?user=${user()}`,
    '/api/dataset': () => '/api/dataset',
    '/api/search (items)': () => `/api/search?item=${1 + Math.floor(next() * items)}`,
    '/api/search (subclips)': () =>
      `/api/search?item=${1 + Math.floor(next() * items)}&subclip=${Math.floor(next() * SUBCLIPS)}`,
    '/api/recommend': () => `/api/recommend?user=${user()}`,
    '/api/explain': () => `/api/explain?user=${user()}`,
    '/api/similar': () => `/api/similar?item=${pick(rated)}&by=content`,
    '/api/audience': () => `/api/audience?item=${pick(rated)}`,
  };
  const rows: string[][] = [['address', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU ms a request']];
  for (const [name, address] of Object.entries(addresses)) {
    // The first reads what stays in memory.
    const first = await fetch(`${server.url}${address()}`);
    if (!first.ok) throw new Error(`${name}: ${first.status} ${await first.text()}`);
    await first.text();
    const times: number[] = [];
    const before = process.cpuUsage();
    for (let request = 0; request < requests; request++) {
      const started = performance.now();
      const response = await fetch(`${server.url}${address()}`);
      await response.text();
      if (!response.ok) throw new Error(`${name}: ${response.status}`);
      times.push(performance.now() - started);
    }
    const { user: own, system } = process.cpuUsage(before);
    times.sort((left, right) => left - right);
    const at = (share: number) =>
      (times[Math.min(times.length - 1, Math.floor(share * times.length))] as number).toFixed(1);
    rows.push([name, at(0.5), at(0.95), at(0.99), ((own + system) / 1000 / requests).toFixed(1)]);
  }
  console.log(`${items} items of ${SUBCLIPS} x ${DIMENSION}, ${recommender}, ${requests} requests each; SYNTHETIC`);
  console.log(alignedRows(rows).join('\n'));
  await server.close();
  await loaded.close();
} finally {
  await rm(directory, { recursive: true, force: true });
}
