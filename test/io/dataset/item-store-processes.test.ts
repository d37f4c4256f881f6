import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { ItemShape } from '../../../src/io/dataset/item-shape.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { temporaryDirectory } from './fixtures.ts';
import { makeItems, withStore, writeStore } from './item-fixtures.ts';

const execute = promisify(execFile);
const DIST = new URL('../../../dist/src/io/dataset/', import.meta.url);
const SHAPE: ItemShape = {
  subclips: 10,
  streams: [
    { name: 'visual', dimension: 60 },
    { name: 'audio', dimension: 12 },
  ],
};

test('several processes read one store at once, and each gets all of it', async () => {
  const directory = await temporaryDirectory();
  const path = await writeStore(directory, SHAPE, makeItems(SHAPE, 300));
  const script = join(directory, 'read.mjs');
  await writeFile(
    script,
    `import { createHash } from 'node:crypto';
     import { ItemStore } from '${new URL('item-store.js', DIST)}';
     const [path, seed] = process.argv.slice(2);
     const store = await ItemStore.open(path);
     const epochs = store.batches({ batchSize: 16, shuffle: true, seed: Number(seed), prefetch: 2 });
     const orders = [];
     for (let epoch = 0; epoch < 3; epoch += 1) {
       const digests = new Map();
       for await (const { itemIds, streams } of epochs) {
         for (const [place, id] of itemIds.entries()) {
           const hash = createHash('sha256');
           for (const values of [streams.visual.subarray(place * 600, place * 600 + 600), streams.audio.subarray(place * 120, place * 120 + 120)]) hash.update(values);
           digests.set(id, hash.digest('hex'));
         }
       }
       orders.push([...digests.keys()].join());
       console.log(JSON.stringify([...digests].sort()));
     }
     console.log(JSON.stringify(orders));
     await store.close();`,
  );
  const expected = await withStore(path, async (store) => {
    const digests = [];
    for (const id of [...store.itemIds].sort()) {
      const { visual, audio = new Float32Array(120) } = (await store.read(id)).vectors;
      digests.push([
        id,
        createHash('sha256')
          .update(visual as Float32Array)
          .update(audio)
          .digest('hex'),
      ]);
    }
    return JSON.stringify(digests);
  });
  const runs = await Promise.all(
    [1, 1, 2, 3].map((seed) => execute(process.execPath, [script, path, String(seed)], { maxBuffer: 2 ** 26 })),
  );
  const lines = runs.map(({ stdout }) => stdout.trim().split('\n'));
  for (const [first, second, third] of lines) expect([first, second, third]).toEqual([expected, expected, expected]);
  expect(lines[0]?.[3]).toBe(lines[1]?.[3]);
  expect(lines[0]?.[3]).not.toBe(lines[2]?.[3]);
});

test('a writer that is killed leaves nothing under the name, and the next one clears up after it', async () => {
  const directory = await temporaryDirectory();
  const [script, stores] = [join(directory, 'write.mjs'), join(directory, 'stores')];
  const path = join(stores, 'features.items');
  await writeFile(
    script,
    `import { ItemStoreWriter } from '${new URL('item-store-writer.js', DIST)}';
     const writer = await ItemStoreWriter.create(process.argv[2], ${JSON.stringify(SHAPE)}, {});
     for (let item = 0; ; item += 1) {
       await writer.add({ itemId: String(item), vectors: { visual: new Float32Array(600), audio: undefined } });
       if (item === 20) console.log('written');
     }`,
  );
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await readdir(stores)).toEqual([expect.stringMatching(/^\.tmp-/)]);
  const writer = await ItemStoreWriter.create(path, SHAPE, {});
  expect(await readdir(stores)).toHaveLength(1);
  await writer.close();
  expect(await readdir(stores)).toEqual(['features.items']);
});
