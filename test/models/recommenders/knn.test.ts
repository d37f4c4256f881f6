import { expect, test } from 'vitest';
import { type KnnOptions, KnnRecommender } from '../../../src/models/recommenders/knn.ts';
import { training } from './support.ts';

// Users 0, 1 and 2 over items 0 to 3; user 3 and item 4 have no rating.
const ratings = training(
  [
    [0, 0, 4],
    [0, 1, 2],
    [1, 0, 5],
    [1, 1, 3],
    [1, 2, 4],
    [2, 0, 1],
    [2, 1, 5],
    [2, 2, 2],
    [2, 3, 3],
  ],
  4,
  5,
);
const globalMean = 29 / 9;

function predict(options: Partial<KnnOptions>, user: number, item: number): number {
  const knn = new KnnRecommender({ between: 'users', similarity: 'msd', prediction: 'basic', ...options });
  knn.fit(ratings);
  return knn.predict(Int32Array.of(user), Int32Array.of(item))[0] as number;
}

// Mean squared differences of user 0 to user 1: (1 + 1) / 2, to user 2: (9 + 9) / 2.
const [near, far] = [1 / (1 + 1), 1 / (9 + 1)];

test('basic: the mean of the neighbours, weighted by similarity', () => {
  expect(predict({}, 0, 2)).toBeCloseTo((near * 4 + far * 2) / (near + far), 6);
  expect(predict({ neighbours: 1 }, 0, 2)).toBe(4);
});

test('means: deviations from the means', () => {
  const [mean0, mean1, mean2] = [3, 4, 11 / 4];
  const expected = mean0 + (near * (4 - mean1) + far * (2 - mean2)) / (near + far);
  expect(predict({ prediction: 'means' }, 0, 2)).toBeCloseTo(expected, 6);
});

test('z-score: deviations in standard deviations', () => {
  const [deviation1, deviation2] = [Math.sqrt(2 / 3), Math.sqrt((1.75 ** 2 + 2.25 ** 2 + 0.75 ** 2 + 0.25 ** 2) / 4)];
  const expected = 3 + (1 * (near * 0 + far * ((2 - 11 / 4) / deviation2))) / (near + far);
  expect(deviation1).toBeGreaterThan(0);
  expect(predict({ prediction: 'z-score' }, 0, 2)).toBeCloseTo(expected, 6);
});

test('a user whose ratings are all equal has the deviation of all ratings', () => {
  const flat = training([[0, 0, 4], [0, 1, 4], [1, 0, 3], [1, 1, 5], [1, 2, 5]], 2, 3); // biome-ignore format: a table
  const knn = new KnnRecommender({ between: 'users', similarity: 'msd' });
  knn.fit(flat);
  const mean = 21 / 5;
  const overall = Math.sqrt((2 * (4 - mean) ** 2 + (3 - mean) ** 2 + 2 * (5 - mean) ** 2) / 5);
  const [mean1, deviation1] = [13 / 3, Math.sqrt(((4 / 3) ** 2 + 2 * (2 / 3) ** 2) / 3)];
  const expected = 4 + overall * ((5 - mean1) / deviation1);
  expect(knn.predict(Int32Array.of(0), Int32Array.of(2))[0]).toBeCloseTo(expected, 5);
});

test('cosine, Pearson and shrunk Pearson look at common ratings only', () => {
  const cosine1 = (4 * 5 + 2 * 3) / Math.sqrt((16 + 4) * (25 + 9));
  const cosine2 = (4 * 1 + 2 * 5) / Math.sqrt((16 + 4) * (1 + 25));
  const expected = (cosine1 * 4 + cosine2 * 2) / (cosine1 + cosine2);
  expect(predict({ similarity: 'cosine' }, 0, 2)).toBeCloseTo(expected, 6);
  // With user 1 the correlation is 1, with user 2 it is -1, which does not count.
  expect(predict({ similarity: 'pearson' }, 0, 2)).toBe(4);
  const flatBiases = { epochs: 0 };
  // Without biases the deviations are from the global mean: user 2's have the other sign again.
  expect(predict({ similarity: 'pearson-baseline', biases: flatBiases }, 0, 2)).toBe(4);
});

test('too few common ratings make a similarity 0', () => {
  expect(predict({ minimumSupport: 3, prediction: 'means' }, 0, 2)).toBe(3);
});

test('too few neighbours: the global mean, the mean of the user, or the baseline', () => {
  expect(predict({ minimumNeighbours: 3 }, 0, 2)).toBeCloseTo(globalMean, 6);
  expect(predict({ minimumNeighbours: 3, prediction: 'means' }, 0, 2)).toBe(3);
  expect(predict({ minimumNeighbours: 3, prediction: 'baseline', biases: { epochs: 0 } }, 0, 2)).toBeCloseTo(
    globalMean,
    6,
  );
});

test('an unknown user or item has the global mean, or what is known of the baseline', () => {
  expect(predict({ prediction: 'means' }, 3, 0)).toBeCloseTo(globalMean, 6);
  expect(predict({ prediction: 'z-score' }, 0, 4)).toBeCloseTo(globalMean, 6);
  const biases = { epochs: 1, itemRegularisation: 0, userRegularisation: 0 };
  // After one epoch b_0 = 10/3 - mean of all.
  expect(predict({ prediction: 'baseline', biases }, 3, 0)).toBeCloseTo(10 / 3, 6);
});

test('of equally similar neighbours those whose rows come first are taken', () => {
  const tied = training([[2, 1, 2], [2, 0, 4], [1, 0, 4], [1, 1, 5], [0, 0, 4]], 3, 2); // biome-ignore format: a table
  const knn = new KnnRecommender({ between: 'users', similarity: 'msd', prediction: 'basic', neighbours: 1 });
  knn.fit(tied);
  expect(knn.predict(Int32Array.of(0), Int32Array.of(1))[0]).toBe(2);
});

test('neighbours can be items, and many pairs at once are answered as one by one', () => {
  const knn = new KnnRecommender({ between: 'items' });
  expect(knn.name).toBe('item-knn');
  knn.fit(ratings);
  const users = Int32Array.from({ length: 20 }, (_, n) => n % 4);
  const items = Int32Array.from({ length: 20 }, (_, n) => n % 5);
  const together = knn.predict(users, items);
  for (let n = 0; n < 20; n++) {
    expect(knn.predict(users.subarray(n, n + 1), items.subarray(n, n + 1))[0]).toBe(together[n]);
  }
});

test('wrong options, and predicting too early or out of range, are answered with what was expected', () => {
  expect(() => new KnnRecommender({ between: 'users', neighbours: 0 })).toThrow('`neighbours` must be an integer');
  expect(() => new KnnRecommender({ between: 'users', similarity: 'jaccard' as 'msd' })).toThrow("one of 'cosine'");
  expect(() => new KnnRecommender({ between: 'users', biases: { epochs: -1 } })).toThrow('`epochs`');
  const knn = new KnnRecommender({ between: 'users' });
  expect(() => knn.predict(Int32Array.of(0), Int32Array.of(0))).toThrow('must be fitted');
  knn.fit(ratings);
  expect(() => knn.predict(Int32Array.of(4), Int32Array.of(0))).toThrow('`users`[0] must be from 0 to 3, but is 4');
  expect(() => knn.fit(training([[0, 0, 6]], 1, 1))).toThrow('training row 0 has the rating 6');
});
