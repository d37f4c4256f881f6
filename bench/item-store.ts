/**
 * The training store: reading a random item, an epoch of shuffled batches, and whether memory stays
 * flat over epochs, each compared with its floor in the same run: plain positioned reads of the
 * same bytes into one buffer.
 *
 *   node dist/bench/item-store.js [--dir .bench] [--gib 4] [--epochs 5] [--reads 20000] [--json true]
 *
 * Features are synthetic. Each file is written once into --dir, and read from the page cache if it
 * fits there.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { mkdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPositive } from '../src/core/check.ts';
import type { ItemShape } from '../src/io/dataset/item-shape.ts';
import { ItemStore } from '../src/io/dataset/item-store.ts';
import { ItemStoreWriter } from '../src/io/dataset/item-store-writer.ts';
import { benchOptions } from './clips.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const options = benchOptions({ dir: '.bench', gib: '4', epochs: '5', reads: '20000', json: 'false' });
const directory = options.dir as string;
const bytesOfFeatures = checkPositive('gib', Number(options.gib)) * GiB;
const epochs = checkPositive('epochs', Number(options.epochs));
const reads = checkPositive('reads', Number(options.reads));

const SETTINGS = [
  { subclips: 10, dimension: 600, batchSize: 128 },
  { subclips: 40, dimension: 8192, batchSize: 32 },
];

/** Repeatable numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

async function makeStore(shape: ItemShape, dimension: number): Promise<string> {
  const path = join(directory, `items-${shape.subclips}x${dimension}-${options.gib}gib.arrow`);
  if (existsSync(path)) return path;
  await mkdir(directory, { recursive: true });
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < 1.2 * bytesOfFeatures) {
    throw new Error(
      `${directory} has ${((bavail * bsize) / GiB).toFixed(1)} GiB left, too little for ${options.gib} GiB of features`,
    );
  }
  const draw = generator(1);
  const visual = Float32Array.from({ length: shape.subclips * dimension }, draw);
  const writer = await ItemStoreWriter.create(path, shape, { features: 'synthetic' });
  for (let item = 0; item * visual.byteLength < bytesOfFeatures; item += 1) {
    visual[item % visual.length] = item;
    await writer.add({ itemId: `item-${item}`, vectors: { visual } });
  }
  await writer.close();
  return path;
}

function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

/** Microseconds of single reads: 50th and 99th percentile. */
async function timeEach(count: number, read: (index: number) => unknown): Promise<{ p50: number; p99: number }> {
  const times = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const started = process.hrtime.bigint();
    await read(index);
    times[index] = Number(process.hrtime.bigint() - started) / 1000;
  }
  times.sort();
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

const rows = [];
for (const { subclips, dimension, batchSize } of SETTINGS) {
  const shape = { subclips, streams: [{ name: 'visual', dimension }] };
  const path = await makeStore(shape, dimension);
  const store = await ItemStore.open(path);
  const ids = store.itemIds;
  const itemBytes = 4 * subclips * dimension;
  const stride = Math.floor((await stat(path)).size / ids.length);
  const draw = generator(2);
  const count = Math.min(reads, 4 * ids.length);
  const chosen = Uint32Array.from({ length: count }, () => Math.floor(draw() * ids.length));

  const into = { visual: new Float32Array(subclips * dimension) };
  const file = openSync(path, 'r');
  const floorBuffer = new Uint8Array(itemBytes);
  const plain = (item: number) => readSync(file, floorBuffer, 0, itemBytes, item * stride);
  // The first pass brings the file into the page cache, if it fits, and has the code compiled.
  for (let item = 0; item < ids.length; item += 1) plain(item);
  for (const item of chosen) await store.read(ids[item] as string, into);
  const single = await timeEach(count, (index) => store.read(ids[chosen[index] as number] as string, into));
  const singleFloor = await timeEach(count, (index) => plain(chosen[index] as number));

  const floorStarted = performance.now();
  for (let index = 0; index < ids.length; index += 1) plain((index * 7919) % ids.length);
  const floorSeconds = (performance.now() - floorStarted) / 1000;
  closeSync(file);

  const batches = store.batches({ batchSize, shuffle: true, seed: 1, prefetch: 2 });
  const resident: number[] = [];
  let [seconds, held, most] = [0, 0, 0];
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const started = performance.now();
    for await (const batch of batches) {
      held = Math.max(held, store.heldBytes);
      if (batch.size > 0) most = Math.max(most, process.memoryUsage.rss());
    }
    seconds += (performance.now() - started) / 1000;
    resident.push(Math.round(process.memoryUsage.rss() / MiB));
  }
  await store.close();
  const megabytes = (itemBytes * ids.length) / 1e6;
  rows.push({
    item: `${subclips} x ${dimension}`,
    items: ids.length,
    'p50 us': +single.p50.toFixed(1),
    'p99 us': +single.p99.toFixed(1),
    'floor p50': +singleFloor.p50.toFixed(1),
    'floor p99': +singleFloor.p99.toFixed(1),
    batch: batchSize,
    'epoch MB/s': Math.round((megabytes * epochs) / seconds),
    'floor MB/s': Math.round(megabytes / floorSeconds),
    'held MiB': +(held / MiB).toFixed(1),
    'RSS after each epoch, MiB': resident.join(' '),
    'most RSS MiB': Math.round(most / MiB),
  });
}
if (options.json === 'true') for (const row of rows) console.log(JSON.stringify(row));
else for (const row of rows) console.table(row);
