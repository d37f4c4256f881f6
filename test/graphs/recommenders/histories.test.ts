import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definedRecommenderNames } from '../../../src/graphs/recommenders/defined-recommenders.ts';
import { loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { recommend } from '../../../src/graphs/recommenders/recommend.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { writeMovieLens } from '../../fixtures/movielens.ts';

let directory: string;
let ratings: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-histories-'));
  ratings = await writeMovieLens(join(directory, 'ml'), { users: 20, movies: 24 });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const small: Readonly<Record<string, object>> = {
  autorec: { side: 'user', hidden: 8 },
  'deep-ae': { hidden: [8, 4, 8] },
  'multi-dae': { hidden: [8], latent: 4 },
  'multi-vae': { hidden: [8], latent: 4 },
  gru4rec: { width: 8, hidden: 8, length: 10 },
  sasrec: { width: 8, inner: 8, length: 10 },
  bert4rec: { width: 8, inner: 8, length: 10 },
  m5: { width: 8, length: 10, content: false },
  ddpg: { factors: 4, hidden: 8 },
  td3: { factors: 4, hidden: 8 },
  'greedy-reward': { factors: 4, hidden: 8 },
  gat: { width: 8, content: false, genres: true },
  'multimodal-cnn': { width: 8, joint: 8, content: false },
  'feature-mlp': { width: 8, hidden: [8], inputs: ['user-id', 'item-id', 'user-ratings', 'genres', 'year'] },
  'bst-kmeans': { width: 8, hidden: [8], rerank: 5, clusters: 4 },
};

describe('recommenders that read histories', () => {
  it.each(definedRecommenderNames)(
    '%s is trained, saved, loaded and recommends, to its users and to others',
    async (recommender) => {
      const out = join(directory, recommender);
      const options = { ...small[recommender], epochs: 2, batch: 8 };
      const told: number[] = [];
      const summary = await trainRecommender({
        ...{ recommender, ratings, out, options },
        onProgress: ({ epoch }) => told.push(epoch),
      });
      expect(summary.epochs).toBe(2);
      expect(told.at(-1)).toBe(2);
      expect((await trainRecommender({ recommender, ratings, out, options })).alreadyTrained).toBe(true);
      const loaded = await loadRecommender(out);
      const { items, predicts, candidates } = await recommend(loaded, { user: '3', k: 5, explain: true });
      const ofRatings = ['autorec', 'deep-ae', 'gat', 'multimodal-cnn', 'feature-mlp', 'bst-kmeans'];
      expect(predicts).toBe(ofRatings.includes(recommender) ? 'ratings' : 'scores');
      expect(items).toHaveLength(Math.min(5, candidates));
      expect(items.every(({ prediction, nearest }) => Number.isFinite(prediction) && nearest !== undefined)).toBe(true);
      const own = new Map([
        ['1', 5],
        ['2', 4.5],
      ]);
      const mine = recommend(loaded, { ratings: own, k: 3 });
      if (['multimodal-cnn', 'feature-mlp'].includes(recommender)) {
        await expect(mine).rejects.toMatchObject({ code: 'no-new-users' });
      } else expect((await mine).items).toHaveLength(3);
      await expect(recommend(loaded, { user: '3', coldOnly: true })).rejects.toMatchObject({ code: 'no-content' });
      const factors = await loaded.itemFactors();
      const withoutFactors = ['autorec', 'deep-ae', 'multi-dae', 'multi-vae', 'ddpg', 'td3', 'greedy-reward'];
      expect(factors?.dimension).toBe(withoutFactors.includes(recommender) ? undefined : 8);
      await loaded.close();
    },
  );

  it('are refused where what they read is not there: times, or ratings that differ', async () => {
    const untimed = join(directory, 'untimed.csv');
    const text = await readFile(join(ratings, 'ratings.csv'), 'utf8');
    await writeFile(untimed, text.replaceAll(/,[^,\n]*$/gm, ''));
    const out = join(directory, 'refused');
    await expect(trainRecommender({ recommender: 'sasrec', ratings: untimed, out })).rejects.toThrow(
      'has no timestamps',
    );
    const chosen = { recommender: 'autorec', ratings, out, reading: { implicit: 'any' as const } };
    await expect(trainRecommender(chosen)).rejects.toMatchObject({
      code: 'ratings',
      message: expect.stringContaining('has nothing to learn from them'),
    });
    await expect(
      trainRecommender({ recommender: 'sasrec', ratings, out, options: { id: false } }),
    ).rejects.toMatchObject({ code: 'missing-features' });
  });
});
