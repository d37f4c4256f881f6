import { existsSync } from 'node:fs';
import { appendFile, cp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { keyOf, temporaryDirectory, unitTable } from './fixtures.ts';

async function storeOf(items: readonly string[]): Promise<CommitStore> {
  const store = await CommitStore.open(await temporaryDirectory());
  for (const [index, itemId] of items.entries()) await store.commit(keyOf(index), unitTable({ itemId }));
  return store;
}

/** Units as plain objects: those of a store are read when they are asked for. */
const unitsOf = async (store: CommitStore) => (await store.currentUnits()).map(({ key, facts }) => ({ key, facts }));
const itemsOf = async (store: CommitStore) => (await store.currentUnits()).map(({ facts }) => facts.itemId).sort();

describe('the index of a dataset', () => {
  test('tells what the units say, and is written again when it is gone, damaged or cut off', async () => {
    const { directory } = await storeOf(['heat', 'alien', 'jaws']);
    const expected = await unitsOf(await CommitStore.open(directory));
    expect(expected.map(({ key }) => key)).toEqual([0, 1, 2].map(keyOf).sort());
    const path = join(directory, '_index.txt');
    const whole = await readFile(path, 'utf8');
    for (const damaged of [
      undefined,
      '',
      whole.slice(0, 150),
      whole.replaceAll('10', '11'),
      `${whole}{"half`,
      '\0\n',
    ]) {
      if (damaged === undefined) await rm(path);
      else await writeFile(path, damaged);
      for (const create of [false, true]) {
        expect(await unitsOf(await CommitStore.open(directory, { create }))).toEqual(expected);
      }
    }
    expect((await readFile(path, 'utf8')).length).toBeGreaterThan(100);
  });

  test('says the same of units with odd names as the units do', async () => {
    const items = ['plain', 'quo"te', 'back\\slash', 'naïve 映画', '["unit","00ff00ff"', 'x'.repeat(300_000)];
    const store = await storeOf(items);
    const reopened = await CommitStore.open(store.directory);
    await rm(join(store.directory, '_index.txt'));
    const without = await CommitStore.open(store.directory, { create: false });
    for (const [index, item] of items.entries()) {
      expect(await reopened.facts(keyOf(index))).toEqual(await without.readFacts(keyOf(index)));
      expect((await reopened.facts(keyOf(index)))?.itemId).toBe(item);
    }
  });

  test('is not believed over the units: one that is gone is gone, one that is another is read', async () => {
    const store = await storeOf(['heat', 'alien', 'jaws']);
    await rm(store.unitPath(keyOf(0)));
    const other = await storeOf(['psycho']);
    await cp(other.unitPath(keyOf(0)), store.unitPath(keyOf(1)));
    for (const opened of [store, await CommitStore.open(store.directory)]) {
      expect(await itemsOf(opened)).toEqual(['jaws', 'psycho']);
      expect(await opened.facts(keyOf(0))).toBeUndefined();
      expect((await opened.facts(keyOf(1)))?.itemId).toBe('psycho');
    }
  });

  test('a unit that is cut off after it was indexed is set aside', async () => {
    const store = await storeOf(['heat']);
    const path = store.unitPath(keyOf(0));
    await writeFile(path, (await readFile(path)).subarray(0, 60));
    expect(await store.currentUnits('aside')).toEqual([]);
    expect(store.setAside).toEqual([`${path}.damaged`]);
  });

  test('a dataset of before there was one is indexed when it is opened for writing', async () => {
    const { directory } = await storeOf(['heat', 'alien']);
    await rm(join(directory, '_index.txt'));
    await CommitStore.open(directory, { create: false });
    expect(existsSync(join(directory, '_index.txt'))).toBe(false);
    await CommitStore.open(directory);
    expect((await readFile(join(directory, '_index.txt'), 'utf8')).split('\n').filter(Boolean)).toHaveLength(2);
  });
});

describe('of the units of an item whose file has changed', () => {
  test('the one committed last is current, in every process and after the index is gone', async () => {
    const store = await storeOf(['heat', 'alien', 'heat', 'heat']);
    // File systems keep times by the tick of a clock.
    for (const [age, index] of [0, 2, 3].entries()) await utimes(store.unitPath(keyOf(index)), 1000, 1000 + age);
    const keys = async (opened: CommitStore) => (await opened.currentUnits()).map(({ key }) => key);
    const expected = [keyOf(1), keyOf(3)].sort();
    expect(await keys(store)).toEqual(expected);
    expect(await keys(await CommitStore.open(store.directory, { create: false }))).toEqual(expected);
    await rm(join(store.directory, '_index.txt'));
    expect(await keys(await CommitStore.open(store.directory))).toEqual(expected);
  });

  test('an older one is current again when its file has become again what it was', async () => {
    const store = await storeOf(['heat', 'heat']);
    await store.makeCurrent('heat', keyOf(0));
    const current = async () => (await (await CommitStore.open(store.directory)).currentUnits())[0]?.key;
    expect(await current()).toBe(keyOf(0));
    await store.makeCurrent('heat', keyOf(0));
    await store.commit(keyOf(7), unitTable({ itemId: 'heat' }));
    expect(await current()).toBe(keyOf(7));
    await rm(store.unitPath(keyOf(7)));
    expect(await current()).toBe(keyOf(0));
  });

  test('one that was announced and never committed is not', async () => {
    const store = await storeOf(['heat']);
    await store.makeCurrent('heat', keyOf(5));
    expect((await (await CommitStore.open(store.directory)).currentUnits()).map(({ key }) => key)).toEqual([keyOf(0)]);
  });
});

test('what two processes append is seen by both, and half a line of a killed one spoils no other', async () => {
  const first = await storeOf(['heat']);
  const other = await CommitStore.open(first.directory);
  await first.commit(keyOf(1), unitTable({ itemId: 'alien' }));
  await appendFile(join(first.directory, '_index.txt'), '\n0badf00d ["unit","ab');
  await other.commit(keyOf(2), unitTable({ itemId: 'heat', seed: 3 }));
  const expected = [keyOf(1), keyOf(2)].sort();
  for (const store of [first, other]) expect((await store.currentUnits()).map(({ key }) => key)).toEqual(expected);
  expect((await readdir(first.directory)).sort()).toEqual(['_dead', '_index.txt', '_units']);
});
