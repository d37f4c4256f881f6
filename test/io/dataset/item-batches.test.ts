import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FlowError } from '../../../src/core/errors.ts';
import type { ItemBatch } from '../../../src/io/dataset/item-batches.ts';
import type { ItemStore } from '../../../src/io/dataset/item-store.ts';
import { temporaryDirectory } from './fixtures.ts';
import { makeItems, SMALL, vectorsOf, withStore, writeStore } from './item-fixtures.ts';

const COUNT = 50;

async function withItems<T>(work: (store: ItemStore) => Promise<T>): Promise<T> {
  return withStore(await writeStore(await temporaryDirectory(), SMALL, makeItems(SMALL, COUNT)), work);
}

async function idsOf(batches: AsyncIterable<ItemBatch>): Promise<string[]> {
  const ids: string[] = [];
  for await (const batch of batches) ids.push(...batch.itemIds);
  return ids;
}

test('an epoch gives every item once, in batches of any size, with its own vectors', async () => {
  const options = fc.record({
    batchSize: fc.integer({ min: 1, max: COUNT + 5 }),
    shuffle: fc.boolean(),
    seed: fc.nat(),
    prefetch: fc.integer({ min: 0, max: 5 }),
    dropLast: fc.boolean(),
  });
  await withItems(async (store) => {
    await fc.assert(
      fc.asyncProperty(options, async (chosen) => {
        const seen: string[] = [];
        for await (const { itemIds, size, streams, present } of store.batches(chosen)) {
          expect(itemIds).toHaveLength(size);
          expect(streams.visual).toHaveLength(size * 15);
          expect(streams.audio).toHaveLength(size * 6);
          for (const [place, itemId] of itemIds.entries()) {
            const number = Number(itemId.slice(5));
            const expected = vectorsOf(SMALL, number);
            const silent = number % 3 === 2;
            expect(present.visual?.[place]).toBe(1);
            expect(present.audio?.[place]).toBe(silent ? 0 : 1);
            expect(streams.visual?.subarray(place * 15, place * 15 + 15)).toEqual(expected.visual);
            expect(streams.audio?.subarray(place * 6, place * 6 + 6)).toEqual(
              silent ? new Float32Array(6) : expected.audio,
            );
          }
          seen.push(...itemIds);
        }
        const whole = chosen.dropLast ? COUNT - (COUNT % chosen.batchSize) : COUNT;
        expect(seen).toHaveLength(whole);
        expect(new Set(seen).size).toBe(whole);
        if (!chosen.shuffle) expect(seen).toEqual(store.itemIds.slice(0, whole));
        expect(store.heldBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

test('the same seed gives the same epochs, another seed and another epoch others', async () => {
  await withItems(async (store) => {
    const batches = (seed: number, batchSize: number) => store.batches({ batchSize, shuffle: true, seed });
    const [first, again, other] = [batches(1, 7), batches(1, 16), batches(2, 7)];
    const epochs = [await idsOf(first), await idsOf(first)];
    expect([await idsOf(again), await idsOf(again)]).toEqual(epochs);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(await idsOf(other)).not.toEqual(epochs[0]);
  });
});

test('chosen items come in their order, as often as they are named', async () => {
  await withItems(async (store) => {
    const items = ['item-9', 'item-3', 'item-9', 'item-0'];
    expect(await idsOf(store.batches({ batchSize: 3, items }))).toEqual(items);
    const shuffled = await idsOf(store.batches({ batchSize: 3, items, shuffle: true, seed: 4 }));
    expect(shuffled.toSorted()).toEqual(items.toSorted());
    expect(await idsOf(store.batches({ batchSize: 3, items: [] }))).toEqual([]);
  });
});

test('a batch keeps its values while later ones are read ahead, in a ring of prefetch + 1 buffers', async () => {
  const batchBytes = 5 * (4 * (15 + 6) + 2);
  await withItems(async (store) => {
    for (const prefetch of [0, 1, 3]) {
      const buffers = new Set<ArrayBufferLike | undefined>();
      let most = 0;
      for await (const { itemIds, streams } of store.batches({ batchSize: 5, prefetch })) {
        const before = streams.visual?.slice();
        await new Promise((wake) => setTimeout(wake, 3));
        expect(streams.visual).toEqual(before);
        expect(streams.visual?.[0]).toBe(vectorsOf(SMALL, Number(itemIds[0]?.slice(5))).visual?.[0]);
        buffers.add(streams.visual?.buffer);
        most = Math.max(most, store.heldBytes);
      }
      expect(buffers.size).toBe(prefetch + 1);
      const scratches = most - (prefetch + 1) * batchBytes;
      expect(scratches).toBeGreaterThan(0);
      expect(scratches).toBeLessThan(5 * 1024);
      expect(store.heldBytes).toBe(0);
    }
  });
});

test('leaving the loop, throwing in it and aborting free everything', async () => {
  await withItems(async (store) => {
    for await (const batch of store.batches({ batchSize: 4, prefetch: 3 })) {
      expect(batch.size).toBe(4);
      expect(store.heldBytes).toBeGreaterThan(0);
      break;
    }
    expect(store.heldBytes).toBe(0);
    const fail = async () => {
      for await (const batch of store.batches({ batchSize: 4 })) throw new Error(`of the user, ${batch.size}`);
    };
    await expect(fail()).rejects.toThrow('of the user, 4');
    expect(store.heldBytes).toBe(0);
    for (const early of [true, false]) {
      const controller = new AbortController();
      if (early) controller.abort('enough');
      let batches = 0;
      const iterate = async () => {
        for await (const batch of store.batches({ batchSize: 4, prefetch: 2, signal: controller.signal })) {
          batches += 1;
          expect(batch.size).toBe(4);
          if (batches === 3) controller.abort('enough');
        }
      };
      const aborted = await iterate().catch((error: unknown) => error);
      expect(aborted).toBeInstanceOf(FlowError);
      expect(aborted).toMatchObject({ code: 'aborted', cause: 'enough' });
      expect(batches).toBe(early ? 0 : 3);
      expect(store.heldBytes).toBe(0);
    }
  });
});

test('closing the store ends iterations with an error; iterations of one store do not disturb each other', async () => {
  await withItems(async (store) => {
    const both = [store.batches({ batchSize: 3, shuffle: true, seed: 1 }), store.batches({ batchSize: 8 })];
    const [shuffled, plain] = await Promise.all(both.map(idsOf));
    expect(new Set(shuffled)).toEqual(new Set(plain));
    const iterator = store.batches({ batchSize: 2, prefetch: 4 })[Symbol.asyncIterator]();
    await iterator.next();
    await store.close();
    await expect(
      (async () => {
        for (let count = 0; count < COUNT; count += 1) await iterator.next();
      })(),
    ).rejects.toThrow('is closed');
    expect(store.heldBytes).toBe(0);
  });
});

test('options out of range are refused at the call', async () => {
  await withItems(async (store) => {
    expect(() => store.batches({ batchSize: 0 })).toThrow('`batchSize` must be an integer of at least 1');
    expect(() => store.batches({ batchSize: 1, prefetch: -1 })).toThrow('`prefetch`');
    expect(() => store.batches({ batchSize: 1, seed: 0.5 })).toThrow('`seed`');
  });
});
