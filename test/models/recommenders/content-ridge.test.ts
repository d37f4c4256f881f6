import { describe, expect, it } from 'vitest';
import { ContentRidgeRecommender } from '../../../src/models/recommenders/content-ridge.ts';
import type { TrainingRatings } from '../../../src/models/recommenders/recommender.ts';

const scale = { minimum: 0.5, maximum: 5 };

/**
 * User 0 likes the items with a large first value, user 1 the others; user 2 has rated nothing.
 * Item 3 is not rated.
 */
const vectors = Float32Array.of(1, 7, 2, 7, 3, 7, 4, 7);
const ratings: TrainingRatings = {
  users: Int32Array.of(0, 0, 0, 1, 1, 1),
  items: Int32Array.of(0, 1, 2, 0, 1, 2),
  values: Float32Array.of(2, 3, 4, 4, 3, 2),
  ...{ userCount: 3, itemCount: 4, scale },
};

describe('ridge regression on the content of items', () => {
  it('predicts an item that nobody has rated from each user’s own weights', () => {
    const ridge = new ContentRidgeRecommender({ vectors, dimension: 2, regularisation: 1e-9 });
    ridge.fit(ratings);
    const [likes, dislikes] = ridge.predict(Int32Array.of(0, 1), Int32Array.of(3, 3));
    expect(likes).toBeCloseTo(5, 5);
    expect(dislikes).toBeCloseTo(1, 5);
  });

  it('shrinks as the closed form says: one standardised value, so w = sum x r / (sum x^2 + lambda)', () => {
    const ridge = new ContentRidgeRecommender({ vectors, dimension: 2, regularisation: 3 });
    ridge.fit(ratings);
    // x = -s, 0, s with s = sqrt(3 / 2); residuals -1, 0, 1: w = 2 s / (2 s^2 + 3), and item 3 has
    // x = 2 s.
    const expected = 3 + (2 * 1.5 * 2) / (2 * 1.5 + 3);
    expect(ridge.predict(Int32Array.of(0), Int32Array.of(3))[0]).toBeCloseTo(expected, 5);
  });

  it('gives an unknown user the mean, and stays inside the scale', () => {
    const ridge = new ContentRidgeRecommender({
      vectors: vectors.map((value) => (value === 4 ? 400 : value)),
      dimension: 2,
    });
    ridge.fit(ratings);
    const [unknown, high, low] = ridge.predict(Int32Array.of(2, 0, 1), Int32Array.of(3, 3, 3));
    expect(unknown).toBe(3);
    expect(high).toBe(5);
    expect(low).toBe(0.5);
  });

  it('refuses vectors that are not one for each item, or not finite, and to predict before it has learnt', () => {
    expect(() => new ContentRidgeRecommender({ vectors, dimension: 3 })).toThrow('3 values for each item');
    expect(() => new ContentRidgeRecommender({ vectors: Float32Array.of(Number.NaN), dimension: 1 })).toThrow('NaN');
    expect(() => new ContentRidgeRecommender({ vectors, dimension: 1 }).fit(ratings)).toThrow('each of 4 items');
    expect(() =>
      new ContentRidgeRecommender({ vectors, dimension: 2 }).predict(Int32Array.of(0), Int32Array.of(0)),
    ).toThrow('fit');
  });
});
