import { describe, expect, it } from 'vitest';
import { referenceOf } from '../../../src/graphs/experiment/compare-rows.ts';
import type { ExperimentConfig } from '../../../src/graphs/experiment/experiment-config.ts';
import { betterWhen } from '../../../src/graphs/experiment/flat-metrics.ts';
import type { TrialResult } from '../../../src/graphs/experiment/point-result.ts';
import { experimentEntries } from '../../../src/graphs/experiment/recommender-entries.ts';
import { resolveConfig } from '../../../src/graphs/experiment/resolve-config.ts';
import { resolvedOptions } from '../../../src/graphs/experiment/resolved-options.ts';
import { bestOf, searchRounds, selectionMetric } from '../../../src/graphs/experiment/search.ts';
import { runMean } from '../../../src/graphs/experiment/summarise.ts';
import { planOf } from '../../../src/graphs/recommenders/refit-plan.ts';
import { evaluate } from '../../../src/models/metrics/evaluate.ts';

const grid = { 'item-knn': { neighbours: [5, 10, 20], similarity: ['cosine', 'msd'] } };
const config: ExperimentConfig = { ratings: 'unused', recommenders: ['baseline', 'item-knn'], grid };

/** A trial whose predictions of one user's two items are so far off. */
function trialOf(error: number): TrialResult {
  const evaluation = evaluate(
    {
      users: Int32Array.of(0, 0),
      items: Int32Array.of(0, 1),
      ratings: Float64Array.of(4, 2),
      predictions: Float64Array.of(4 - error, 2 - error),
    },
    { scale: { minimum: 1, maximum: 5 }, ks: [4, 10] },
  );
  return { evaluation, share: 1, trainSeconds: 0, history: [] };
}

describe('rows of an experiment with a grid', () => {
  it('are one for each combination, none of them for selection, until the validation part selects', () => {
    const bare = experimentEntries(resolveConfig(config));
    expect(bare.map(({ use }) => use)).toEqual(['compared', ...Array(6).fill('not for selection')]);
    const selected = experimentEntries(resolveConfig({ ...config, select: 'rmse' }));
    expect(selected.map(({ label, use, candidates }) => [label, use, candidates.length])).toEqual([
      ['baseline', 'compared', 1],
      ['item-knn (selected by rmse)', 'selected', 6],
    ]);
  });

  it('are searched among as many combinations as asked for, the same for the same seed', () => {
    const drawn = (seed: number) =>
      experimentEntries(
        resolveConfig({ ...config, select: 'rmse', search: 'random', trials: 3, seeds: [seed] }),
      )[1]?.candidates.map(({ label }) => label);
    expect(drawn(1)).toHaveLength(3);
    expect(drawn(1)).toEqual(drawn(1));
    expect([2, 3, 4, 5].some((seed) => String(drawn(seed)) !== String(drawn(1)))).toBe(true);
  });

  it('halve in rounds that end with few combinations on all rows', () => {
    expect(searchRounds(10, 'grid')).toEqual([{ candidates: 10, share: 1 }]);
    expect(searchRounds(10, 'halving')).toEqual([
      { candidates: 10, share: 1 / 9 },
      { candidates: 4, share: 1 / 3 },
      { candidates: 2, share: 1 },
    ]);
    expect(searchRounds(2, 'halving')).toEqual([{ candidates: 2, share: 1 }]);
  });

  it('take the least error or the greatest gain, the first of equals, and nothing without a value', () => {
    const tried = [
      ['a', trialOf(0.5)],
      ['b', trialOf(0.25)],
      ['c', trialOf(-0.25)],
      ['d', undefined],
    ] as const;
    expect(bestOf(tried, 'rmse', 9)).toEqual(['b', 'c', 'a']);
    expect(bestOf(tried, 'ndcg@10', 1)).toEqual(['a']);
    expect(bestOf([['a', undefined]] as const, 'rmse', 1)).toEqual([]);
  });

  it('name the metric as the results do, and refuse one that says nothing of better and worse', () => {
    const rated = { k: [4, 10], catalogueK: [], implicit: undefined, protocol: 'rated' } as const;
    expect(selectionMetric('ndcg', rated)).toBe('ndcg@10');
    expect(selectionMetric('auc', rated)).toBe('auc');
    expect(() => selectionMetric('averageRelevant', rated)).toThrow('averageRelevant');
    expect(() => selectionMetric('ndcg@7', rated)).toThrow('select');
    expect(() => selectionMetric('catalogue.ndcg@10', rated)).toThrow('select');
    const all = { ...rated, catalogueK: [10, 20], protocol: 'catalogue' } as const;
    expect(selectionMetric('catalogue.ndcg', all)).toBe('catalogue.ndcg@20');
    expect(selectionMetric('catalogue.recall@10', all)).toBe('catalogue.recall@10');
    expect(selectionMetric('rmse', all)).toBe('rmse');
    expect(() => selectionMetric('catalogue.novelty@10', all)).toThrow('select');
    // All that was chosen is relevant: errors and orders of rated items say nothing.
    expect(() => selectionMetric('rmse', { ...all, implicit: 'any' })).toThrow('select');
    expect([betterWhen('rmse'), betterWhen('map@4'), betterWhen('averageRelevant')]).toEqual([
      ...['lower', 'higher'],
      undefined,
    ]);
  });

  it('need a metric for a search, a grid for a metric, and a validation part', () => {
    expect(() => resolveConfig({ ...config, search: 'halving' })).toThrow('needs `select`');
    expect(() => resolveConfig({ ratings: 'unused', select: 'rmse' })).toThrow('`grid`');
    expect(() => resolveConfig({ ...config, select: 'rmse', validation: 'none' })).toThrow('validation');
    expect(() => resolveConfig({ ...config, split: 'there', folds: 3 })).toThrow('`folds`');
  });
});

