import { describe, expect, it } from 'vitest';
import { evaluateOnCatalogue } from '../../src/graphs/catalogue-evaluation.ts';
import type { FittedRecommender } from '../../src/graphs/recommenders/fit-data.ts';
import { fitRecommender } from '../../src/graphs/recommenders/fit-recommender.ts';

/** Each user has rated every tenth item; more than one usual block of pairs. */
const [userCount, itemCount] = [300, 600];
const perUser = itemCount / 10;
const ratings = {
  users: Int32Array.from({ length: userCount * perUser }, (_, row) => Math.floor(row / perUser)),
  items: Int32Array.from({ length: userCount * perUser }, (_, row) => (row % perUser) * 10 + (row % 7)),
  values: Float32Array.from({ length: userCount * perUser }, (_, row) => 1 + (Math.floor(row / 5) % 5)),
  userIds: Array.from({ length: userCount }, (_, user) => `u${user}`),
  itemIds: Array.from({ length: itemCount }, (_, item) => `i${item}`),
};
const rows = Int32Array.from(ratings.values.keys());
const split = {
  name: 'all',
  train: rows.filter((row) => row % 5 !== 0),
  validation: new Int32Array(0),
  test: rows.filter((row) => row % 5 === 0),
};
const options = { ks: [5], threshold: 2, thresholdRule: 'gt' as const, seed: 1 };

/** Scores by the numbers alone, says whose its work is, and counts what it is asked. */
function counting(belongsTo: 'users' | 'items') {
  const calls: number[] = [];
  const score = async (users: Int32Array, items: Int32Array) => {
    calls.push(users.length);
    return users.map((user, at) => (user * 31 + (items[at] as number) * 17) % 101);
  };
  const workOf = (users: Int32Array, items: Int32Array) => ({
    owners: belongsTo === 'users' ? users : items,
    steps: new Float64Array(Math.max(userCount, itemCount)),
  });
  const fitted = { name: 'counting', predicts: 'scores', trainSeconds: 0, history: [], predict: score, score, workOf };
  return { fitted: fitted as unknown as FittedRecommender, calls };
}

describe('lists over all items', () => {
  it('ask for many users at a time where the work of an item serves all of them, with the same figures', async () => {
    const [byItem, byUser] = [counting('items'), counting('users')];
    const found = await evaluateOnCatalogue(byItem.fitted, ratings, split, options);
    expect(found).toEqual(await evaluateOnCatalogue(byUser.fitted, ratings, split, options));
    expect(byItem.calls).toHaveLength(1);
    expect(byUser.calls.length).toBeGreaterThan(1);
    expect(Math.max(...byUser.calls)).toBeLessThanOrEqual(131_072);
  });

  it.each(['item-knn', 'user-knn'])('by %s are refused beforehand when they take too long', async (recommender) => {
    const data = { ratings, train: split.train, validation: split.validation, scale: { minimum: 1, maximum: 5 } };
    const fitted = await fitRecommender(data, { recommender, options: { mostSteps: 1e4 }, seed: 1 });
    await expect(evaluateOnCatalogue(fitted, ratings, split, options)).rejects.toMatchObject({
      code: 'too-many-steps',
    });
  });
});
