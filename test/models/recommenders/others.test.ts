import { expect, test } from 'vitest';
import { BaselineRecommender } from '../../../src/models/recommenders/baseline.ts';
import { GenreContentRecommender } from '../../../src/models/recommenders/genre-content.ts';
import { RandomRecommender } from '../../../src/models/recommenders/random-recommender.ts';
import { regSvd, SvdRecommender } from '../../../src/models/recommenders/svd.ts';
import { training } from './support.ts';

const small = training([[0, 0, 4], [0, 1, 2], [1, 0, 5]], 3, 3); // biome-ignore format: a table
const mean = 11 / 3;

test('random draws have the mean and deviation of the training ratings, and stay in the scale', () => {
  const random = new RandomRecommender({ seed: 7 });
  random.fit(training([[0, 0, 2.5], [0, 1, 3.5]], 500, 200)); // biome-ignore format: a table
  const users = Int32Array.from({ length: 100_000 }, (_, n) => n % 500);
  const items = Int32Array.from({ length: 100_000 }, (_, n) => Math.floor(n / 500));
  const drawn = random.predict(users, items);
  const average = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const variance = drawn.reduce((sum, value) => sum + (value - average) ** 2, 0) / drawn.length;
  expect(average).toBeCloseTo(3, 2);
  expect(Math.sqrt(variance)).toBeCloseTo(0.5, 2);
  // The shares within one and two deviations of a normal distribution.
  expect(drawn.filter((value) => Math.abs(value - 3) < 0.5).length / drawn.length).toBeCloseTo(0.6827, 2);
  expect(drawn.filter((value) => Math.abs(value - 3) < 1).length / drawn.length).toBeCloseTo(0.9545, 2);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0.5);
  expect(random.predict(users.slice(9, 10), items.slice(9, 10))[0]).toBe(drawn[9]);
  const other = new RandomRecommender({ seed: 8 });
  other.fit(small);
  expect(other.predict(Int32Array.of(0), Int32Array.of(0))[0]).not.toBe(drawn[0]);
});

test('baseline by alternating least squares: items first, then users', () => {
  const baseline = new BaselineRecommender({ epochs: 1, itemRegularisation: 2, userRegularisation: 3 });
  baseline.fit(small);
  const item0 = (4 - mean + (5 - mean)) / (2 + 2);
  const item1 = (2 - mean) / (2 + 1);
  const user0 = (4 - mean - item0 + (2 - mean - item1)) / (3 + 2);
  expect(baseline.predict(Int32Array.of(0), Int32Array.of(1))[0]).toBeCloseTo(mean + user0 + item1, 6);
  expect(baseline.predict(Int32Array.of(2), Int32Array.of(0))[0]).toBeCloseTo(mean + item0, 6);
  expect(baseline.predict(Int32Array.of(2), Int32Array.of(2))[0]).toBeCloseTo(mean, 6);
});

test('baseline by gradient descent: rating by rating', () => {
  const baseline = new BaselineRecommender({ method: 'sgd', epochs: 1, learningRate: 0.1, regularisation: 0.5 });
  baseline.fit(small);
  const [user0, item0] = [0.1 * (4 - mean), 0.1 * (4 - mean)];
  const error = 2 - (mean + user0);
  expect(baseline.predict(Int32Array.of(0), Int32Array.of(1))[0]).toBeCloseTo(
    mean + user0 + 0.1 * (error - 0.5 * user0) + 0.1 * error,
    6,
  );
  expect(baseline.predict(Int32Array.of(2), Int32Array.of(0))[0]).toBeCloseTo(
    mean + item0 + 0.1 * (5 - (mean + item0) - 0.5 * item0),
    6,
  );
  expect(() => new BaselineRecommender({ method: 'als', learningRate: 1 } as object)).toThrow("'itemRegularisation'");
});

