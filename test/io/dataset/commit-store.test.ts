import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeDirectory } from '../../../src/core/atomic-file.ts';
import { UsageError } from '../../../src/core/errors.ts';
import { CommitStore } from '../../../src/io/dataset/commit-store.ts';
import { keyOf, temporaryDirectory, unitTable } from './fixtures.ts';

const letter = { item: 'heat', code: 'truncated', stage: 'decode', message: 'ends early', decoderLines: ['moov'] };

describe('the commit store', () => {
  test('gives back what was committed, and takes each unit once', async () => {
    const store = await CommitStore.open(await temporaryDirectory(), { metadata: { graph: 'g1' } });
    const first = unitTable({ itemId: 'heat', seed: 1 });
    const key = keyOf(0);
    expect(await store.has(key)).toBe(false);
    expect(await store.commit(key, first)).toBe('committed');
    expect(await store.commit(key, unitTable({ itemId: 'heat', seed: 2 }))).toBe('duplicate');
    expect(await store.has(key)).toBe(true);
    expect(await store.read(key)).toEqual({ ...first, metadata: { ...first.metadata, graph: 'g1' } });
    expect(await store.readFacts(key)).toMatchObject({ itemId: 'heat', subclips: [2], frames: 12, seconds: 10 });
    expect(await readdir(join(store.directory, '_units', key.slice(0, 2)))).toEqual([`${key}.arrow`]);
  });

  test('lists its keys in ascending order, without temporaries and strangers', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    const keys = Array.from({ length: 20 }, (_, index) => keyOf(index));
    for (const key of keys) await store.commit(key, unitTable({ itemId: key }));
    const folder = join(store.directory, '_units', (keys[0] as string).slice(0, 2));
    await writeFile(join(folder, '.tmp-elsewhere~1~1~ab'), 'half');
    await writeFile(join(folder, 'notes.txt'), 'x');
    expect(await store.keys()).toEqual([...keys].sort());
  });

  test('lets one of many commits at the same time win', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    const tables = Array.from({ length: 12 }, (_, seed) => unitTable({ itemId: 'heat', seed: seed + 1 }));
    const results = await Promise.all(tables.map((table) => store.commit(keyOf(0), table)));
    expect(results.filter((result) => result === 'committed')).toHaveLength(1);
    expect(await store.read(keyOf(0))).toEqual(tables[results.indexOf('committed')]);
  });

  test.each(['', '../../etc/passwd', 'ABCDEF0123', 'abc', 'zz00000000', `${'a'.repeat(62)}/x`])(
    'refuses the key %j',
    async (key) => {
      const store = await CommitStore.open(await temporaryDirectory());
      await expect(store.has(key)).rejects.toThrow(UsageError);
      await expect(store.letter(key)).rejects.toThrow(UsageError);
      await expect(store.commit(key, unitTable({ itemId: 'x' }))).rejects.toThrow('hexadecimal');
    },
  );

  test('names the file and a remedy when a unit is damaged or gone', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    await store.commit(keyOf(0), unitTable({ itemId: 'x' }));
    const path = store.unitPath(keyOf(0));
    const bytes = await readFile(path);
    for (const damaged of [bytes.subarray(0, 100), bytes.subarray(0, bytes.length - 1), Buffer.alloc(0)]) {
      for (const read of [() => store.readFacts(keyOf(0)), () => store.read(keyOf(0))]) {
        await writeFile(path, damaged);
        await expect(read()).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining(path) });
      }
    }
    await expect(store.read(keyOf(1))).rejects.toMatchObject({ code: 'unreadable', remedy: expect.any(String) });
  });

  test('sets a unit aside whose rows are damaged, when it is read: the next run computes its item again', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    await store.commit(keyOf(0), unitTable({ itemId: 'x' }));
    const path = store.unitPath(keyOf(0));
    const bytes = await readFile(path);
    bytes[200] = (bytes[200] as number) ^ 1;
    await writeFile(path, bytes);
    expect(await store.has(keyOf(0))).toBe(true);
    const failure = await store.read(keyOf(0)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'damaged', remedy: expect.stringContaining('again') });
    expect(await store.has(keyOf(0))).toBe(false);
    expect(store.setAside).toEqual([`${path}.damaged`]);
    expect(await store.commit(keyOf(0), unitTable({ itemId: 'x' }))).toBe('committed');
  });

  test('removes what dead processes of this machine left, and nothing else', async () => {
    const directory = await temporaryDirectory();
    const folder = join(directory, '_units', 'ab');
    await mkdir(folder, { recursive: true });
    const host = hostname().replace(/[^A-Za-z0-9.-]/g, '-');
    const dead = 2 ** 22 + 17;
    const kept = [`.tmp-other~${dead}~1~aa`, `.tmp-${host}~${process.ppid}~1~aa`];
    const own = `.tmp-${host}~${process.pid}~${Math.round(performance.timeOrigin)}~aa`;
    const gone = [`.tmp-${host}~${dead}~1~aa`, `.tmp-${host}~${process.pid}~1~aa`];
    for (const name of [...kept, own, ...gone]) await writeFile(join(folder, name), 'half');
    await CommitStore.open(directory);
    expect((await readdir(folder)).sort()).toEqual([...kept, own].sort());
  });

  test('is not made where a dataset is expected', async () => {
    const directory = await temporaryDirectory();
    await expect(CommitStore.open(directory, { create: false })).rejects.toThrow('is not a dataset');
    expect(await readdir(directory)).toEqual([]);
  });
});

