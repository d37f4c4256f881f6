import { expect, test } from 'vitest';
import {
  type NeuralOptions,
  NeuralRecommender,
} from '../../../../src/models/recommenders/neural/neural-recommender.ts';
import { misorderedShare, ratingWeights } from '../../../../src/models/recommenders/neural/rating-loss.ts';
import type { TrainingSet } from '../../../../src/models/recommenders/neural/training-set.ts';
import { tinyFeatures, tinyModalities, tinySettings, tinyTraining, tinyValidation } from './tiny-problem.ts';

const USERS = 30;
const ITEMS = 24;
const scale = { minimum: 1, maximum: 5 };

/** Ratings of a rule, by 30 users of 24 items (synthetic); a fifth is kept for the end. */
function planted(rate: (user: number, item: number) => number): { training: TrainingSet; rest: TrainingSet } {
  const part = (keep: (place: number) => boolean) => {
    const pairs = Array.from({ length: USERS * ITEMS }, (_, place) => place).filter(keep);
    const users = Int32Array.from(pairs, (place) => Math.floor(place / ITEMS));
    const items = Int32Array.from(pairs, (place) => place % ITEMS);
    const values = Float32Array.from(pairs, (place) => rate(Math.floor(place / ITEMS), place % ITEMS));
    return { users, items, values, userCount: USERS, itemCount: ITEMS, scale };
  };
  const isLast = (place: number) => (place * 7 + Math.floor(place / ITEMS) * 3) % 5 === 0;
  return { training: part((place) => !isLast(place)), rest: part(isLast) };
}

async function predictions(options: NeuralOptions, { training, rest }: ReturnType<typeof planted>) {
  await using recommender = new NeuralRecommender('gmf', {
    ...{ seed: 3, epochs: 25, embedding: 4, batchSize: 64, learningRate: 0.02, plateau: false, ...options },
  });
  await recommender.fit(training);
  return { values: await recommender.predict(rest.users, rest.items), predicts: recommender.predicts };
}

/** What a user thinks of an item: most of it common to all, the rest a matter of taste. */
const liking = (user: number, item: number) => Math.cos(2.3 * item) + 0.6 * Math.sin(1.7 * user) * Math.sin(1.1 * item);

test.each(['bpr', 'lambdarank', 'softmax'] as const)(
  'where users rate at levels of their own, %s puts their items into order better than squared errors do (synthetic)',
  async (loss) => {
    // The level has most of the variance, and says nothing about the order.
    const level = (user: number) => (user % 2 === 0 ? 1.5 : -1.5);
    const data = planted((user, item) => 3 + level(user) + 0.25 * liking(user, item));
    const { rest } = data;
    const squared = await predictions({ loss: 'mse' }, data);
    const ranked = await predictions({ loss }, data);
    expect([squared.predicts, ranked.predicts]).toEqual(['ratings', 'scores']);
    const wrong = (values: Float32Array) => misorderedShare(rest.users, rest.values, values) as number;
    expect(wrong(ranked.values)).toBeLessThan(0.15);
    expect(wrong(ranked.values)).toBeLessThan(0.7 * wrong(squared.values));
  },
);

test('mixed puts items into order better than squared errors do, and still predicts ratings (synthetic)', async () => {
  // What is common to all is worth little to squared errors beside the level of the user.
  const data = planted((user, item) => 3 + (user % 2 === 0 ? 1.5 : -1.5) + 0.25 * liking(user, item));
  const { users, values: ratings } = data.rest;
  const quality = async (options: NeuralOptions) => {
    const { values, predicts } = await predictions(options, data);
    const squares = values.reduce((sum, value, row) => sum + (value - (ratings[row] as number)) ** 2, 0);
    return { wrong: misorderedShare(users, ratings, values) as number, error: squares / values.length, predicts };
  };
  const [squared, mixed] = [await quality({ loss: 'mse' }), await quality({ loss: 'mixed' })];
  expect(mixed.predicts).toBe('ratings');
  expect(mixed.wrong).toBeLessThan(0.8 * squared.wrong);
  // Of a variance of 2.3.
  expect(mixed.error).toBeLessThan(0.5);
});

test('weighted by rarity, rare ratings are met better, and common ones worse (synthetic)', async () => {
  const noise = (user: number, item: number) => Math.sin(12.9898 * user + 78.233 * item) * 0.9;
  const data = planted((user, item) => (liking(user, item) + noise(user, item) < -1 ? 1 : 4));
  const error = async (weighting: number) => {
    const { values } = await predictions({ weighting }, data);
    const mean = (rating: number) => {
      const own = values.filter((_, row) => data.rest.values[row] === rating);
      return own.reduce((sum, value) => sum + Math.abs(value - rating), 0) / own.length;
    };
    return { rare: mean(1), common: mean(4) };
  };
  const [alike, weighted] = [await error(0), await error(1)];
  expect(weighted.rare).toBeLessThan(0.85 * alike.rare);
  expect(weighted.common).toBeGreaterThan(alike.common);
});

