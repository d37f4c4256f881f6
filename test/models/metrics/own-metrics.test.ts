import { describe, expect, it } from 'vitest';
import { selectionMetric } from '../../../src/graphs/experiment/search.ts';
import { evaluate } from '../../../src/models/metrics/evaluate.ts';
import { meanOfFolds } from '../../../src/models/metrics/mean-of-folds.ts';
import { metricVersions, registerMetric } from '../../../src/models/metrics/own-metrics.ts';
import { UserValues } from '../../../src/models/metrics/user-values.ts';

const scale = { minimum: 1, maximum: 5 };
const rows = {
  users: Int32Array.of(0, 0, 1, 1),
  items: Int32Array.of(0, 1, 0, 1),
  ratings: Float32Array.of(5, 1, 1, 5),
  predictions: Float32Array.of(4, 3, 4, 3),
};
const hitRate = {
  name: 'ownHitRate',
  version: '1',
  ofUser: ({ relevant }: { readonly relevant: Uint8Array }, k: number) => (relevant.subarray(0, k).includes(1) ? 1 : 0),
};

describe('a metric of your own', () => {
  it('has a value at each list length, for each user and over folds, and may be selected by', () => {
    registerMetric(hitRate);
    const values = new UserValues([1]);
    const evaluation = evaluate(rows, { scale, ks: [1, 2], onUser: (user, list) => values.add(user, list) });
    expect(evaluation.ranking).toMatchObject({ 1: { ownHitRate: 0.5 }, 2: { ownHitRate: 1 } });
    expect(values.result().values['ownHitRate@1']).toEqual(Float64Array.of(1, 0));
    expect(meanOfFolds([evaluation, evaluation]).ranking).toMatchObject({ 1: { ownHitRate: 0.5 } });
    const experiment = { k: [1, 2], catalogueK: [], implicit: undefined, protocol: 'rated' } as const;
    expect(selectionMetric('ownHitRate', experiment)).toBe('ownHitRate@2');
  });

  it('is known with its version, and replaced when it is registered again', () => {
    registerMetric({ ...hitRate, version: '2', ofUser: () => 7 });
    expect(metricVersions().filter((name) => name.startsWith('ownHitRate'))).toEqual(['ownHitRate 2']);
    expect(evaluate(rows, { scale, ks: [1] }).ranking).toMatchObject({ 1: { ownHitRate: 7 } });
  });

  it('is not computed from scores if it needs ratings', () => {
    registerMetric({ ...hitRate, needsRatings: true });
    expect(evaluate(rows, { scale, ks: [1], predicts: 'scores' }).ranking).toMatchObject({
      1: { ownHitRate: Number.NaN },
    });
  });

  it('is refused with the name of a built-in one, and blamed by its name when it fails', () => {
    expect(() => registerMetric({ ...hitRate, name: 'ndcg' })).toThrow("cannot have the name 'ndcg'");
    registerMetric({ ...hitRate, name: 'broken', ofUser: () => 'much' as never });
    expect(() => evaluate(rows, { scale })).toThrow('`ofUser` of metric broken must return a number');
  });
});
