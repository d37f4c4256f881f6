import { mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportSummary } from '../../src/graphs/import/import-options.ts';
import type { ReduceSummary } from '../../src/graphs/reduction/reduce-options.ts';
import { ItemStore } from '../../src/io/dataset/item-store.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { plantedFiles, smallNetworkFlags } from '../fixtures/planted-files.ts';
import { npyArray } from '../fixtures/weights/npy-writer.ts';
import { look } from '../graphs/recommenders/planted-ratings.ts';
import { duckdb } from '../io/dataset/tables.ts';

let directory: string;
let ratings: string;
const at = (name: string) => join(directory, name);
const films = Array.from({ length: 24 }, (_, film) => film);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'import-'));
  ({ ratings } = await plantedFiles(directory));
  await writeFile(
    at('visual.csv'),
    `movieId,look,noise\n${films.map((film) => `${101 + film},${look(film)},${film % 5}`).join('\n')}\n`,
  );
  await writeFile(
    at('audio.npy'),
    npyArray(
      films.flatMap((film) => [look(film), film]),
      [24, 2],
    ),
  );
  await writeFile(at('ids.txt'), `${films.map((film) => `${101 + film}.0`).join('\n')}\n`);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('reelflow import-features', () => {
  it('makes a store on which a recommender is trained that judges films nobody has rated', async () => {
    const movies = join(ratings, 'movies.csv');
    const args = [`visual=${at('visual.csv')}`, `audio=${at('audio.npy')}`, '--ids', `audio=${at('ids.txt')}`];
    const { code, stdout, stderr } = await callReelflow([
      'import-features',
      ...args,
      '--genres',
      movies,
      '--out',
      at('store.arrow'),
      '--json',
    ]);
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stdout) as ImportSummary;
    expect(summary).toMatchObject({ items: 24, subclips: 1, standardise: 'robust' });
    expect(summary.streams.map(({ name, dimension, kind }) => [name, dimension, kind])).toEqual([
      ['visual', 2, 'dense'],
      ['audio', 2, 'dense'],
      ['genres', 2, 'categorical'],
    ]);
    const model = at('model');
    const training = await callReelflow(
      ['train', 'dcf-av-1', '--ratings', ratings, '--features', at('store.arrow'), '--out', model].concat(
        smallNetworkFlags,
        ['--epochs', '5'],
      ),
    );
    expect(training.code, training.stderr).toBe(0);
    expect(training.stdout).toContain('4 unrated items that it can predict for');
    const recommended = await callReelflow(['recommend', model, '--user', 'u1', '--cold-only', '--json']);
    expect(recommended.code, recommended.stderr).toBe(0);
    expect(JSON.parse(recommended.stdout).items).toHaveLength(4);
  });

  it('tells a person what it took, what it left out and how it standardised', async () => {
    const { code, stdout } = await callReelflow([
      'import-features',
      at('visual.csv'),
      '--fit-on',
      at('ids.txt'),
      '--out',
      at('other.arrow'),
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain(`${at('other.arrow')}: 24 items of 1 subclip, 1 stream\n`);
    expect(stdout).toContain(`visual: 2 values (dense) of 24 of the 24 items, from ${at('visual.csv')}\n`);
    expect(stdout).toContain(`standardised (robust), fitted to the 24 items that are also in ${at('ids.txt')}\n`);
  });

  it('ends with 2 and what to do when a file is wrong', async () => {
    const { code, stderr } = await callReelflow(['import-features', at('audio.npy'), '--out', at('none.arrow')]);
    expect(code).toBe(2);
    expect(stderr).toContain('audio.npy has no ids [features]\n  Give a file with one id for each row (`--ids`)');
    expect((await callReelflow(['import-features', '--out', at('none.arrow')])).stderr).toContain('[no-inputs]');
  });

  it('is what train does with a file other than a training store, with the same errors', async () => {
    const parquet = at('table.parquet');
    await duckdb(`COPY (SELECT 101 AS movieId, [1.5::FLOAT, 2] AS v) TO '${parquet}' (FORMAT parquet)`);
    mkdirSync(at('nothing'));
    for (const [file, wrong] of [
      [parquet, 'has only constant columns'],
      [at('audio.npy'), 'has no ids'],
      [at('nothing'), at('nothing')],
    ] as const) {
      const args = ['train', 'dcf-av-1', '--ratings', ratings, '--features', file, '--out', at('x')];
      const { code, stderr } = await callReelflow(args);
      expect(code).toBe(2);
      expect(stderr).toContain(wrong);
    }
  });
});

describe('reelflow reduce, of a table whose ids are named', () => {
  it('writes the training store of the reduced vectors too', async () => {
    const table = at('vectors.parquet');
    await duckdb(
      `COPY (SELECT (101 + i)::DOUBLE AS movieId, [i::FLOAT, 2 * i, (i * i) % 7, 1] AS v FROM range(20) t(i)) TO '${table}' (FORMAT parquet)`,
    );
    const args = ['reduce', table, '--column', 'v', '--components', '2', '--out', at('reduced'), '--id'];
    const { code, stdout, stderr } = await callReelflow([...args, 'movieId', '--json']);
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stdout) as ReduceSummary;
    expect(summary).toMatchObject({ items: 20, rows: 20, components: 2 });
    expect(summary.files).toContain('_training.arrow');
    const store = await ItemStore.open(at('reduced'));
    expect(store.shape).toEqual({ subclips: 1, streams: [{ name: 'v', dimension: 2 }] });
    const [row] = await duckdb(`SELECT v FROM '${at('reduced/reduced.parquet')}' WHERE movieId = 105`);
    expect([...((await store.read('105')).vectors.v ?? [])]).toEqual(row?.v);
    await store.close();
    const refused = await callReelflow(['reduce', table, '--column', 'v', '--out', at('reduced-2'), '--id', 'film']);
    expect(refused.stderr).toContain("has no column 'film'");
  });
});
