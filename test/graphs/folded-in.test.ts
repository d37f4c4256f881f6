import { describe, expect, it } from 'vitest';
import { foldedIn } from '../../src/graphs/folded-in.ts';
import type { FittedRecommender } from '../../src/graphs/recommenders/fit-data.ts';

const ratings = {
  users: Int32Array.of(0, 1, 1, 2),
  items: Int32Array.of(0, 0, 1, 2),
  values: Float32Array.of(5, 2, 4, 3),
  userIds: ['a', 'b', 'c'],
  itemIds: ['x', 'y', 'z'],
};
const scale = { minimum: 1, maximum: 5 };
const plain = {
  name: 'plain',
  predicts: 'ratings',
  trainSeconds: 0,
  history: [],
  predict: async (users: Int32Array) => new Float32Array(users.length).fill(3),
  score: async (users: Int32Array) => new Float32Array(users.length).fill(3),
} satisfies FittedRecommender;
/** Scores the sum of a new user's ratings plus the item. */
const serving: FittedRecommender = {
  ...plain,
  scoreNewUser: async ({ values }, items) =>
    Float32Array.from(items, (item) => values.reduce((a, b) => a + b, 0) + item),
};
const pairs = [Int32Array.of(1, 0, 1), Int32Array.of(2, 1, 0)] as const;

describe('users with fold-in ratings', () => {
  it('are scored from these, the others as ever, and ratings are clipped', async () => {
    const { predict, score } = foldedIn(serving, ratings, scale, Int32Array.of(1, 2));
    expect(await score(...pairs)).toEqual(Float32Array.of(8, 3, 6));
    expect(await predict(...pairs)).toEqual(Float32Array.of(5, 3, 5));
  });

  it('are as any others to a recommender that cannot serve new users, and where there are none', async () => {
    expect(await foldedIn(plain, ratings, scale, Int32Array.of(1)).score(...pairs)).toEqual(Float32Array.of(3, 3, 3));
    expect(await foldedIn(serving, ratings, scale, undefined).score(...pairs)).toEqual(Float32Array.of(3, 3, 3));
  });
});
