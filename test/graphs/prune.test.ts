import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prune } from '../../src/graphs/prune.ts';
import { Dataset } from '../../src/io/dataset/dataset.ts';
import { readDatasetFile } from '../../src/io/dataset/dataset-file.ts';
import { LengthRun } from '../fixtures/length-run.ts';

const NAMES = ['alien', 'heat', 'jaws'];

/** A dataset of three, one of which is not an input any more, and one dead. */
async function prepared(): Promise<LengthRun> {
  const place = new LengthRun();
  for (const name of NAMES) place.write(`films/${name}.mp4`, name);
  place.write('films/dark.mp4', 'broken');
  await place.run({ inputs: [place.path('films')] });
  rmSync(place.path('films/heat.mp4'));
  await place.run({ inputs: [place.path('films')] });
  return place;
}

/** All bytes of the dataset that are not only its memory of files. */
const holds = (directory: string, text: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '_index.txt')
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text));

describe('pruning a dataset', () => {
  it('takes out what is not an input any more: unit, row of the tables, row of the items', async () => {
    const place = await prepared();
    const before = (await place.item('heat'))?.path;
    expect(await prune(place.out, { dryRun: true })).toMatchObject({
      items: [{ item: 'heat', path: before }],
      units: 0,
    });
    expect(await place.rows()).toHaveProperty('heat');
    expect(await prune(place.out)).toEqual({
      ...{ items: [{ item: 'heat', path: before }], units: 1, letters: 0, cacheEntries: 0, tablesWritten: true },
    });
    expect(await place.rows()).toEqual({ alien: 5, jaws: 4 });
    expect(await place.states()).toEqual({ alien: 'committed', dark: 'dead truncated', jaws: 'committed' });
    expect(readDatasetFile(place.out).counts).toMatchObject({ videos: 2, dead: 1 });
    expect(await prune(place.out)).toMatchObject({ items: [], tablesWritten: false });
    expect((await place.run({ inputs: [place.path('films')] })).gone).toEqual([]);
  });

  it('takes out a named item with every unit that it ever had, its letter and its entry of a cache', async () => {
    const place = await prepared();
    place.write('films/alien.mp4', 'another cut', 1_000_000_001);
    await place.run({ inputs: [place.path('films')] });
    const hash = (await place.item('alien'))?.hash as string;
    const deleted: string[] = [];
    const cache = {
      get: async () => undefined,
      set: async () => {},
      delete: async (key: string) => void deleted.push(key),
    };
    const said: string[] = [];
    const onMessage = (message: string) => void said.push(message);
    const done = await prune(place.out, { remove: ['alien', 'dark'], cache, onMessage });
    expect(said).toContain(
      `the file of 'alien' is still there (${place.path('films/alien.mp4')}): the next run over it brings it back`,
    );
    expect(done).toMatchObject({ items: [{ item: 'alien' }, { item: 'dark' }], units: 2, letters: 1, cacheEntries: 2 });
    expect(deleted.some((key) => key.endsWith(hash))).toBe(true);
    expect(await place.rows()).toEqual({ heat: 4, jaws: 4 });
    expect(holds(place.out, 'alien')).toBe(false);
    expect(holds(place.out, 'heat')).toBe(true);
  });

  it('does the rest when it was killed between units and tables', async () => {
    const place = await prepared();
    const dataset = await Dataset.open(place.out, readDatasetFile(place.out));
    await dataset.store.remove('heat');
    await dataset.release();
    expect(await place.rows()).toHaveProperty('heat');
    expect(await prune(place.out)).toMatchObject({ items: [{ item: 'heat' }], units: 0, tablesWritten: true });
    expect(await place.rows()).toEqual({ alien: 5, jaws: 4 });
  });

  it('refuses an item that is not there, and a dataset that a run works on, and changes nothing', async () => {
    const place = await prepared();
    await expect(prune(place.out, { remove: ['alien', 'nobody'] })).rejects.toMatchObject({
      ...{ code: 'dataset', message: expect.stringContaining("'nobody'") },
    });
    const open = await Dataset.open(place.out, readDatasetFile(place.out));
    await expect(prune(place.out)).rejects.toMatchObject({ code: 'in-use' });
    await open.release();
    expect(Object.keys(await place.rows()).sort()).toEqual([...NAMES].sort());
    expect(existsSync(join(place.out, '_journal.txt'))).toBe(false);
  });
});
