import { describe, expect, it } from 'vitest';
import { checkNewUsersOfNetwork, newUsersAsked } from '../../../src/graphs/recommenders/new-user-network.ts';

const nothing = { users: new Int32Array(0), items: new Int32Array(0), values: new Float32Array(0) };
const training = { ...nothing, userCount: 1000, itemCount: 400, scale: { minimum: 1, maximum: 5 } };
const learnt = { recommender: 'gmf', options: { embedding: 8, batch: 100 }, training } as const;
const check = (asked: Parameters<typeof checkNewUsersOfNetwork>[2]) => checkNewUsersOfNetwork(learnt, [], asked);

describe('what learning new users takes', () => {
  it('is sixty epochs of their ratings, and the scores of what they are asked', () => {
    const asked = { users: 50, ratings: 1000, pairs: 20_000, networks: 1 };
    // Embeddings of a user and an item and a layer behind them; all tables and the layer.
    const [inner, all] = [8 + 8 + 8 + 1, 8 * (50 + 400) + 8 + 1];
    expect(check(asked)).toBe(60 * (3 * 1000 * inner + 10 * all) + all + 20_000 * inner);
  });

  it('is a network for each user where they are not learnt together', () => {
    const [inner, all] = [25, 8 * (1 + 400) + 8 + 1];
    const found = check({ users: 50, ratings: 1000, pairs: 20_000, networks: 50 });
    expect(found).toBe(60 * (3 * 1000 * inner + 50 * all) + 50 * all + 20_000 * inner);
    const own = { items: Int32Array.of(1, 2), values: Float32Array.of(3, 4) };
    const two = [own, own].map((each) => ({ own: each, items: Int32Array.of(5) }));
    expect(newUsersAsked(two, false)).toEqual({ users: 2, ratings: 4, pairs: 2, networks: 2 });
    expect(newUsersAsked(two, true)).toEqual({ users: 2, ratings: 4, pairs: 2, networks: 1 });
  });

  it('is refused beforehand where it takes too long, or too much memory', () => {
    expect(() => check({ users: 1e6, ratings: 1e9, pairs: 0, networks: 1 })).toThrow(
      expect.objectContaining({ code: 'too-many-steps', message: expect.stringContaining('1000000 new users by gmf') }),
    );
    expect(() => check({ users: 1e9, ratings: 1, pairs: 0, networks: 1 })).toThrow(
      expect.objectContaining({ code: 'memory-too-small', message: expect.stringMatching(/needs about \d+ MiB/) }),
    );
  });
});
