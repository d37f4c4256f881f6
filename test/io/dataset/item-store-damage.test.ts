import { execFileSync } from 'node:child_process';
import { open, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { temporaryDirectory } from './fixtures.ts';
import { makeItems, SMALL, withStore, writeStore } from './item-fixtures.ts';

const DIST = new URL('../../../dist/src/io/dataset/', import.meta.url);

/**
 * Opens a file and reads all of it: its items, or the error, which must be one for the reader of
 * the message.
 */
async function readAll(path: string): Promise<Record<string, number[]> | UsageError> {
  try {
    return await withStore(path, async (store) => {
      const items: Record<string, number[]> = {};
      for (const itemId of store.itemIds) items[itemId] = Array.from((await store.read(itemId)).vectors.visual ?? []);
      for await (const { size } of store.batches({ batchSize: 3, prefetch: 2 })) expect(size).toBeGreaterThan(0);
      return items;
    });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    expect(error.code).toBe('dataset');
    expect(error.message).toContain(path);
    expect(error.remedy).toBeTruthy();
    return error;
  }
}

async function wholeStore(): Promise<{ path: string; bytes: Buffer }> {
  const path = await writeStore(await temporaryDirectory(), SMALL, makeItems(SMALL, 7));
  return { path, bytes: await readFile(path) };
}

test('a file cut off anywhere is refused', async () => {
  const { path, bytes } = await wholeStore();
  for (let length = 0; length < bytes.length; length += length < 100 || length > bytes.length - 100 ? 1 : 61) {
    await writeFile(path, bytes.subarray(0, length));
    expect(await readAll(path)).toBeInstanceOf(UsageError);
  }
});

test('a file with bytes changed anywhere is refused, or gives items of the right form; it never crashes or hangs', async () => {
  const { path, bytes } = await wholeStore();
  const change = fc.record({ at: fc.nat({ max: bytes.length - 1 }), value: fc.nat({ max: 255 }) });
  const nearEnd = fc.record({ at: fc.integer({ min: bytes.length - 900, max: bytes.length - 1 }), value: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(change, nearEnd), { minLength: 1, maxLength: 4 }), async (changes) => {
      const damaged = Buffer.from(bytes);
      for (const { at, value } of changes) damaged[at] = value;
      await writeFile(path, damaged);
      const read = await readAll(path);
      if (read instanceof UsageError) return;
      for (const values of Object.values(read)) expect([0, 15]).toContain(values.length);
    }),
    { numRuns: 1500 },
  );
});

test('items that lie outside the file, or in one another, are refused before anything is read', async () => {
  const { path, bytes } = await wholeStore();
  const footerStart = bytes.length - 10 - bytes.readInt32LE(bytes.length - 10);
  let refused = 0;
  for (let place = footerStart; place + 8 <= bytes.length; place += 4) {
    if (bytes.readUInt32LE(place) < 64) continue;
    const damaged = Buffer.from(bytes);
    damaged.writeUInt32LE(0x7fffff00, place);
    await writeFile(path, damaged);
    if ((await readAll(path)) instanceof UsageError) refused += 1;
  }
  expect(refused).toBeGreaterThan(50);
});

test('files of other kinds are refused by what they are', async () => {
  const path = join(await temporaryDirectory(), 'other');
  const refusal = async (bytes: Uint8Array | string) => {
    await writeFile(path, bytes);
    return String(await readAll(path));
  };
  expect(await refusal('')).toContain('it is empty');
  expect(await refusal('PAR1, and then some bytes of Parquet, PAR1')).toContain(
    'is a Parquet file, not a training store',
  );
  expect(await refusal(tableToIPC(tableFromArrays({ a: [1, 2] }), 'file'))).toContain('an Arrow file of another kind');
  await expect(ItemStore.open(`${path}.missing`)).rejects.toMatchObject({ code: 'dataset' });
});

test('a file that is cut off while it is open is noticed at the item', async () => {
  const { path, bytes } = await wholeStore();
  const store = await ItemStore.open(path);
  await truncate(path, Math.floor(bytes.length / 2));
  expect((await store.read('item-0')).vectors.visual).toHaveLength(15);
  await expect(store.read('item-6')).rejects.toMatchObject({ code: 'dataset' });
  const iterate = async () => {
    for await (const { size } of store.batches({ batchSize: 2 })) expect(size).toBe(2);
  };
  await expect(iterate()).rejects.toThrow("is not a whole training store: item 'item-");
  expect(store.heldBytes).toBe(0);
  await store.close();
});

test('an item that stands in place of another is noticed', async () => {
  const { path, bytes } = await wholeStore();
  const place = bytes.indexOf('item-3');
  expect(place).toBeGreaterThan(0);
  const file = await open(path, 'r+');
  await file.write('item-9', place);
  await file.close();
  expect(String(await readAll(path))).toContain("where item 'item-3' must be");
});

test('when there is no room the writer says so and leaves nothing', async () => {
  const directory = await temporaryDirectory();
  const script = join(directory, 'write.mjs');
  await writeFile(
    script,
    `import { ItemStoreWriter } from '${new URL('item-store-writer.js', DIST)}';
     const shape = { subclips: 10, streams: [{ name: 'visual', dimension: 600 }] };
     const writer = await ItemStoreWriter.create(process.argv[2], shape, {});
     try {
       for (let item = 0; item < 100; item += 1) {
         await writer.add({ itemId: String(item), vectors: { visual: new Float32Array(6000) } });
       }
     } catch (error) {
       console.log(error.name, error.code, error.message);
     }`,
  );
  const store = join(directory, 'store', 'features.items');
  // A limit on the size of files, 256 blocks of 512 or 1,024 bytes, stands for the full disk.
  const printed = execFileSync('sh', ['-c', 'ulimit -f 256; exec "$0" "$@"', process.execPath, script, store], {
    encoding: 'utf8',
  });
  expect(printed).toContain(`SystemError disk-full ${store} cannot be written, because the disk or your quota is full`);
  expect(await readdir(join(directory, 'store'))).toEqual([]);
});
