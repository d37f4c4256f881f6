import { expect, test } from 'vitest';
import { evaluate } from '../../../src/models/metrics/evaluate.ts';
import type { RankingMetrics } from '../../../src/models/metrics/metric-values.ts';
import { predicted, type Row, scale } from './support.ts';

// User 0 ranks its items 0 1 2 3 (relevant 0 and 2; recommended 0 1 2). User 1 ranks 2 0 (both
// recommended, none relevant). User 2 has 1 and 3, relevant both, nothing recommended.
const rows: readonly Row[] = [
  [0, 3, 1, 2],
  [0, 0, 5, 4.5],
  [0, 2, 4, 3.8],
  [0, 1, 3, 4],
  [1, 0, 2, 3.6],
  [1, 2, 3, 4.2],
  [2, 1, 4, 3],
  [2, 3, 5, 3.5],
];
// Item 0 has genres a, b; item 1 b; item 2 c; item 3 none.
const genres = { genreCount: 3, flags: Uint8Array.of(1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0) };
const result = evaluate(predicted(rows), { scale, ks: [2, 10], genres });
const at = (k: string): RankingMetrics => result.ranking[k] as RankingMetrics;

test('errors are those of all rows', () => {
  // Errors: 1, -0.5, -0.2, 1, 1.6, 1.2, -1, -1.5.
  const mae = (1 + 0.5 + 0.2 + 1 + 1.6 + 1.2 + 1 + 1.5) / 8;
  const mse = (1 + 0.25 + 0.04 + 1 + 2.56 + 1.44 + 1 + 2.25) / 8;
  expect(result.mae).toBeCloseTo(mae, 12);
  expect(result.mse).toBeCloseTo(mse, 12);
  expect(result.rmse).toBeCloseTo(Math.sqrt(mse), 12);
  expect(result.nmae).toBeCloseTo(mae / 4.5, 12);
  expect(result.nrmse).toBeCloseTo(Math.sqrt(mse) / 4.5, 12);
});

test('precision, recall, F1, MRR and MAP are means over the users, 0 where they are not defined', () => {
  // First two recommended: user 0 has items 0, 1 (one hit), user 1 items 2, 0 (none), user 2
  // nothing.
  expect(at('2').precision).toBeCloseTo((1 / 2 + 0 + 0) / 3, 12);
  expect(at('2').recallAdjusted).toBeCloseTo((1 / 2 + 0 + 0) / 3, 12);
  expect(at('10').precision).toBeCloseTo((2 / 3 + 0 + 0) / 3, 12);
  expect(at('10').recallAdjusted).toBeCloseTo((2 / 2 + 0 + 0) / 3, 12);
  expect(at('2').recall).toBeCloseTo(1 / 2 / 3, 12);
  const [p, r] = [2 / 9, 1 / 3];
  expect(at('10').f1).toBeCloseTo((2 * p * r) / (p + r), 12);
  expect(at('10').mrr).toBeCloseTo((1 + 0 + 0) / 3, 12);
  // User 0: hits at ranks 1 and 3.
  expect(at('2').map).toBeCloseTo(1 / 2 / 3, 12);
  expect(at('10').map).toBeCloseTo((1 / 1 + 2 / 3) / 2 / 3, 12);
  expect(at('10').mapN).toBeCloseTo((1 / 1 + 2 / 3) / 3 / 3, 12);
});

test('NDCG looks at all test items, recommended or not', () => {
  const gain = (rating: number) => 2 ** rating - 1;
  const [first, second] = [1, Math.log2(3)];
  const user0 = (gain(5) / first + gain(3) / second) / (gain(5) / first + gain(4) / second);
  const user1 = 1;
  const user2 = 1;
  expect(at('2').ndcg).toBeCloseTo((user0 + user1 + user2) / 3, 12);
  const linear0 = (5 + 3 / second) / (5 + 4 / second);
  expect(at('2').ndcgLinear).toBeCloseTo((linear0 + 1 + 1) / 3, 12);
});