test('weights of ratings are 1 on average, and go with the inverse share to the power asked for', () => {
  const weights = ratingWeights(Float32Array.of(4, 4, 4, 4, 1), 0.5);
  expect((weights[4] as number) / (weights[0] as number)).toBeCloseTo(2, 5);
  expect(weights.reduce((sum, weight) => sum + weight, 0) / 5).toBeCloseTo(1, 6);
});

test('ordinal learns the levels that ratings keep to, and predicts inside the scale (synthetic)', async () => {
  // A scale of unequal steps: 1, 4.5 and 5, by thresholds of the liking.
  const data = planted((user, item) => {
    const like = liking(user, item);
    return like < -0.5 ? 1 : like < 0.4 ? 4.5 : 5;
  });
  const { values, predicts } = await predictions({ loss: 'ordinal', epochs: 60 }, data);
  expect(predicts).toBe('ratings');
  const squares = (of: (row: number) => number) =>
    data.rest.values.reduce((sum, rating, row) => sum + (rating - of(row)) ** 2, 0) / data.rest.values.length;
  const mean = data.training.values.reduce((sum, value) => sum + value, 0) / data.training.values.length;
  expect(squares((row) => values[row] as number)).toBeLessThan(0.25 * squares(() => mean));
  expect(Math.min(...values)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...values)).toBeLessThanOrEqual(5);
});

test('a private training that hides single ratings refuses losses that compare them', () => {
  const privacy = { noise: 1.1, unit: 'rating' as const };
  expect(() => new NeuralRecommender('gmf', { loss: 'bpr', privacy })).toThrow(
    "the loss 'bpr' compares ratings of a user, but single ratings are to be hidden",
  );
});

test('the share of pairs in the wrong order is of ratings of one user; a tie counts one half', () => {
  const ratings = Float32Array.of(3, 5, 4, 1);
  expect(misorderedShare([1, 1, 1, 2], ratings, Float32Array.of(1, 3, 2, 9))).toBe(0);
  expect(misorderedShare([1, 1, 1, 2], ratings, Float32Array.of(3, 1, 2, 9))).toBe(1);
  expect(misorderedShare([1, 1, 1, 2], ratings, Float32Array.of(2, 2, 3, 9))).toBeCloseTo(1.5 / 3, 12);
  expect(misorderedShare([1, 2, 3, 4], ratings, ratings)).toBe(undefined);
});

test('options of other losses are refused', () => {
  expect(() => new NeuralRecommender('gmf', { loss: 'bpr', weighting: 0.5 })).toThrow(
    "`weighting` is no option of the loss 'bpr'",
  );
  expect(() => new NeuralRecommender('gmf', { levels: 5 })).toThrow("`levels` is no option of the loss 'mse'");
  expect(() => new NeuralRecommender('gmf', { loss: 'rmse' as 'mse' })).toThrow('`loss`');
  expect(() => new NeuralRecommender('gmf', { mix: 0.3 })).toThrow("`mix` is no option of the loss 'mse'");
  expect(() => new NeuralRecommender('gmf', { loss: 'mixed', mix: 1 })).toThrow(
    '`mix` must be a number above 0 and below 1',
  );
});

test.each(['ordinal', 'mixed', 'bpr', 'lambdarank', 'softmax'] as const)(
  'an audiovisual recommender of the residual form learns by %s, tables in the graph or outside (synthetic)',
  async (loss) => {
    for (const sparse of [false, true]) {
      const modalities = tinyModalities.map((modality) => ({ ...modality, lstm: [] }));
      await using recommender = new NeuralRecommender('dcf-av-1', {
        ...{ ...tinySettings, loss, sparse, fits: 1, modalities },
      });
      await recommender.fit(tinyTraining, tinyValidation, tinyFeatures());
      const { users, items, values } = tinyValidation;
      const scores = await recommender.score(users, items);
      expect(misorderedShare(users, values, scores) as number).toBeLessThan(0.2);
    }
  },
);

test('a recommender of an order is stopped by the order of the validation ratings, and restored with its weights', async () => {
  const { training, rest } = planted((user, item) => 3 + liking(user, item));
  const options = { seed: 3, epochs: 6, embedding: 4, batchSize: 64, loss: 'bpr' as const };
  await using recommender = new NeuralRecommender('deepcf', options);
  const { bestLoss } = await recommender.fit(training, rest);
  const scores = await recommender.predict(rest.users, rest.items);
  expect(misorderedShare(rest.users, rest.values, scores)).toBe(bestLoss);
  await using again = new NeuralRecommender('deepcf', options);
  await again.restore(training, await recommender.weights(), undefined, training.items);
  expect(await again.predict(rest.users, rest.items)).toEqual(scores);
});
