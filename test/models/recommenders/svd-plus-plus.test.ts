import { describe, expect, it } from 'vitest';
import { NormalNumbers } from '../../../src/models/recommenders/normal-numbers.ts';
import type { TrainingRatings } from '../../../src/models/recommenders/recommender.ts';
import { SvdRecommender } from '../../../src/models/recommenders/svd.ts';
import { SvdPlusPlusRecommender } from '../../../src/models/recommenders/svd-plus-plus.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { referenceData } from './planted-tastes.ts';
import { training } from './support.ts';

describe('svd++', () => {
  /** As the formula says: after each rating every y_j of the user is moved. */
  function direct(ratings: TrainingRatings, factors: number, epochs: number, rate: number, reg: number, own = true) {
    const numbers = new NormalNumbers(9);
    const draw = (count: number) =>
      Array.from({ length: count }, () => Array.from({ length: factors }, () => 0.1 * numbers.next()));
    const p = own
      ? draw(ratings.userCount)
      : Array.from({ length: ratings.userCount }, () => new Array<number>(factors).fill(0));
    const [q, y] = [draw(ratings.itemCount), draw(ratings.itemCount)];
    const mean = ratings.values.reduce((sum, value) => sum + value, 0) / ratings.values.length;
    const [bu, bi] = [new Array<number>(ratings.userCount).fill(0), new Array<number>(ratings.itemCount).fill(0)];
    const itemsOf = (user: number) => [...ratings.items].filter((_, row) => ratings.users[row] === user);
    const zOf = (user: number) => {
      const own = itemsOf(user);
      return Array.from(
        { length: factors },
        (_, f) => own.reduce((sum, j) => sum + (y[j]?.[f] as number), 0) / Math.sqrt(own.length),
      );
    };
    const estimate = (u: number, i: number, z: number[]) =>
      mean +
      (bu[u] as number) +
      (bi[i] as number) +
      z.reduce((sum, value, f) => sum + (q[i]?.[f] as number) * ((p[u]?.[f] as number) + value), 0);
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (const u of new Set(ratings.users)) {
        const rated = itemsOf(u);
        for (const [row, i] of ratings.items.entries()) {
          if (ratings.users[row] !== u) continue;
          const z = zOf(u);
          const e = (ratings.values[row] as number) - estimate(u, i, z);
          bu[u] = (bu[u] as number) + rate * (e - reg * (bu[u] as number));
          bi[i] = (bi[i] as number) + rate * (e - reg * (bi[i] as number));
          for (let f = 0; f < factors; f++) {
            const [pu, qi] = [p[u]?.[f] as number, q[i]?.[f] as number];
            if (own) (p[u] as number[])[f] = pu + rate * (e * qi - reg * pu);
            (q[i] as number[])[f] = qi + rate * (e * (pu + (z[f] as number)) - reg * qi);
            for (const j of rated) {
              const of = y[j]?.[f] as number;
              (y[j] as number[])[f] = of + rate * ((e * qi) / Math.sqrt(rated.length) - reg * of);
            }
          }
        }
      }
    }
    return (u: number, i: number) => estimate(u, i, zOf(u));
  }

  it('learns what the rules say rating by rating, at the cost of a plain factorisation', () => {
    const { ratings } = referenceData();
    const options = { factors: 3, epochs: 4, learningRate: 0.03, regularisation: 0.05 };
    const svdpp = new SvdPlusPlusRecommender({ ...options, seed: 9 });
    svdpp.fit(ratings);
    const expected = direct(ratings, 3, 4, 0.03, 0.05);
    for (let user = 0; user < 30; user += 4) {
      for (let item = 0; item < 14; item++) {
        expect(svdpp.score(Int32Array.of(user), Int32Array.of(item))[0]).toBeCloseTo(expected(user, item), 5);
      }
    }
  });

  it('is asymmetric without vectors of users, who then are what they have rated', () => {
    const { ratings } = referenceData();
    const options = { factors: 3, epochs: 4, learningRate: 0.03, regularisation: 0.05, userVectors: false };
    const asymmetric = new SvdPlusPlusRecommender({ ...options, seed: 9 });
    asymmetric.fit(ratings);
    const expected = direct(ratings, 3, 4, 0.03, 0.05, false);
    const items = Int32Array.from({ length: 14 }, (_, item) => item);
    for (let user = 0; user < 30; user += 4) {
      for (const item of items) {
        expect(asymmetric.score(Int32Array.of(user), Int32Array.of(item))[0]).toBeCloseTo(expected(user, item), 5);
      }
    }
    // A new user differs from nobody but by a bias.
    const own = { items: Int32Array.of(1, 4), values: Float32Array.of(5, 4) };
    const scores = asymmetric.scoreNewUser(own, items);
    expect(asymmetric.name).toBe('asymmetric-svd');
    expect(new Set(scores).size).toBeGreaterThan(1);
    const lower = asymmetric.scoreNewUser({ ...own, values: Float32Array.of(2, 1) }, items);
    const shifts = scores.map((score, at) => score - (lower[at] as number));
    for (const shift of shifts) expect(shift).toBeCloseTo(shifts[0] as number, 5);
    expect(shifts[0]).toBeGreaterThan(0.1);
  });

  it('learns from what users rated, where what they gave says nothing', () => {
    // Users rate the items of their kind, 3 each; the last item is liked by users of the first kind
    // only.
    const rows: [number, number, number][] = [];
    const next = numbersOf(21);
    for (let user = 0; user < 200; user++) {
      const kind = user % 2;
      for (let item = 0; item < 20; item++) if (item % 2 === kind && next() < 0.6) rows.push([user, item, 3]);
      if (user < 160) rows.push([user, 20, kind === 0 ? 5 : 1]);
    }
    const ratings = training(rows, 200, 21);
    const errorOf = (recommender: SvdRecommender | SvdPlusPlusRecommender) => {
      recommender.fit(ratings);
      const users = Int32Array.from({ length: 40 }, (_, at) => 160 + at);
      const found = recommender.predict(users, new Int32Array(40).fill(20));
      return found.reduce((sum, value, at) => sum + Math.abs(value - (at % 2 === 0 ? 5 : 1)), 0) / 40;
    };
    const options = { factors: 8, epochs: 60, learningRate: 0.02, seed: 2 };
    expect(errorOf(new SvdPlusPlusRecommender(options))).toBeLessThan(0.5 * errorOf(new SvdRecommender(options)));
  });
});
