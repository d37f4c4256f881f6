import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import type { Item } from '../../../src/io/dataset/item-shape.ts';
import { ItemStore, MissingItemError } from '../../../src/io/dataset/item-store.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { temporaryDirectory } from './fixtures.ts';
import { makeItems, SMALL, stores, vectorsOf, withStore, writeStore } from './item-fixtures.ts';

/**
 * Three items of `SMALL`, the third without sound, as the writer of its own FlatBuffers wrote them:
 * a file, deflated.
 */
const BEFORE =
  '7ZjPThNBHMc/y5YKSHSDPfTgodlwrElBvbQNu9xNJFyMIcRWWaVJC023qAkhmeoL+Ah78AH0DfoIPEKPHjz4BnVmdnbZkgJBSQzIr9mZ329+f+Y3v5lv' +
  'u9P1zc3nL1ZgPB6PKzY4wCJFcuSZw2ERyGFRYpIWcMgxp/WKHNPPAUNL+cAy0JD9V6BiKZuC9pnXXrFHIeFm4SHxcwdo9YPOq9YOOR0pjhvPMxnDSfxn' +
  'Yt9l4x8evH7TbnW1pbJX/moN1gVxLCeOo2zzwPtWeNBso6uRM3nMmjiF8/KxT+KofIJ20An2+uTJp3HOyiVbl2w+at7mwU5rP81G7YNe+pXmYwNF4Blw' +
  'rHWLOib6bMS2KtYDoBcE7bft/Q9VtWGPwv5+L9BxVia84J7xKxo+9Qt3m90AXgKHrtm10K0+Lrthvxc0O6Fb3Tp095qdwK268W64ZXen1Qn2wtb+nlt9' +
  'elRO9bo6k+rVo+2jTC4LJg/H1PNdr9ndJT6v/SDsc0lSuPlonYUbO8XN0EpwU9T6winc2KZXfl3D5zPjnLI7S75/gT4/ZQ13z1lfkp9v+iXTi1N2IpO/' +
  'Xq/pkzN1wkzK9SS+NWkmTtkncnFKjnkz7xKXJ31sK9n28jEsg8E/oTF/S6IK1MCvgahBJPlhDUa1uLxOHUp1qNTBr8NGHRp16NavZH4h1mCwhpAPn9YQ' +
  '8uHz2i1+/iP8rGTba4afkvDwhUdDeAjhEUl5KOWRlBl4lAYe/sCjMfAQUo6kPJTySMpXMn/k4UcejchDRB6RlIeRd9PwY9/i52z8rGbba4YfB58SPhV8' +
  '/dnAp4FPV26ZwOeL1EdS/01qh1J/LPUjqf+Vbuk/JYUf0vfSornTnOCjYN4NFY5+zMDPGXhi395/bu8/N//+o+rg25Pff8nviMhPHx/OTx+30totpudx' +
  'aj1UHcO4vltu/EbulmNmJWFW3W2+27Cu/7z4DQ==';

/** The bits of floats: -0 is not 0. */
const bits = (values: Float32Array | undefined) =>
  values && Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');

test('what is written is read, in any order, with and without a buffer of the caller', async () => {
  const directory = await temporaryDirectory();
  await fc.assert(
    fc.asyncProperty(stores, fc.infiniteStream(fc.nat()), async ({ shape, items }, draws) => {
      await withStore(await writeStore(directory, shape, items), async (store) => {
        expect(store.itemIds).toEqual(items.map(({ itemId }) => itemId));
        expect(store.shape).toEqual(shape);
        const into = vectorsOf(shape, 7);
        for (let round = 0; round < 2 * items.length; round += 1) {
          const item = items[(draws.next().value as number) % items.length] as Item;
          for (const read of [await store.read(item.itemId), await store.read(item.itemId, into)]) {
            expect(read.itemId).toBe(item.itemId);
            for (const { name } of shape.streams) expect(bits(read.vectors[name])).toBe(bits(item.vectors[name]));
          }
          for (const { name } of shape.streams) {
            if (item.vectors[name] === undefined) expect(into[name]?.every((value) => value === 0)).toBe(true);
          }
        }
      });
    }),
    { numRuns: 60 },
  );
});

