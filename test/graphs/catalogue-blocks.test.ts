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
function counting(by: 'user' | 'item') {
  const calls: number[] = [];
  const score = async (users: Int32Array, items: Int32Array) => {
    calls.push(users.length);
    return users.map((user, at) => (user * 31 + (items[at] as number) * 17) % 101);
  };
  const workOf = () => ({ by, steps: new Float64Array(Math.max(userCount, itemCount)) });
  const fitted = { name: 'counting', predicts: 'scores', trainSeconds: 0, history: [], predict: score, score, workOf };
  return { fitted: fitted as unknown as FittedRecommender, calls };
}

describe('lists over all items', () => {
  it('ask for many users at a time where the work of an item serves all of them, with the same figures', async () => {
    const [byItem, byUser] = [counting('item'), counting('user')];
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

describe('what lists over all items take', () => {
  /** 300 users with 10 of 20 items each; those of the first 100 are split by user. */
  const [users, items] = [300, 20];
  const few = {
    users: Int32Array.from({ length: users * 10 }, (_, row) => Math.floor(row / 10)),
    items: Int32Array.from({ length: users * 10 }, (_, row) => (2 * (row % 10) + Math.floor(row / 10)) % items),
    values: Float32Array.from({ length: users * 10 }, (_, row) => (row % 7 === 0 ? 1 : 5)),
    userIds: Array.from({ length: users }, (_, user) => `u${user}`),
    itemIds: Array.from({ length: items }, (_, item) => `i${item}`),
  };
  const all = Int32Array.from(few.values.keys());
  const isNew = (row: number) => (few.users[row] as number) < 100;
  const splits = {
    known: { train: all.filter((row) => row % 2 === 0), test: all.filter((row) => row % 2 === 1) },
    user: {
      train: all.filter((row) => !isNew(row)),
      foldIn: all.filter((row) => isNew(row) && row % 2 === 0),
      test: all.filter((row) => isNew(row) && row % 2 === 1),
    },
    'user-cold': { train: all.filter((row) => !isNew(row)), test: all.filter(isNew) },
  };
  const listed = async (recommender: string, kind: keyof typeof splits, mostSteps: number) => {
    const part = { name: kind, validation: new Int32Array(0), ...splits[kind] };
    const data = { ratings: few, train: part.train, validation: part.validation, scale: { minimum: 1, maximum: 5 } };
    const fitted = await fitRecommender(data, { recommender, options: { mostSteps }, seed: 1 });
    const calls: number[] = [];
    const counted = <Values>(score: (first: never, items: Int32Array) => Values) => {
      return (first: never, asked: Int32Array) => {
        calls.push(asked.length);
        return score(first, asked);
      };
    };
    const watched = {
      ...fitted,
      score: counted(fitted.score),
      scoreNewUser: counted(fitted.scoreNewUser as NonNullable<typeof fitted.scoreNewUser>),
    } as FittedRecommender;
    const found = await evaluateOnCatalogue(watched, few, part, options).catch(
      (error: { code?: string }) => error.code,
    );
    return { found, calls };
  };

  it.each([
    // Enough for the matrix of 20 items, and for one new user.
    ['ease', 'known', 5000],
    ['ease', 'user', 5000],
    ['user-knn', 'user', 1e5],
    ['item-knn', 'user', 1e5],
    ['item-knn', 'user-cold', 1e4],
  ] as const)('by %s for %s users is refused before anything is scored', async (recommender, kind, mostSteps) => {
    expect(await listed(recommender, kind, mostSteps)).toEqual({ found: 'too-many-steps', calls: [] });
  });

  it('is asked for new users one by one where it may be', async () => {
    const { found, calls } = await listed('ease', 'user', 1e6);
    expect(found).toMatchObject({ users: 100, items: 20 });
    expect(calls).toHaveLength(100);
  });
});
