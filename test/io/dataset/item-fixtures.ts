import { join } from 'node:path';
import fc from 'fast-check';
import type { Item, ItemShape } from '../../../src/io/dataset/item-shape.ts';
import { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';

/** Repeatable vectors of an item, exact in float32, different for every item, stream and place. */
export function vectorsOf(shape: ItemShape, number: number): Record<string, Float32Array> {
  return Object.fromEntries(
    shape.streams.map(({ name, dimension }, stream) => [
      name,
      Float32Array.from({ length: shape.subclips * dimension }, (_, at) => number + stream / 4 + (at + 1) / 1024),
    ]),
  );
}

/** Items `item-0`, `item-1`, ...: every `silent`-th without its second stream. */
export function makeItems(shape: ItemShape, count: number, silent = 3): Item[] {
  return Array.from({ length: count }, (_, number) => {
    const second = shape.streams[1]?.name;
    const vectors: Record<string, Float32Array | undefined> = vectorsOf(shape, number);
    if (second !== undefined && number % silent === silent - 1) vectors[second] = undefined;
    return { itemId: `item-${number}`, vectors };
  });
}

export const SMALL: ItemShape = {
  subclips: 3,
  streams: [
    { name: 'visual', dimension: 5 },
    { name: 'audio', dimension: 2 },
  ],
};

/** Writes a store and returns its path. */
export async function writeStore(
  directory: string,
  shape: ItemShape,
  items: readonly Item[],
  name = 'features.items',
): Promise<string> {
  const path = join(directory, name);
  const writer = await ItemStoreWriter.create(path, shape, { graph: 'test' });
  for (const item of items) await writer.add(item);
  await writer.close();
  return path;
}

/** Opens a store for some work. */
export async function withStore<T>(path: string, work: (store: ItemStore) => Promise<T>): Promise<T> {
  const store = await ItemStore.open(path);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Shapes with one to three streams. */
export const shapes: fc.Arbitrary<ItemShape> = fc.record({
  subclips: fc.integer({ min: 1, max: 20 }),
  streams: fc
    .array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 })
    .map((dimensions) => dimensions.map((dimension, index) => ({ name: `stream_${index}`, dimension }))),
});

/** A shape, and items of it with ids of all kinds; some lack streams, none lacks all. */
export const stores: fc.Arbitrary<{ shape: ItemShape; items: Item[] }> = shapes.chain((shape) => {
  const floats = (length: number) =>
    fc.float32Array({ minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true });
  const vectors = fc
    .tuple(...shape.streams.map(({ dimension }) => fc.option(floats(shape.subclips * dimension), { nil: undefined })))
    .filter((values) => values.some((value) => value !== undefined))
    .map((values) => Object.fromEntries(values.map((value, index) => [`stream_${index}`, value])));
  const itemId = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
  const items = fc.uniqueArray(fc.record({ itemId, vectors }), { maxLength: 12, selector: (item) => item.itemId });
  return items.map((list) => ({ shape, items: list }));
});