test('apache-arrow reads the file as a table of items, subclips and nullable vectors', async () => {
  await fc.assert(
    fc.asyncProperty(stores, async ({ shape, items }) => {
      const path = await writeStore(await temporaryDirectory(), shape, items);
      const table = tableFromIPC(await readFile(path));
      expect(table.schema.fields.map(({ name, nullable }) => [name, nullable])).toEqual([
        ['item_id', false],
        ['subclip', false],
        ...shape.streams.map(({ name }) => [name, true]),
      ]);
      expect(table.schema.metadata.get('graph')).toBe('test');
      expect(table.numRows).toBe(items.length * shape.subclips);
      for (const [index, { itemId, vectors }] of items.entries()) {
        const rows = table.batches[index]?.toArray() ?? [];
        expect(rows.map((row) => [row.item_id, row.subclip])).toEqual(
          Array.from({ length: shape.subclips }, (_, subclip) => [itemId, subclip]),
        );
        for (const { name, dimension } of shape.streams) {
          for (const [subclip, row] of rows.entries()) {
            const expected = vectors[name]?.subarray(subclip * dimension, (subclip + 1) * dimension);
            expect(bits(row[name]?.toArray())).toBe(bits(expected));
          }
        }
      }
    }),
    { numRuns: 20 },
  );
});

test('a file that was written before FlatBuffers came from a library is read', async () => {
  const path = join(await temporaryDirectory(), 'before.items');
  await writeFile(path, inflateRawSync(Buffer.from(BEFORE, 'base64')));
  await withStore(path, async (store) => {
    expect(store.shape).toEqual(SMALL);
    expect(store.metadata).toEqual({ graph: 'test' });
    const items = makeItems(SMALL, 3);
    expect(store.itemIds).toEqual(items.map(({ itemId }) => itemId));
    for (const { itemId, vectors } of items) {
      const read = await store.read(itemId);
      for (const { name } of SMALL.streams) expect(bits(read.vectors[name])).toBe(bits(vectors[name]));
    }
  });
});

test('metadata and an empty store come back', async () => {
  const path = join(await temporaryDirectory(), 'new', 'empty.items');
  const writer = await ItemStoreWriter.create(path, SMALL, { card: 'alexnet', __proto__x: 'Größe' });
  await writer.close();
  await withStore(path, async (store) => {
    expect(store.metadata).toEqual({ card: 'alexnet', __proto__x: 'Größe' });
    expect(store.itemIds).toEqual([]);
    for await (const batch of store.batches({ batchSize: 4 })) expect(batch).toBeUndefined();
  });
});

test('an item that is missing, and one that is asked for after close, are typed errors', async () => {
  const path = await writeStore(await temporaryDirectory(), SMALL, makeItems(SMALL, 2));
  const store = await ItemStore.open(path);
  expect(store.has('item-1')).toBe(true);
  expect(store.has('item-2')).toBe(false);
  const missing = await store.read('item-2').catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(MissingItemError);
  expect(missing).toMatchObject({ code: 'missing-item', itemId: 'item-2', path });
  expect((missing as Error).message).toBe(`item 'item-2' is not in ${path}`);
  expect(() => store.batches({ batchSize: 1, items: ['item-0', 'item-9'] })).toThrow(MissingItemError);
  await expect(store.read('item-0', { visual: new Float32Array(15) })).rejects.toThrow('into.audio');
  await store.close();
  await store.close();
  await expect(store.read('item-0')).rejects.toThrow('is closed');
});

