import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate } from '../../../src/models/metrics/evaluate.ts';
import type { Evaluation, RankingMetrics } from '../../../src/models/metrics/metric-values.ts';
import { predicted, type Row, scale } from './support.ts';

const userCount = 6;
const itemCount = 8;
const genreCount = 3;
const halfStars = fc.integer({ min: 1, max: 10 }).map((value) => value / 2);
/** Coarse, so that ties happen. */
const predictions = fc.integer({ min: 2, max: 20 }).map((value) => value / 4);
const tables = fc
  .uniqueArray(
    fc.record({
      user: fc.nat(userCount - 1),
      item: fc.nat(itemCount - 1),
      rating: halfStars,
      prediction: predictions,
    }),
    { selector: ({ user, item }) => user * itemCount + item, minLength: 1, maxLength: 40 },
  )
  .map((rows) => rows.map(({ user, item, rating, prediction }): Row => [user, item, rating, prediction]));
const flags = fc.uint8Array({ min: 0, max: 1, minLength: itemCount * genreCount, maxLength: itemCount * genreCount });
const ks = [1, 3, 10];

function metricsOf(result: Evaluation): Record<string, number> {
  const { coverage, diversity, personalisation, auc, aucRanked } = result;
  const ranked = Object.entries(result.ranking).flatMap(([k, metrics]) =>
    Object.entries(metrics).map(([name, value]) => [`${name}@${k}`, value as number]),
  );
  return { coverage, diversity, personalisation, auc, aucRanked, ...Object.fromEntries(ranked) };
}

function expectClose(one: Evaluation, other: Evaluation): void {
  const expected = metricsOf(other);
  for (const [name, value] of Object.entries(metricsOf(one))) {
    if (Number.isNaN(value)) expect(expected[name], name).toBeNaN();
    else expect(value, name).toBeCloseTo(expected[name] as number, 9);
  }
}

test('every metric lies between 0 and 1, and the ROC curve never falls', () => {
  fc.assert(
    fc.property(tables, flags, fc.constantFrom('gt', 'ge'), (rows, genres, thresholdRule) => {
      const options = { scale, ks, genres: { genreCount, flags: genres }, thresholdRule: thresholdRule as 'gt' | 'ge' };
      const result = evaluate(predicted(rows), options);
      for (const [name, value] of Object.entries(metricsOf(result))) {
        if (!Number.isNaN(value)) {
          expect(value, name).toBeGreaterThanOrEqual(0);
          expect(value, name).toBeLessThanOrEqual(1 + 1e-12);
        }
      }
      let last = { truePositiveRate: 0, falsePositiveRate: 0 };
      for (const point of result.roc) {
        expect(point.truePositiveRate).toBeGreaterThanOrEqual(last.truePositiveRate);
        expect(point.falsePositiveRate).toBeGreaterThanOrEqual(last.falsePositiveRate);
        last = point;
      }
      expect(last.truePositiveRate).toBeLessThanOrEqual(1 + 1e-12);
    }),
  );
});

test('a perfect prediction has NDCG and precision 1 for all who can have it, and no error', () => {
  fc.assert(
    fc.property(tables, (rows) => {
      const perfect = rows.map(([user, item, rating]): Row => [user, item, rating, rating]);
      const result = evaluate(predicted(perfect), { scale, ks, undefined: 'skip' });
      expect(result.rmse).toBe(0);
      for (const metrics of Object.values(result.ranking)) {
        expect(metrics.ndcg).toBeCloseTo(1, 12);
        expect(metrics.ndcgLinear).toBeCloseTo(1, 12);
        for (const name of ['precision', 'recallAdjusted', 'ndcgRelevant', 'mrr', 'map', 'mapN'] as const) {
          if (!Number.isNaN(metrics[name])) expect(metrics[name], name).toBeCloseTo(1, 12);
        }
      }
      if (!Number.isNaN(result.auc)) expect(result.auc).toBe(1);
    }),
  );
});

test('neither the numbers of the users nor the order of the rows matter', () => {
  const permutation = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: userCount, maxLength: userCount });
  fc.assert(
    fc.property(tables, flags, permutation, (rows, genres, numbers) => {
      const options = { scale, ks, genres: { genreCount, flags: genres } };
      const relabelled = rows.map(([user, ...rest]): Row => [numbers[user] as number, ...rest]).reverse();
      expectClose(evaluate(predicted(relabelled), options), evaluate(predicted(rows), options));
    }),
  );
});

test('a rising function of the predictions that fixes the threshold changes no ranking metric', () => {
  fc.assert(
    fc.property(tables, flags, (rows, genres) => {
      const options = { scale, ks, genres: { genreCount, flags: genres } };
      const bent = rows.map(([user, item, rating, prediction]): Row => {
        const distance = prediction - 3.5;
        return [user, item, rating, 3.5 + distance ** 3 / 4 + distance];
      });
      expectClose(evaluate(predicted(bent), options), evaluate(predicted(rows), options));
    }),
  );
});

test('any rising function of the predictions leaves NDCG and AUC as they are', () => {
  fc.assert(
    fc.property(tables, (rows) => {
      const bent = rows.map(([user, item, rating, prediction]): Row => [user, item, rating, Math.exp(prediction)]);
      const [one, other] = [evaluate(predicted(bent), { scale, ks }), evaluate(predicted(rows), { scale, ks })];
      for (const k of ks.map(String)) {
        expect(one.ranking[k]?.ndcg).toBe((other.ranking[k] as RankingMetrics).ndcg);
        expect(one.ranking[k]?.ndcgLinear).toBe((other.ranking[k] as RankingMetrics).ndcgLinear);
      }
      expect(one.auc).toEqual(other.auc);
    }),
  );
});
