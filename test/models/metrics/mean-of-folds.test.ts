import { expect, test } from 'vitest';
import { evaluate } from '../../../src/models/metrics/evaluate.ts';
import { meanOfFolds } from '../../../src/models/metrics/mean-of-folds.ts';
import { predicted, scale } from './support.ts';

const right = evaluate(
  predicted([
    [0, 0, 5, 5],
    [0, 1, 1, 4],
    [0, 2, 1, 1],
  ]),
  { scale, ks: [2] },
);
const nothing = evaluate(
  predicted([
    [0, 0, 5, 3],
    [0, 1, 1, 3],
  ]),
  { scale, ks: [2] },
);

test('every metric is computed per fold and then averaged; counts are added up', () => {
  const mean = meanOfFolds([right, nothing]);
  expect(mean.rmse).toBeCloseTo((Math.sqrt(9 / 3) + Math.sqrt((4 + 4) / 2)) / 2, 12);
  expect(mean.ranking['2']?.precision).toBeCloseTo((1 / 2 + 0) / 2, 12);
  expect(mean.ranking['2']?.f1).toBeCloseTo((2 / 3 + 0) / 2, 12);
  expect(mean.coverage).toBeCloseTo((2 / 3 + 0) / 2, 12);
  expect(mean.auc).toBeCloseTo((1 + 0.5) / 2, 12);
  expect([mean.folds, mean.ratings, mean.users.evaluated, mean.users.withoutRecommended]).toEqual([2, 5, 2, 1]);
});

test('the ROC curve of a fold without recommendations stays at the origin', () => {
  expect(meanOfFolds([right, nothing]).roc).toEqual([
    { k: 1, truePositiveRate: 1 / 2, falsePositiveRate: 0 },
    { k: 2, truePositiveRate: 1 / 2, falsePositiveRate: 1 / 4 },
  ]);
});

test('a fold in which a metric is not defined is left out of its mean', () => {
  const oneClass = evaluate(predicted([[0, 0, 5, 4]]), { scale, ks: [2] });
  expect(oneClass.auc).toBeNaN();
  expect(meanOfFolds([right, oneClass]).auc).toBe(1);
  expect(meanOfFolds([oneClass]).auc).toBeNaN();
});

test('folds that were evaluated differently are refused', () => {
  const other = evaluate(predicted([[0, 0, 5, 4]]), { scale, ks: [3] });
  expect(() => meanOfFolds([right, other])).toThrow('folds must be evaluated the same way');
  expect(() => meanOfFolds([])).toThrow('at least one fold');
});