test('short, long, unfinite, unknown and doubled items are refused by name, and the writer continues', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'a.items');
  const writer = await ItemStoreWriter.create(path, SMALL, {});
  const visual = new Float32Array(15);
  const add = (itemId: string, vectors: Item['vectors']) =>
    writer.add({ itemId, vectors }).then(
      () => 'added',
      (error: unknown) => (error instanceof UsageError ? `${error.code}: ${error.message}` : error),
    );
  expect(await add('good', { visual })).toBe('added');
  expect(await add('short', { visual: new Float32Array(10) })).toBe(
    "item: item 'short' cannot go into the store: 'visual' must be 3 x 5 = 15 floats, but is 10 floats",
  );
  expect(await add('long', { visual, audio: new Float32Array(7) })).toContain('3 x 2 = 6 floats, but is 7 floats');
  expect(await add('wide', { visual: new Float64Array(15) as unknown as Float32Array })).toContain('a Float64Array');
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    expect(await add('odd', { visual: visual.with(7, value) })).toContain(`has ${value} in subclip 1, component 2`);
  }
  expect(await add('unknown', { visual, colour: visual })).toContain("no stream 'colour'");
  expect(await add('nothing', { visual: undefined })).toContain('no vectors at all');
  expect(await add('good', { visual })).toContain('already');
  expect(await add('', { visual })).toContain('itemId');
  expect(await add('\ud800', { visual })).toContain('Unicode');
  expect(await add('also good', { audio: new Float32Array(6) })).toBe('added');
  const [first, second] = [add('one', { visual }), add('two', { visual })];
  expect([await first, await second]).toEqual(['added', expect.stringContaining('await each call')]);
  await writer.close();
  await expect(writer.add({ itemId: 'late', vectors: { visual } })).rejects.toThrow('is closed');
  await withStore(path, async (store) => expect(store.itemIds).toEqual(['good', 'also good', 'one']));
});

test('shapes that cannot be are refused', async () => {
  const path = join(await temporaryDirectory(), 'a.items');
  const stream = { name: 'visual', dimension: 5 };
  const create = (subclips: number, streams: (typeof stream)[], metadata = {}) =>
    ItemStoreWriter.create(path, { subclips, streams }, metadata);
  await expect(create(0, [stream])).rejects.toThrow('shape.subclips');
  await expect(create(1, [])).rejects.toThrow('at least one stream');
  await expect(create(1, [stream, stream])).rejects.toThrow('two streams of one name');
  await expect(create(1, [{ name: 'item_id', dimension: 1 }])).rejects.toThrow('item_id');
  await expect(create(1, [{ name: 'visual', dimension: 0.5 }])).rejects.toThrow('dimension of visual');
  await expect(create(2 ** 15, [{ name: 'visual', dimension: 2 ** 15 }])).rejects.toThrow('at most');
  await expect(create(1, [stream], { 'reelflow:x': '' })).rejects.toThrow("begin with 'reelflow:'");
  await expect(create(1, [stream], { x: 1 })).rejects.toThrow('`metadata.x` must be a string');
});

test('until it is closed nothing stands under the name; an aborted store leaves nothing', async () => {
  const directory = await temporaryDirectory();
  const path = await writeStore(directory, SMALL, makeItems(SMALL, 2));
  const writer = await ItemStoreWriter.create(path, SMALL, {});
  await writer.add({ itemId: 'new', vectors: { visual: new Float32Array(15) } });
  await withStore(path, async (store) => expect(store.itemIds).toEqual(['item-0', 'item-1']));
  expect(await readdir(directory)).toHaveLength(2);
  await writer.abort();
  await writer.abort();
  expect(await readdir(directory)).toEqual(['features.items']);
  await withStore(path, async (store) => {
    await writeStore(directory, SMALL, makeItems(SMALL, 5));
    // A store that is open continues with the file it has opened.
    expect((await store.read('item-1')).vectors.visual).toEqual(vectorsOf(SMALL, 1).visual);
    expect(store.itemIds).toHaveLength(2);
  });
  await withStore(path, async (store) => expect(store.itemIds).toHaveLength(5));
});
