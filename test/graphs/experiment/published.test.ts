import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ExperimentConfig } from '../../../src/graphs/experiment/experiment-config.ts';
import { publishedFigures, publishedSetting, thesisTable } from '../../../src/graphs/experiment/published.ts';
import { tablesMarkdown, tablesText } from '../../../src/graphs/experiment/render-tables.ts';
import { resolveConfig } from '../../../src/graphs/experiment/resolve-config.ts';
import { resultTables } from '../../../src/graphs/experiment/result-tables.ts';
import type { ExperimentRow } from '../../../src/graphs/experiment/summarise.ts';
import { thesisRows } from '../../../src/graphs/experiment/thesis-results.ts';

const same: ExperimentConfig = {
  ...{ ratings: 'ml-20m', movies: 1000, users: 1500, perUser: 40, recommenders: ['regsvd', 'baseline'] },
  years: { from: 1970, to: 2015 },
};
const size = { ratingsRead: 20_000_263, movies: 1000, users: 1500, onlyWithContent: true };

function row(model: string, scenario: 'non-cold' | 'hard-cold', options = {}): ExperimentRow {
  const nothing = { deviation: Number.NaN, deviationOfData: Number.NaN, deviationOfSeeds: Number.NaN };
  const metrics = { rmse: { mean: 0.8, ...nothing } };
  return {
    ...{ scenario, recommender: model, label: model, options, features: undefined, use: 'compared', chosen: [] },
    ...{ seeds: [1], runs: [], metrics, validation: {}, roc: [], precisionRecall: [] },
  };
}

describe('published figures', () => {
  it('stand beside ours when the setting is the same, below the recommender, with their source', () => {
    const experiment = resolveConfig(same);
    const setting = publishedSetting(experiment, size);
    expect(setting).toMatchObject({ shown: true, differs: [] });
    const rows = [row('regsvd', 'non-cold'), row('baseline', 'non-cold'), row('regsvd', 'hard-cold')];
    const tables = resultTables(experiment, rows, 'note', setting);
    const [accuracy] = tables;
    expect(accuracy?.rows[0]?.published).toEqual({ mae: 0.674, rmse: 0.856, mse: 0.732 });
    expect(tablesText(tables)).toMatch(/^ {2}regsvd, published +0\.674 +0\.856 +0\.732$/m);
    expect(tablesMarkdown(tables)).toContain('|   regsvd, published | 0.674 | 0.856 | 0.732 |  |  |');
    const cost = tables.find(({ kind, scenario }) => kind === 'cost' && scenario === 'non-cold');
    expect(cost?.rows.map(({ published }) => published)).toEqual([{ trainSeconds: 80, predictSeconds: 2 }, {}]);
  });

  it.each([
    ['other data', {}, { ratingsRead: 100_836 }, 'MovieLens 20M'],
    ['other movies than those with trailers', {}, { onlyWithContent: false }, 'trailers'],
    ['fewer movies', {}, { movies: 999 }, '1000 movies, not 999'],
    ['other users', {}, { users: 600 }, '1500 users, not 600'],
    ['another number of ratings per user', { perUser: 30 }, {}, '20, 40, 80 ratings of each user, not 30'],
    ['other years', { years: { from: 1980, to: 2015 } }, {}, '1970'],
    ['another rule', { thresholdRule: 'ge' as const }, {}, 'not from 3.5'],
    ['another threshold', { threshold: 4 }, {}, 'not above 4'],
    ['another number of folds', { folds: 5 }, {}, '2 folds, not 5'],
    ['users left out of means', { undefined: 'skip' as const }, {}, 'left out'],
  ])('are not shown with %s', (_, changed, resized, fact) => {
    const setting = publishedSetting(resolveConfig({ ...same, ...changed }), { ...size, ...resized });
    expect(setting.shown).toBe(false);
    expect(setting.differs).toEqual([expect.stringContaining(fact)]);
  });

  it('are those of a recommender without other options, of that scenario and that number of ratings', () => {
    expect(publishedFigures(row('regsvd', 'hard-cold'), 80, false)).toMatchObject({ coverage: expect.any(Number) });
    expect(publishedFigures(row('regsvd', 'hard-cold', { factors: 8 }), 40, false)).toEqual({});
    expect(publishedFigures(row('user-knn', 'hard-cold'), 20, false)).toEqual({});
    const withFeatures = { ...row('lstm-av', 'hard-cold'), features: 'medmad' };
    expect(publishedFigures(withFeatures, 40, true)).toEqual({
      'mrr@4': 0.616,
      'map@4': 0.419,
      'ndcgRelevant@4': 0.514,
    });
  });

  it('tell which table has our layout: that of the number of ratings, or the main one', () => {
    const find = { metric: 'ndcgRelevant@10', scenario: 'hard-cold', aggregates: false };
    expect([20, 40, 80, 50, undefined].map((perUser) => thesisTable(find, perUser))).toEqual([16, 8, 23, 8, 8]);
    expect(thesisTable({ metric: 'ndcgRelevant@7', scenario: 'hard-cold', aggregates: false }, 40)).toBeUndefined();
  });
});

const path = '../shared/data/reference/thesis_results.json';
const here = existsSync(path);

describe.skipIf(!here)(`the thesis's tables${here ? '' : ' (skipped: ../shared is absent)'}`, () => {
  it('are carried figure by figure', () => {
    const { results, cost } = JSON.parse(readFileSync(path, 'utf8')) as Record<
      'results' | 'cost',
      Record<string, string | number>[]
    >;
    expect(thesisRows).toHaveLength(results.length + cost.length);
    for (const [index, reference] of [...results, ...cost].entries()) {
      const { table, perUser = 40, scenario, model: recommender, k, aggregate, ...figures } = reference;
      const carried = thesisRows[index];
      expect(carried).toMatchObject({ table, perUser, recommender });
      expect([carried?.scenario, carried?.k, carried?.aggregate]).toEqual([scenario, k, aggregate]);
      const plain = Object.entries(carried?.metrics ?? {}).map(([name, value]) => [
        (name.split('@')[0] as string).replace('recallAdjusted', 'recall').replace('ndcgRelevant', 'ndcg'),
        value,
      ]);
      expect(Object.fromEntries(plain)).toEqual(figures);
    }
  });
});