test('coverage, diversity and personalisation are those of the lists', () => {
  // Recommended: 0 1 2 | 2 0 | nothing; four distinct test items.
  expect(result.coverage).toBeCloseTo(3 / 4, 12);
  expect(at('2').coverage).toBeCloseTo(3 / 4, 12);
  // Cosines: 0-1 1/sqrt(2), 0-2 0, 1-2 0.
  const user0 = (1 - Math.SQRT1_2 + 1 + 1) / 3;
  expect(result.diversity).toBeCloseTo((user0 + 1 + 0) / 3, 12);
  expect(at('2').diversity).toBeCloseTo((1 - Math.SQRT1_2 + 1 + 0) / 3, 12);
  // Users 0-1 share two of 3 and 2 items; an empty list against another counts 1.
  expect(result.personalisation).toBeCloseTo((1 - 2 / Math.sqrt(3 * 2) + 1 + 1) / 3, 12);
  expect(at('2').personalisation).toBeCloseTo((1 - 1 / Math.sqrt(2 * 2) + 1 + 1) / 3, 12);
  expect(evaluate(predicted(rows), { scale, catalogue: 12 }).coverage).toBeCloseTo(3 / 12, 12);
});

test('AUC and ROC are those of users with both kinds of items', () => {
  // Only user 0 has: ranking relevant, not, relevant, not: three of four pairs in order.
  expect(result.auc).toBeCloseTo(3 / 4, 12);
  expect(result.roc).toEqual([
    { k: 1, truePositiveRate: 1 / 2, falsePositiveRate: 0 },
    { k: 2, truePositiveRate: 1 / 2, falsePositiveRate: 1 / 2 },
    { k: 3, truePositiveRate: 1, falsePositiveRate: 1 / 2 },
  ]);
  expect(result.users).toEqual({ evaluated: 3, withoutRecommended: 1, withoutRelevant: 1, withOneClass: 2 });
  expect(result.averageRecommended).toBeCloseTo((3 + 2 + 0) / 3, 12);
  expect(result.averageRelevant).toBeCloseTo((2 + 0 + 2) / 3, 12);
});

test('with undefined: skip a user is left out of the means that are not defined for them', () => {
  const skipped = evaluate(predicted(rows), { scale, ks: [10], genres, undefined: 'skip' });
  const metrics = skipped.ranking['10'] as RankingMetrics;
  expect(metrics.precision).toBeCloseTo((2 / 3 + 0) / 2, 12);
  expect(metrics.recallAdjusted).toBeCloseTo((1 + 0) / 2, 12);
  expect(metrics.mrr).toBeCloseTo((1 + 0) / 2, 12);
  expect(metrics.map).toBeCloseTo(((1 + 2 / 3) / 2 + 0) / 2, 12);
  expect(metrics.mapN).toBeCloseTo(((1 + 2 / 3) / 3 + 0) / 2, 12);
  expect(skipped.diversity).toBeCloseTo(((3 - Math.SQRT1_2) / 3 + 1) / 2, 12);
});

test('the rule ge takes the threshold itself', () => {
  const ge = evaluate(predicted(rows), { scale, ks: [10], thresholdRule: 'ge' });
  // User 2 is recommended item 3, predicted at 3.5, and rated 5.
  expect(ge.averageRecommended).toBeCloseTo((3 + 2 + 1) / 3, 12);
  expect(ge.ranking['10']?.precision).toBeCloseTo((2 / 3 + 0 + 1) / 3, 12);
  expect(ge.ranking['10']?.recall).toBeCloseTo((2 / 2 + 0 + 1 / 2) / 3, 12);
});

test('ties are broken by ascending item id, and count one half in the AUC', () => {
  const tied: readonly Row[] = [
    [0, 0, 2, 4],
    [0, 1, 5, 4],
  ];
  const options = { scale, ks: [1] };
  const ascending = evaluate(predicted(tied), options);
  expect(ascending.ranking['1']?.precision).toBe(0);
  // Item 1 has the lesser id.
  const descending = evaluate(predicted(tied), { ...options, itemOrder: Int32Array.of(1, 0) });
  expect(descending.ranking['1']?.precision).toBe(1);
  expect([ascending.auc, ascending.aucRanked]).toEqual([0.5, 0]);
  expect([descending.auc, descending.aucRanked]).toEqual([0.5, 1]);
});

