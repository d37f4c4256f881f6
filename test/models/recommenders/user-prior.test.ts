import { describe, expect, it } from 'vitest';
import { vectorOfNewUser } from '../../../src/models/recommenders/new-user-vector.ts';
import { SvdRecommender } from '../../../src/models/recommenders/svd.ts';
import { userPrior, varianceWithinUsers } from '../../../src/models/recommenders/user-prior.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { training } from './support.ts';

describe('a new user of a factor model', () => {
  it('is drawn from the users of training: their mean, and a ridge of noise over what they differ by', () => {
    // Vectors 1, 3 and biases 0, 2, of variance 1 each; the third user has no rating.
    const rated = training([[0, 0, 3], [1, 0, 3]], 3, 2); // biome-ignore format: a table
    const start = (item: number) => item;
    const learnt = { vectors: Float64Array.of(1, 3, 99), biases: Float64Array.of(0, 2, 99), length: 1, start };
    const prior = userPrior(rated, { ...learnt, factors: Float64Array.of(2, 0) }, 0.5);
    expect([...prior.mean]).toEqual([2, 1]);
    // A rating tells 2 squared about the vector, and 1 about the bias: what is left is added.
    const variances = [4, 1].map((told) => (1 + Math.sqrt(1 + (4 * 0.5) / told)) / 2);
    for (const [at, variance] of variances.entries()) {
      expect(prior.ridge[at]).toBeCloseTo(0.5 / variance, 12);
      expect(variance).toBeCloseTo(1 + 1 / (([4, 1][at] as number) / 0.5 + 1 / variance), 12);
    }
    const fixed = {
      ...{
        prior: { ...prior, ridge: Float64Array.of(0.5, 0.5) },
        biased: true,
        length: 1,
        factors: Float64Array.of(2, 0),
        known: Uint8Array.of(1, 0),
      },
      ...{ start, base: () => 3 },
    };
    const none = { items: new Int32Array(0), values: new Float32Array(0) };
    expect(vectorOfNewUser(none, fixed)).toEqual({ bias: 1, vector: Float64Array.of(2) });
    expect(vectorOfNewUser({ items: Int32Array.of(1), values: Float32Array.of(1) }, fixed).bias).toBe(1);
    // Least 0.5 (p - 2)^2 + 0.5 (b - 1)^2 + (r - 3 - b - 2 p)^2 for r = 3: residual -5 over 5.5.
    const { bias, vector } = vectorOfNewUser({ items: Int32Array.of(0), values: Float32Array.of(3) }, fixed);
    expect(bias).toBeCloseTo(1 - 5 / 5.5, 12);
    expect(vector[0]).toBeCloseTo(2 - 10 / 5.5, 12);
  });

  it('has the noise that biases of users leave, whatever the training error is', () => {
    const rows: [number, number, number][] = [
      ...([1, 3] as const).map((value, item): [number, number, number] => [0, item, value]),
      ...([4, 4, 5] as const).map((value, item): [number, number, number] => [1, item, value]),
      [2, 0, 1],
    ];
    // Around 2 and around 13 / 3; one rating alone says nothing. All around 3 count as one more.
    expect(varianceWithinUsers(training(rows, 3, 3), () => 3)).toBeCloseTo((2 + 2 / 3 + 14 / 6) / 4, 12);
  });

  it('is that of all ratings where each user has one, so that a single rating does not decide everything', () => {
    const rows = ([1, 3, 5] as const).map((value, user): [number, number, number] => [user, user, value]);
    expect(varianceWithinUsers(training(rows, 3, 3), () => 3)).toBeCloseTo(8 / 3, 12);
  });

  it('is predicted better after each of a few noisy answers', () => {
    const next = numbersOf(3);
    const noise = () => (next() + next() + next() - 1.5) * 1.6;
    const bias = Array.from({ length: 300 }, () => (next() - 0.5) * 1.6);
    const level = Array.from({ length: 60 }, () => (next() - 0.5) * 1.5);
    const clipped = (value: number) => Math.min(5, Math.max(0.5, value));
    const rate = (user: number, item: number) =>
      clipped(3.2 + (bias[user] as number) + (level[item] as number) + noise());
    const rows: [number, number, number][] = [];
    for (let user = 0; user < 200; user++) {
      for (let item = 0; item < 60; item++) if (next() < 0.4) rows.push([user, item, rate(user, item)]);
    }
    const svd = new SvdRecommender({ factors: 20, seed: 1 });
    svd.fit(training(rows, 300, 60));
    const test = Int32Array.from({ length: 40 }, (_, at) => 20 + at);
    const errors = [0, 1, 2, 5, 10].map((answers) => {
      let sum = 0;
      for (let user = 200; user < 300; user++) {
        const items = Int32Array.from({ length: answers }, (_, item) => item);
        const own = { items, values: Float32Array.from(items, (item) => rate(user, item)) };
        for (const [at, score] of svd.scoreNewUser(own, test).entries()) {
          sum += (score - (3.2 + (bias[user] as number) + (level[20 + at] as number))) ** 2;
        }
      }
      return sum;
    });
    for (const [at, error] of errors.slice(1).entries()) expect(error).toBeLessThan(0.95 * (errors[at] as number));
  });
});
