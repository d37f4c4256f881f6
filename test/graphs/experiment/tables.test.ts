import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { environment } from '../../../src/graphs/experiment/environment.ts';
import type { ExperimentConfig } from '../../../src/graphs/experiment/experiment-config.ts';
import { experimentPlaces, pointName } from '../../../src/graphs/experiment/experiment-points.ts';
import type { PointResult } from '../../../src/graphs/experiment/point-result.ts';
import { experimentEntries } from '../../../src/graphs/experiment/recommender-entries.ts';
import { cartesianProduct, recommenderVariants } from '../../../src/graphs/experiment/recommender-variants.ts';
import { learningCsv, rocCsv, rowsCsv } from '../../../src/graphs/experiment/render-csv.ts';
import { tablesMarkdown, tablesText } from '../../../src/graphs/experiment/render-tables.ts';
import { resolveConfig } from '../../../src/graphs/experiment/resolve-config.ts';
import { resultTables } from '../../../src/graphs/experiment/result-tables.ts';
import { tableSheet } from '../../../src/graphs/experiment/sheets.ts';
import { seedMean, summarise } from '../../../src/graphs/experiment/summarise.ts';
import { evaluate } from '../../../src/models/metrics/evaluate.ts';
import { meanOfFolds } from '../../../src/models/metrics/mean-of-folds.ts';
import { numbersOf } from '../../fixtures/movielens.ts';

const config: ExperimentConfig = {
  ...{ ratings: 'unused', recommenders: ['baseline', 'svd'], seeds: [1, 2, 3], grid: { svd: { factors: [4, 8] } } },
};
const experiment = resolveConfig(config);
const variants = recommenderVariants(experiment);
const entries = experimentEntries(experiment);
const points = experimentPlaces(experiment).flatMap((place) => variants.map((variant) => ({ ...place, variant })));

/** Test ratings and predictions that only the seed decides. */
function evaluationOf(seed: number) {
  const next = numbersOf(seed);
  const pairs = Array.from({ length: 60 }, (_, at) => at);
  const rating = () => Math.round(2 * (0.5 + 4.5 * next())) / 2;
  return evaluate(
    {
      users: Int32Array.from(pairs, (at) => Math.floor(at / 6)),
      items: Int32Array.from(pairs, (at) => at % 6),
      ratings: Float64Array.from(pairs, rating),
      predictions: Float64Array.from(pairs, rating),
    },
    { scale: { minimum: 0.5, maximum: 5 }, ks: [4, 10] },
  );
}

const results: PointResult[] = points.map((point, index) => ({
  ...{ scenario: point.scenario, label: point.variant.label, recommender: point.variant.recommender },
  ...{
    options: point.variant.options,
    splitSeed: point.splitSeed,
    seed: point.seed,
    fold: point.fold,
    software: 'reelflow test',
  },
  counts: {
    train: 10,
    validation: 0,
    test: 60,
    users: 10,
    items: 6,
    ratings: 70,
    usersWithFewer: 0,
    testItems: 6,
    newTestItems: 0,
  },
  ...{ refit: true, resolvedOptions: {}, environment: environment(), history: [], precisionRecall: [] },
  ...{ trainSeconds: 1.5, predictSeconds: 0.25, peakRssBytes: 2 ** 27, epochs: 0 },
  evaluation: evaluationOf(index + 1),
}));
const rows = summarise(experiment, entries, results);
const published = { shown: false, source: 'nobody', differs: ['everything'] };
const tables = resultTables(experiment, rows, 'rating > 3.5', published);

describe('points of an experiment', () => {
  it('are all of scenarios x seeds x recommenders x folds, each with a file of its own', () => {
    expect(results).toHaveLength(2 * 3 * 3 * 2);
    const names = points.map(pointName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9._-]+$/);
  });

  it('a grid has every combination once', () => {
    const lists = fc.array(fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(lists, (values) => {
        const named = values.map((list, index): [string, number[]] => [`key${index}`, list]);
        const choices = cartesianProduct(named);
        expect(choices).toHaveLength(values.reduce((product, list) => product * list.length, 1));
        expect(new Set(choices.map((choice) => JSON.stringify(choice))).size).toBe(choices.length);
        for (const choice of choices) {
          for (const [key, list] of named) expect(list).toContain(choice[key]);
        }
      }),
    );
  });
});

describe('rows of an experiment', () => {
  it('have the mean over folds of each seed, then the mean and the deviation over seeds', () => {
    const row = rows.find(({ scenario, label }) => scenario === 'hard-cold' && label === 'svd (factors 8)');
    const ofSeeds = [1, 2, 3].map((seed) =>
      meanOfFolds(
        results
          .filter((point) => point.scenario === 'hard-cold' && point.label === 'svd (factors 8)' && point.seed === seed)
          .map(({ evaluation }) => evaluation),
      ),
    );
    const values = ofSeeds.map(({ ranking }) => ranking['4']?.ndcg ?? 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / 3;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2;
    expect(row?.metrics['ndcg@4']?.mean).toBeCloseTo(mean, 12);
    expect(row?.metrics['ndcg@4']?.deviation).toBeCloseTo(Math.sqrt(variance), 12);
    expect(row?.metrics.trainSeconds).toMatchObject({ mean: 3, deviation: 0 });
  });

  it('leave out a seed that lacks a fold', () => {
    const without = results.filter(({ seed, fold }) => seed !== 2 || fold !== 1);
    expect(summarise(experiment, entries, without).map(({ seeds }) => seeds)).toEqual(rows.map(() => [1, 3]));
  });

  it('a deviation does not change when the same is added to all values, and is that of a scaled list', () => {
    const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: -50, max: 50 }), (values, shift) => {
        const [plain, moved] = [seedMean(values), seedMean(values.map((value) => 2 * value + shift))];
        expect(moved.mean).toBeCloseTo(2 * plain.mean + shift, 8);
        expect(moved.deviation).toBeCloseTo(2 * plain.deviation, 8);
      }),
    );
    expect(seedMean([1, 3, Number.NaN])).toEqual({ mean: 2, deviation: Math.SQRT2 });
    expect(seedMean([4]).deviation).toBeNaN();
  });
});

