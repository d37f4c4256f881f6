/**
 * How long each address of `reelflow serve` takes over 10,000 items: p50, p95 and p99 of
 * consecutive requests, each for a different item or user, and the processor time per request in
 * the server, a separate process. The same number of requests before them is not counted: they read
 * what stays in memory, and let the engine compile.
 *
 *     node dist/bench/serve.js [--items 10000] [--requests 200] [--recommender svd|content-knn|...]
 *
 * SYNTHETIC: ratings and features are drawn; the features have the falling spectrum that a PCA
 * leaves.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
    directory: { type: 'string' },
  },
});
const [items, requests] = [Number(values.items), Number(values.requests)];

let state = 1;
const next = (): number => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};

if (values.directory !== undefined) await serveThere(values.directory);
else await measure();

/** The server process: it reports its address, and on request what it has used. */
async function serveThere(directory: string): Promise<void> {
  const recommender = await loadRecommender(join(directory, 'recommender'));
  const server = await serve({ features: join(directory, 'items.arrow'), recommender });
  process.on('message', async (asked) => {
    if (asked === 'used') process.send?.({ used: process.cpuUsage(), peak: process.resourceUsage().maxRSS });
    else {
      await server.close();
      await recommender.close();
      process.disconnect();
    }
  });
  process.send?.({ url: server.url });
}

async function measure(): Promise<void> {
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
    const server = fork(fileURLToPath(import.meta.url), ['--directory', directory]);
    const ask = async (what: string) => {
      server.send(what);
      const [answer] = await once(server, 'message');
      return answer as { readonly used: NodeJS.CpuUsage; readonly peak: number };
    };
    const [{ url }] = (await once(server, 'message')) as [{ readonly url: string }];
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
    const spent = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000 / requests;
    const rows: string[][] = [['address', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU ms per request']];
    for (const [name, address] of Object.entries(addresses)) {
      const times: number[] = [];
      const timed = async () => {
        const started = performance.now();
        const response = await fetch(`${url}${address()}`);
        const text = await response.text();
        if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
        times.push(performance.now() - started);
      };
      for (let request = 0; request < requests; request++) await timed();
      times.length = 0;
      const before = (await ask('used')).used;
      for (let request = 0; request < requests; request++) await timed();
      const { used } = await ask('used');
      times.sort((left, right) => left - right);
      const at = (share: number) =>
        (times[Math.min(times.length - 1, Math.floor(share * times.length))] as number).toFixed(1);
      console.error(`${name} measured`);
      rows.push([name, at(0.5), at(0.95), at(0.99), (spent(used) - spent(before)).toFixed(1)]);
    }
    const { peak } = await ask('used');
    console.log(
      `${items} items of ${SUBCLIPS} x ${DIMENSION}, ${recommender}, ${requests} requests each; SYNTHETIC; load ${loadavg()[0]?.toFixed(0)}; peak ${Math.round(peak / 1024)} MiB`,
    );
    console.log(alignedRows(rows).join('\n'));
    server.send('end');
    await once(server, 'exit');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
