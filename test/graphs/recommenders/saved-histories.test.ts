import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitRecommender } from '../../../src/graphs/recommenders/fit-recommender.ts';
import { loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { recommend } from '../../../src/graphs/recommenders/recommend.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { readTrainingInputs } from '../../../src/graphs/recommenders/training-sources.ts';
import { plantedRatings, plantedStore, ratedFilms } from './planted-ratings.ts';

let directory: string;
let ratings: string;
let features: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-saved-histories-'));
  const { users, items, values, userIds, itemIds } = plantedRatings();
  const lines = Array.from(values, (value, row) => {
    const [user, item] = [userIds[users[row] as number], itemIds[items[row] as number]];
    return `${user},${item},${value},${1e9 + 7 * row}`;
  });
  ratings = join(directory, 'ratings.csv');
  await writeFile(ratings, ['userId,movieId,rating,timestamp', ...lines, ''].join('\n'));
  const store = await plantedStore(directory);
  features = store.path;
  await store.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The scores of a fit on all ratings, and of the same recommender trained, saved and loaded. */
async function scores(
  recommender: 'autorec' | 'sasrec',
  options: Record<string, number | string | boolean>,
  from: object,
) {
  const out = join(directory, `${recommender}-${Object.keys(options).length}`);
  const sources = { ratings, ...from };
  await trainRecommender({ recommender, options, out, validation: { kind: 'none' }, ...sources });
  const inputs = await readTrainingInputs(recommender, options, sources);
  const train = Int32Array.from(inputs.ratings.values.keys());
  const fitted = await fitRecommender(
    { ...inputs, train, validation: new Int32Array(0) },
    { recommender, options, seed: 1 },
  );
  const items = Int32Array.from(inputs.ratings.itemIds.keys());
  const users = items.map(() => 3);
  const learnt = await fitted.score(users, items);
  await fitted.close?.();
  await inputs.close();
  const loaded = await loadRecommender(out);
  return { learnt, saved: await loaded.score(users, items), loaded };
}

describe('a saved recommender that reads histories', () => {
  it('of items predicts what was learnt, and serves no new user', async () => {
    const { learnt, saved, loaded } = await scores('autorec', { hidden: 6, epochs: 3, batch: 4 }, {});
    try {
      expect(saved).toEqual(learnt);
      expect(new Set(saved).size).toBe(ratedFilms);
      const { items } = await recommend(loaded, { user: 'u4', k: 3 });
      expect(items).toHaveLength(3);
      const mine = { ratings: new Map([['101', 5]]), k: 3 };
      await expect(recommend(loaded, mine)).rejects.toMatchObject({ code: 'no-new-users' });
    } finally {
      await loaded.close();
    }
  });

  it('with content scores what nobody has rated as it did when it was learnt', async () => {
    const options = { width: 6, inner: 6, length: 8, epochs: 3, batch: 8, content: true };
    const { learnt, saved, loaded } = await scores('sasrec', options, { features });
    try {
      expect(saved).toEqual(learnt);
      const cold = await recommend(loaded, { user: 'u4', k: 10, coldOnly: true });
      expect(cold.items.map(({ itemId }) => itemId).sort()).toEqual(['121', '122', '123', '124']);
      expect(new Set(saved.subarray(ratedFilms)).size).toBe(4);
    } finally {
      await loaded.close();
    }
  });
});
