import { describe, expect, it } from 'vitest';
import { kMeans } from '../../src/models/k-means.ts';
import { numbersOf } from '../fixtures/movielens.ts';

/** The rows of scikit-learn's run: 300 of 4 numbers. */
function rows(): Float32Array {
  const next = numbersOf(29);
  return Float32Array.from({ length: 1200 }, (_, at) => next() + (Math.floor(at / 4) % 3));
}

describe('k-means', () => {
  it('comes within 1 % of the inertia that scikit-learn finds', () => {
    // KMeans(n_clusters=k, n_init=50, random_state=0) of scikit-learn 1.2.1 over the same rows.
    for (const [k, inertia] of [
      [3, 100.405],
      [8, 68.4127],
      [20, 37.2116],
    ] as const) {
      expect(kMeans(rows(), 4, { k, seed: 1, starts: 50 }).inertia).toBeLessThan(1.01 * inertia);
    }
  });

  it('gives each row its nearest centre, the same for one seed', () => {
    const found = kMeans(Float32Array.of(0, 1, 10, 11, 30), 1, { k: 3, seed: 1 });
    const [a, b, c, d, e] = found.of;
    expect([a === b, c === d, new Set([a, c, e]).size]).toEqual([true, true, 3]);
    expect(found.inertia).toBeCloseTo(1, 9);
    expect(kMeans(rows(), 4, { k: 8, seed: 5 })).toEqual(kMeans(rows(), 4, { k: 8, seed: 5 }));
  });

  it('keeps as many clusters as there are different rows, and refuses more than there are rows', () => {
    const twice = kMeans(Float32Array.of(1, 1, 1, 5), 1, { k: 3, seed: 1 });
    expect(twice.inertia).toBe(0);
    expect(() => kMeans(Float32Array.of(1, 2), 1, { k: 3, seed: 1 })).toThrow('at most the 2 rows');
  });
});