test('matrix factorisation repeats itself bit by bit, and differs with the seed', () => {
  const predictions = [1, 1, 2].map((seed) => {
    const svd = new SvdRecommender({ factors: 5, seed });
    svd.fit(small);
    return svd.predict(Int32Array.of(0, 1, 2), Int32Array.of(1, 1, 0));
  });
  expect(predictions[0]).toEqual(predictions[1]);
  expect(predictions[0]).not.toEqual(predictions[2]);
});

test('without factors to speak of, matrix factorisation is the baseline by gradient descent', () => {
  const svd = new SvdRecommender({ factors: 3, initialDeviation: 0 });
  const baseline = new BaselineRecommender({ method: 'sgd' });
  for (const model of [svd, baseline]) model.fit(small);
  const [users, items] = [Int32Array.of(0, 0, 1, 2, 2), Int32Array.of(0, 1, 1, 0, 2)];
  expect(svd.predict(users, items)).toEqual(baseline.predict(users, items));
});

test('matrix factorisation learns its training ratings when it may', () => {
  const svd = new SvdRecommender({ factors: 6, epochs: 4000, learningRate: 0.02, regularisation: 0, biased: false });
  svd.fit(small);
  const learnt = svd.predict(small.users, small.items);
  learnt.forEach((value, row) => {
    expect(value).toBeCloseTo(small.values[row] as number, 2);
  });
  // Unknown: the global mean.
  expect(svd.predict(Int32Array.of(2), Int32Array.of(0))[0]).toBeCloseTo(mean, 6);
  expect(regSvd().name).toBe('regsvd');
  const [said, unsaid] = [regSvd({ factors: undefined }), regSvd()];
  for (const each of [said, unsaid]) each.fit(training([[0, 0, 4], [0, 1, 2], [1, 0, 5]], 3, 3)); // biome-ignore format: a table
  expect(said.itemFactors()).toEqual(unsaid.itemFactors());
});

test('factors beyond the bound are refused, with the bytes', () => {
  const svd = new SvdRecommender({ factors: 1 << 20 });
  const wide = { ...small, userCount: 200, itemCount: 200 };
  expect(() => svd.fit(wide)).toThrow('3355443200 bytes');
});

test('genre-content takes the items nearest by genre, also for an item that nobody has rated', () => {
  // Items: 0 {a, b}, 1 {a}, 2 {c}, 3 {a, b, c}, 4 none.
  const flags = Uint8Array.of(1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0);
  const ratings = training([[0, 0, 5], [0, 1, 3], [0, 2, 1], [1, 2, 2]], 3, 5); // biome-ignore format: a table
  const content = new GenreContentRecommender({ genres: { genreCount: 3, flags }, neighbours: 2 });
  content.fit(ratings);
  const answer = (user: number, item: number) => content.predict(Int32Array.of(user), Int32Array.of(item))[0];
  // Cosines of item 3: with 0 2/sqrt(6), with 1 and 2 1/sqrt(3) each, of which 1 comes first.
  const [first, second] = [2 / Math.sqrt(6), 1 / Math.sqrt(3)];
  expect(answer(0, 3)).toBeCloseTo((first * 5 + second * 3) / (first + second), 6);
  expect(answer(0, 4)).toBe(3);
  expect(answer(1, 1)).toBe(2);
  expect(answer(2, 0)).toBeCloseTo(11 / 4, 6);
  const short = new GenreContentRecommender({ genres: { genreCount: 3, flags: flags.slice(3) } });
  expect(() => short.fit(ratings)).toThrow('15 flags, but has 12');
});

test('learning that leaves the finite numbers is an error that names the learning rate, not a recommender', () => {
  const ratings = training([[0, 0, 4], [0, 1, 2], [1, 0, 5], [1, 2, 1]], 3, 3); // biome-ignore format: a table
  for (const model of [
    new SvdRecommender({ learningRate: 50 }),
    regSvd({ learningRate: 50 }),
    new BaselineRecommender({ method: 'sgd', learningRate: 50, epochs: 500 }),
  ]) {
    expect(() => model.fit(ratings)).toThrow(expect.objectContaining({ code: 'diverged' }));
  }
});