const byKey = (left: { key: string }, right: { key: string }) => (left.key < right.key ? -1 : 1);

describe('dead letters', () => {
  test('are kept, listed by key, and first come first kept', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    await store.record(keyOf(1), letter);
    await store.record(keyOf(1), { ...letter, code: 'corrupt' });
    await store.record(keyOf(0), { ...letter, item: 'alien' });
    expect(await store.letter(keyOf(1))).toMatchObject({
      ...letter,
      attempts: 1,
      time: expect.stringMatching(/^20.*Z$/),
    });
    expect(await store.letter(keyOf(2))).toBeUndefined();
    expect((await store.letters()).map(({ key }) => key)).toEqual([keyOf(0), keyOf(1)].sort());
  });

  test('that are raised make room for another try, which counts', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    await store.record(keyOf(0), letter);
    expect(await store.retry([keyOf(0), keyOf(1)])).toBe(1);
    expect(await store.letter(keyOf(0))).toBeUndefined();
    expect(await store.letters()).toEqual([]);
    await store.record(keyOf(0), letter);
    expect((await store.letter(keyOf(0)))?.attempts).toBe(2);
    expect(await readdir(join(store.directory, '_dead'))).toEqual([`${keyOf(0)}.json`]);
    await store.retry([keyOf(0)]);
    await store.commit(keyOf(0), unitTable({ itemId: 'heat' }));
    expect(await readdir(join(store.directory, '_dead'))).toEqual([]);
  });

  test("of what an item's file was before go when it commits, fails again, or is again what an older unit was made of", async () => {
    const directory = await temporaryDirectory();
    const first = await CommitStore.open(directory);
    const other = { ...letter, item: 'alien' };
    await first.record(keyOf(0), letter);
    await first.record(keyOf(9), other);
    // A process of its own, which has seen none of it.
    const store = await CommitStore.open(directory);
    const left = async () => (await store.letters()).map(({ key, letter: { item, code } }) => ({ key, item, code }));
    const alien = { key: keyOf(9), item: 'alien', code: other.code };
    await store.record(keyOf(1), { ...letter, code: 'corrupt' });
    expect(await left()).toEqual([{ key: keyOf(1), item: letter.item, code: 'corrupt' }, alien].sort(byKey));
    await store.commit(keyOf(2), unitTable({ itemId: letter.item }));
    expect(await left()).toEqual([alien]);
    await store.record(keyOf(3), letter);
    expect(await left()).toHaveLength(2);
    await store.makeCurrent(letter.item, keyOf(2));
    expect(await left()).toEqual([alien]);
    expect(await readdir(join(directory, '_dead'))).toEqual([`${keyOf(9)}.json`]);
    expect(await store.countLetters()).toBe(1);
  });

  test('of a unit that another process has committed do not count', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    await store.record(keyOf(0), letter);
    await store.commit(keyOf(0), unitTable({ itemId: 'heat' }));
    expect(await store.letter(keyOf(0))).toBeUndefined();
    expect(await store.letters()).toEqual([]);
  });

  test('that are damaged are set aside, so that their items are tried again', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    const path = join(store.directory, '_dead', `${keyOf(0)}.json`);
    for (const damaged of ['', '{"item":', 'null', '{}']) {
      await writeFile(path, damaged);
      expect(await store.letters()).toEqual([]);
      expect(store.setAside.at(-1)).toBe(`${path}.damaged`);
      expect(existsSync(path)).toBe(false);
    }
    await store.record(keyOf(0), letter);
    expect(await store.letter(keyOf(0))).toMatchObject({ item: letter.item });
  });

  test('a unit with a damaged end is set aside, and can be committed again', async () => {
    const store = await CommitStore.open(await temporaryDirectory());
    await store.commit(keyOf(0), unitTable({ itemId: 'heat' }));
    const path = store.unitPath(keyOf(0));
    expect((await store.facts(keyOf(0)))?.itemId).toBe('heat');
    await writeFile(path, (await readFile(path)).subarray(0, 50));
    expect(await store.facts(keyOf(0))).toBeUndefined();
    expect(store.setAside).toEqual([`${path}.damaged`]);
    expect(await store.commit(keyOf(0), unitTable({ itemId: 'heat' }))).toBe('committed');
  });
});

test.skipIf(!existsSync('/proc/self'))(
  'a directory that cannot be made is an error, not a wait without end (needs /proc)',
  async () => {
    await expect(makeDirectory('/proc/reelflow/features')).rejects.toThrow('no such file or directory');
  },
);