describe('tables of an experiment', () => {
  it('tell the deviation between data from that between seeds, where these are crossed', () => {
    const cell = { mean: 0.8421, deviation: 0.0061, deviationOfData: 0.0052, deviationOfSeeds: 0.0021 };
    const [table] = tables;
    if (table === undefined) throw new Error('there is a table');
    const shown = (mae: typeof cell) =>
      tableSheet({ ...table, rows: [{ label: 'a', use: 'compared', runs: 3, cells: { mae }, published: {} }] })
        .rows[1]?.[1]?.text;
    expect(shown(cell)).toBe('0.842 ±0.006 (0.005/0.002)');
    expect(shown({ ...cell, deviationOfData: Number.NaN })).toBe('0.842 ±0.006 (-/0.002)');
    expect(shown({ ...cell, deviationOfData: Number.NaN, deviationOfSeeds: Number.NaN })).toBe('0.842 ±0.006');
  });

  it('stand beside a file of all epochs, of the fit that was tested and of the one that was judged', () => {
    const [first] = results;
    if (first === undefined) throw new Error('there are results');
    const epoch = { epoch: 0, steps: 9, learningRate: 0.01, trainingLoss: 1.5, validationLoss: null };
    const judged = {
      evaluation: evaluationOf(1),
      share: 1,
      trainSeconds: 1,
      history: [{ ...epoch, validationLoss: 2 }],
    };
    const lines = learningCsv(entries, [{ ...first, history: [epoch], validation: judged }]).split('\n');
    expect(lines[0]?.split(',').slice(8)).toEqual([
      ...['fit', 'epoch', 'steps', 'learning_rate', 'training_loss', 'validation_loss'],
    ]);
    expect(lines[1]).toMatch(/,tested,1,9,0.01,1.5,$/);
    expect(lines[2]).toMatch(/,judged,1,9,0.01,1.5,2$/);
    const withheld = learningCsv(entries, [{ ...first, refit: false, history: judged.history, validation: judged }]);
    expect(withheld.split('\n').slice(1, -1)).toEqual([expect.stringMatching(/,tested,1,9,0.01,1.5,2$/)]);
  });

  it('are accuracy, ranking at each k, other metrics and cost of each scenario, numbered as the main tables', () => {
    expect(tables.map(({ kind, scenario, thesisTable }) => [kind, scenario, thesisTable])).toEqual([
      ...[4, 5, 6, 9, 11].map((number, at) => [
        ['accuracy', 'ranking', 'ranking', 'other', 'cost'][at],
        'non-cold',
        number,
      ]),
      ...[4, 7, 8, 10, 11].map((number, at) => [
        ['accuracy', 'ranking', 'ranking', 'other', 'cost'][at],
        'hard-cold',
        number,
      ]),
    ]);
    for (const table of tables) {
      expect(table.rows.map(({ label }) => label)).toEqual(entries.map(({ label }) => label));
    }
  });

  it('have time and memory in the table of cost', () => {
    const cost = tablesText(tables.filter(({ kind }) => kind === 'cost'));
    expect(cost).toMatch(/^recommender +train s +predict s +epochs +peak MiB +no list +constant$/m);
    expect(cost).toMatch(/^baseline +3\.00 ±0\.00 +0\.50 ±0\.00 +0\.0 ±0\.0 +128 ±0 +0\.233 ±0\.202 +0\.000 ±0\.000$/m);
  });

  it('say the rule in each, and have as many cells in a line as columns', () => {
    expect(tablesText(tables).match(/rating > 3\.5/g)).toHaveLength(tables.length);
    const markdown = tablesMarkdown(tables);
    expect(markdown.match(/rating > 3\.5/g)).toHaveLength(tables.length);
    for (const block of markdown.split('### ').slice(1)) {
      const lines = block.split('\n').filter((line) => line.startsWith('|'));
      expect(lines).toHaveLength(2 + variants.length);
      expect(new Set(lines.map((line) => line.split('|').length)).size).toBe(1);
    }
  });

  it('are in the CSV in full, and read back as they were', () => {
    const csv = rowsCsv(rows, experiment, () => ({}));
    const lines = parse(csv, { columns: true }) as Record<string, string>[];
    expect(lines).toHaveLength(rows.reduce((sum, row) => sum + Object.keys(row.metrics).length, 0));
    for (const line of lines) {
      const row = rows.find(({ scenario, label }) => scenario === line.scenario && label === line.label);
      const mean = row?.metrics[line.metric as string]?.mean ?? Number.NaN;
      expect(line.mean).toBe(Number.isNaN(mean) ? '' : String(mean));
      expect(line).toMatchObject({ threshold: '3.5', threshold_rule: 'gt', seeds: '3' });
    }
    const curves = parse(rocCsv(rows), { columns: true }) as Record<string, string>[];
    for (const [index, point] of curves.entries()) {
      const before = curves[index - 1];
      if (before?.label !== point.label || before?.scenario !== point.scenario) continue;
      expect(Number(point.true_positive_rate)).toBeGreaterThanOrEqual(Number(before?.true_positive_rate));
      expect(Number(point.false_positive_rate)).toBeGreaterThanOrEqual(Number(before?.false_positive_rate));
    }
  });
});
