import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { type TrainOptions, trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { plantedFiles } from '../../fixtures/planted-files.ts';

let directory: string;
let files: { ratings: string; features: string };
const at = (...names: string[]) => join(directory, ...names);
const knn = (more: Partial<TrainOptions> = {}) =>
  trainRecommender({ recommender: 'item-knn', ratings: files.ratings, out: at('knn'), options: { k: 5 }, ...more });

/** Every file below a directory with its bytes and when it was last modified. */
function tree(below: string): unknown {
  return readdirSync(below, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mtimeNs, size } = statSync(join(below, name), { bigint: true });
      return [name, mtimeNs, size];
    });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'train-again-'));
  files = await plantedFiles(directory);
});
afterAll(() => rm(directory, { recursive: true }));

describe('a training into the directory of an earlier one', () => {
  it('only says what it would do, and writes nothing, in a dry run', async () => {
    const before = tree(directory);
    const planned = await knn({ dryRun: true });
    expect(planned).toMatchObject({ dryRun: true, ratings: 360, users: 24, alreadyTrained: false });
    expect(existsSync(at('knn'))).toBe(false);
    expect(tree(directory)).toEqual(before);
    expect((await knn()).dryRun).toBe(false);
  });

  it('refuses in a dry run what the training would refuse of its features', async () => {
    const planned = (options: object, features?: string) =>
      trainRecommender({
        recommender: 'content-ridge',
        ...files,
        features,
        options: { ...options },
        out: at('no'),
        dryRun: true,
      });
    await expect(planned({})).rejects.toMatchObject({ code: 'missing-features' });
    await expect(planned({ modalities: ['visuel'] }, files.features)).rejects.toThrow("names 'visuel'");
    await expect(
      trainRecommender({ recommender: 'dcf-av-1', ratings: files.ratings, out: at('no'), dryRun: true }),
    ).rejects.toMatchObject({ code: 'missing-features' });
    expect((await planned({}, files.features)).dryRun).toBe(true);
  });

  it('does nothing when nothing is new', async () => {
    const before = tree(at('knn'));
    expect((await knn()).alreadyTrained).toBe(true);
    expect((await knn({ refit: true })).alreadyTrained).toBe(true);
    expect(tree(at('knn'))).toEqual(before);
  });

  it('says what differs, and leaves what is there', async () => {
    const before = tree(at('knn'));
    await expect(knn({ options: { k: 7, similarity: 'msd' }, seed: 4 })).rejects.toThrow(
      'another training: neighbours is 5 there and 7 now; similarity is not given there and "msd" now; seed is 1 there and 4 now',
    );
    await expect(knn({ recommender: 'baseline', options: {} })).rejects.toMatchObject({ code: 'output' });
    expect(tree(at('knn'))).toEqual(before);
  });

  it('is replaced with `refit` on the second night, and says what is new', async () => {
    appendFileSync(join(files.ratings, 'ratings.csv'), 'u1,999,4,1000000000\nnew,101,3,1000000000\n');
    await expect(knn()).rejects.toThrow(
      'the number of ratings is 360 there and 362 now; of users is 24 there and 25 now',
    );
    const before = tree(directory);
    expect(await knn({ refit: true, dryRun: true })).toMatchObject({ dryRun: true, since: { ratings: 2 } });
    expect(tree(directory)).toEqual(before);
    const again = await knn({ refit: true });
    expect(again.since).toEqual({ ratings: 2, users: 1, ratedItems: 1, unratedItems: 0, features: false });
    const loaded = await loadRecommender(at('knn'));
    expect(loaded.saved.userIds).toContain('new');
    await loaded.close();
    expect((await knn()).alreadyTrained).toBe(true);
  });
});

describe('features that are no training store', () => {
  const vectors = (shift: number) =>
    `movieId,a,b\n${Array.from({ length: 24 }, (_, film) => `${101 + film},${film % 2},${film + shift}`).join('\n')}\n`;

  it('are imported for a training, kept with the recommender, and the same the next time', async () => {
    writeFileSync(at('vectors.csv'), vectors(0));
    const said: string[] = [];
    const train = (how: { readonly refit?: boolean; readonly dryRun?: boolean } = {}) =>
      trainRecommender({
        ...how,
        ...{ recommender: 'lstm-av', ratings: files.ratings, features: at('vectors.csv'), out: at('av') },
        options: { epochs: 2, fits: 1, embedding: 4, widths: [4], lstm: [4] },
        onMessage: (text) => void said.push(text),
      });
    expect(await train()).toMatchObject({ alreadyTrained: false, unratedItems: 4 });
    expect(said.some((text) => text.includes('is imported with the defaults of `importFeatures`: 24 items'))).toBe(
      true,
    );
    expect(JSON.parse(readFileSync(at('av', 'recommender.json'), 'utf8')).features.path).toBe(at('av', 'items.arrow'));
    const loaded = await loadRecommender(at('av'));
    expect(loaded.features?.modalities).toMatchObject([{ name: 'vectors', dimension: 2 }]);
    await loaded.close();
    expect((await train()).alreadyTrained).toBe(true);
    writeFileSync(at('vectors.csv'), vectors(0.5).replace('101,0,0.5', '101,1,7'));
    await expect(train()).rejects.toThrow('the features have changed');
    expect((await train({ refit: true, dryRun: true })).since).toMatchObject({ ratings: 0, features: true });
  });

  it('are imported for an experiment, which finds its points again', async () => {
    writeFileSync(at('vectors.csv'), vectors(0));
    const config = {
      ...{ ratings: files.ratings, features: at('vectors.csv'), recommenders: ['lstm-av'], scenarios: ['non-cold'] },
      set: { 'lstm-av': { epochs: 1, fits: 1, embedding: 4, widths: [4], lstm: [4] } },
    };
    const first = await runExperiment(config, { out: at('results') });
    expect(first.points).toMatchObject({ computed: 2, failed: 0 });
    const again = await runExperiment(config, { out: at('results') });
    expect(again.points).toMatchObject({ computed: 0, reused: 2 });
  });
});