test('a metric that nobody has is NaN, null in JSON', () => {
  const alone = evaluate(predicted([[0, 0, 4, 4]]), { scale });
  expect(alone.auc).toBeNaN();
  expect(alone.diversity).toBeNaN();
  expect(JSON.parse(JSON.stringify(alone)).auc).toBeNull();
  expect(alone.personalisation).toBe(0);
});

test('wrong arguments are answered with what was expected', () => {
  const good = predicted(rows);
  expect(() => evaluate(good, { scale, ks: [0] })).toThrow('`k` must be an integer of at least 1, but is 0');
  expect(() => evaluate(good, { scale, ks: [] })).toThrow('`ks` must have at least one');
  expect(() => evaluate(good, { scale: { minimum: 5, maximum: 5 } })).toThrow('minimum below its maximum');
  expect(() => evaluate(good, { scale, threshold: Number.NaN })).toThrow('`threshold` must be a finite number');
  expect(() => evaluate(good, { scale, itemOrder: Int32Array.of(0) })).toThrow('a rank for each of 4 items');
  expect(() => evaluate(good, { scale, genres: { genreCount: 3, flags: new Uint8Array(9) } })).toThrow('12 flags');
  expect(() => evaluate(predicted([[0, 0, 4, Number.NaN]]), { scale })).toThrow('`predictions`[0] must be a finite');
  expect(() => evaluate(predicted([[-1, 0, 4, 4]]), { scale })).toThrow('`users`[0] must be from 0');
  expect(() => evaluate(predicted([]), { scale })).toThrow('at least one prediction');
  expect(() => evaluate({ ...good, users: good.users.slice(1) }, { scale })).toThrow('7, 8, 8 and 8');
  const twice = predicted([
    [3, 1, 4, 4],
    [3, 1, 2, 3],
  ]);
  expect(() => evaluate(twice, { scale })).toThrow('user 3 has item 1 more than once');
});

test('users whose predictions are all equal are counted as constant, and those without a list', () => {
  const { constant, withoutList, baseRate } = evaluate(
    predicted([
      [0, 0, 5, 4],
      [0, 1, 2, 4],
      [1, 0, 5, 3],
      [1, 1, 4, 2],
      [2, 1, 4, 4],
    ]),
    { scale },
  );
  // User 2 has one item, which is no ranking.
  expect(constant).toBe(1 / 2);
  expect(withoutList).toBeCloseTo(1 / 3, 12);
  expect(baseRate).toBeCloseTo((1 / 2 + 1 + 1) / 3, 12);
});

test('NDCG over relevant items gives others no gain', () => {
  const gain = (rating: number) => 2 ** rating - 1;
  const second = 1 / Math.log2(3);
  // User 0 ranks 5, 3, 4, 1; user 1 has nothing relevant; user 2 ranks 5 and 4.
  const user0 = gain(5) / (gain(5) + gain(4) * second);
  expect(at('2').ndcgRelevant).toBeCloseTo((user0 + 0 + 1) / 3, 12);
});

test('ratings whose gains 2^rating are beyond float64 still have an NDCG', () => {
  const shifted = (by: number) =>
    evaluate(predicted(rows.map(([user, item, rating, prediction]): Row => [user, item, rating + by, prediction])), {
      scale: { minimum: by, maximum: 5 + by },
      ks: [4],
      threshold: 3.5 + by,
    }).ranking['4'];
  // So far up, the 1 that a gain lacks does not count.
  const [far, farther] = [shifted(100), shifted(1100)];
  expect(farther?.ndcg).toBeCloseTo(far?.ndcg as number, 12);
  expect(farther?.ndcgRelevant).toBeCloseTo(far?.ndcgRelevant as number, 12);
  expect(far?.ndcg).toBeGreaterThan(0.5);
});