describe('a row that others are compared to', () => {
  it('is found by its label or by the name of its recommender, if that is one row', () => {
    const entries = experimentEntries(resolveConfig(config));
    expect(referenceOf(entries, 'baseline')).toBe('baseline');
    expect(() => referenceOf(entries, 'item-knn')).toThrow("'item-knn'");
    const selected = experimentEntries(resolveConfig({ ...config, select: 'rmse' }));
    expect(referenceOf(selected, 'item-knn')).toBe('item-knn (selected by rmse)');
  });
});

describe('a refit', () => {
  const history = [1, 2, 3, 4].map((epoch) => ({
    ...{ epoch: epoch - 1, trainingLoss: 1, validationLoss: 1, steps: 9 * epoch },
    learningRate: epoch < 3 ? 0.01 : 0.005,
  }));

  it('takes the steps that were best in whole epochs, each at the rate of the same part of the way', () => {
    const trial = { ...trialOf(0), history, best: { epoch: 3, loss: 1 } };
    expect(planOf(trial, 10)).toEqual({ epochs: 4, rates: [0.01, 0.01, 0.005, 0.005] });
    expect(planOf({ ...trial, best: { epoch: 0, loss: 1 } }, 100)).toEqual({ epochs: 1, rates: [0.01] });
  });
});

describe('what is kept of a point', () => {
  it('are all options with the values that they have', () => {
    expect(resolvedOptions('item-knn', { neighbours: 7 })).toMatchObject({ neighbours: 7, similarity: 'cosine' });
    expect(resolvedOptions('baseline', { method: 'sgd' })).toMatchObject({ epochs: 20, learningRate: 0.005 });
    expect(resolvedOptions('dcf-av-1', {})).toMatchObject({ epochs: 200, widths: [32, 16], plateau: false });
    expect(resolvedOptions('dcf-av-1', { form: 'thesis' })).toMatchObject({ epochs: 100, widths: [32, 16, 8] });
  });

  it('tells the deviation between data from that within them, where seeds are crossed', () => {
    const crossed = runMean([
      [1, 1],
      [1, 3],
      [2, 5],
      [2, 7],
    ]);
    expect(crossed).toMatchObject({ mean: 4, deviationOfSeeds: Math.SQRT2 });
    expect(crossed.deviationOfData).toBeCloseTo(Math.sqrt(8), 12);
    expect(
      runMean([
        [1, 1],
        [2, 3],
      ]),
    ).toMatchObject({ deviationOfData: Number.NaN, deviationOfSeeds: Number.NaN });
    expect(
      runMean([
        [1, 1],
        [1, 3],
      ]),
    ).toMatchObject({ deviationOfData: Number.NaN, deviationOfSeeds: Math.SQRT2 });
  });
});
