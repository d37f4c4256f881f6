import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { evaluate } from '../../../src/models/metrics/evaluate.ts';
import { metricNames } from '../../../src/models/metrics/metrics.ts';
import { rankedList } from '../../../src/models/metrics/ranked-list.ts';
import {
  areaUnderCurve,
  averagePrecision,
  discountedGain,
  normalisedDiscountedGain,
} from '../../../src/models/metrics/ranking-metrics.ts';
import { predicted, type Row, scale } from './support.ts';

const path = '../shared/data/reference/ranking_metrics_sklearn.json';
const here = existsSync(path);

interface Case extends Record<string, unknown> {
  readonly rel: number[];
  readonly score: number[];
}

test.skipIf(!here)(
  `NDCG, average precision and AUC are scikit-learn's to 1e-6${here ? '' : ' (skipped: ../shared is absent)'}`,
  () => {
    const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] };
    expect(cases.length).toBe(6);
    for (const { rel, score, ...expected } of cases) {
      const items = rel.map((_, index) => index);
      // Everything is recommended; relevant is a rating of at least 3, as in the reference.
      const predictions = score.map((value) => value + 3);
      const list = rankedList({ items, ratings: rel, predictions }, 3, 'ge');
      const binary = rankedList({ items, ratings: rel.map((rating) => Number(rating >= 3)), predictions }, 3, 'ge');
      const computed = {
        ndcg5_linear: normalisedDiscountedGain(list, 5, 'ndcg-linear'),
        ndcg10_linear: normalisedDiscountedGain(list, 10, 'ndcg-linear'),
        ndcg10_exp: normalisedDiscountedGain(list, 10, 'ndcg-exp'),
        dcg10_linear: discountedGain(list.ratings, 10, 'ndcg-linear'),
        ndcg10_binary: normalisedDiscountedGain(binary, 10, 'ndcg-linear'),
        ap_binary: averagePrecision(list, 20, 'map-min'),
        auc_binary: areaUnderCurve(list),
      };
      expect(Object.keys(expected).sort()).toEqual(Object.keys(computed).sort());
      for (const [name, value] of Object.entries(computed)) {
        expect(Math.abs(value - (expected[name] as number)), name).toBeLessThan(1e-6);
      }
    }
  },
);

test('every metric of rated items is that of scikit-learn and numpy to 1e-9', () => {
  const reference = new URL('reference/ranking.json', import.meta.url);
  const { rows, genres, expected } = JSON.parse(readFileSync(reference, 'utf8')).rated as {
    rows: Row[];
    genres: number[][];
    expected: Record<string, unknown> & { ranking: Record<string, Record<string, number>> };
  };
  const flags = { genreCount: 4, flags: Uint8Array.from(genres.flat()) };
  const result = evaluate(predicted(rows), { scale, ks: [2, 4, 10], genres: flags });
  // Ties alone tell `aucRanked` from `auc`, and only they make a list constant: see the next test.
  const named = [...metricNames('ratings', 'users', 'lists')].filter((name) => !/^(aucRanked|constant)$/.test(name));
  expect(Object.keys(expected).sort()).toEqual([...named, 'ranking'].sort());
  expect(Object.keys(expected.ranking['4'] ?? {}).sort()).toEqual([...metricNames('first-k', 'lists')].sort());
  const differences: string[] = [];
  const compare = (given: unknown, wanted: unknown, name: string): void => {
    if (typeof wanted === 'number') {
      if (!(Math.abs((given as number) - wanted) < 1e-9)) differences.push(`${name}: ${given}, not ${wanted}`);
      return;
    }
    for (const [key, value] of Object.entries(wanted as object)) {
      compare((given as Record<string, unknown>)[key], value, `${name} ${key}`);
    }
  };
  compare(result, expected, 'evaluation');
  expect(differences).toEqual([]);
});

test('of equal predictions `auc` counts half, `aucRanked` ranks the lesser item first, and `constant` lists are told, as scikit-learn and numpy have it to 1e-9', () => {
  const reference = new URL('reference/ranking.json', import.meta.url);
  const { rows, expected } = JSON.parse(readFileSync(reference, 'utf8')).tied as {
    rows: Row[];
    expected: Record<'auc' | 'aucRanked' | 'constant', number>;
  };
  const { auc, aucRanked, constant } = evaluate(predicted(rows), { scale });
  expect(Math.abs(expected.auc - expected.aucRanked)).toBeGreaterThan(0.001);
  expect(Math.abs(auc - expected.auc)).toBeLessThan(1e-9);
  expect(Math.abs(aucRanked - expected.aucRanked)).toBeLessThan(1e-9);
  expect(Math.abs(constant - expected.constant)).toBeLessThan(1e-9);
});
