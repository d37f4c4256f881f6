import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluatePredictions } from '../../../src/graphs/evaluation.ts';
import type { ExperimentConfig } from '../../../src/graphs/experiment/experiment-config.ts';
import type { PointResult } from '../../../src/graphs/experiment/point-result.ts';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { pairedTTest } from '../../../src/models/statistics/paired-t-test.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { writeMovieLens } from '../../fixtures/movielens.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let ratings: string;
const at = (...names: string[]) => join(place.path, ...names);

beforeAll(async () => {
  place = await temporaryDirectory();
  ratings = await writeMovieLens(at('movielens'), { users: 25, movies: 30 });
});
afterAll(() => place.remove());

const run = (out: string, config: Partial<ExperimentConfig>) =>
  runExperiment({ ratings, scenarios: ['non-cold'], ...config }, { out: at(out) });

function pointsOf(out: string, directory = 'points'): PointResult[] {
  return readdirSync(at(out, directory)).map((name) => JSON.parse(readFileSync(at(out, directory, name), 'utf8')));
}

describe('an experiment that selects by the validation part', () => {
  const config = {
    ...{ recommenders: ['baseline', 'item-knn'], seeds: [1, 2], compareTo: 'baseline', predictions: true, csv: true },
    ...{ grid: { 'item-knn': { neighbours: [1, 3, 9, 27] } }, select: 'rmse' },
  };

  it('tests what had the best validation figure at each fold and seed, and nothing else', async () => {
    const { rows, trials, points } = await run('selected', config);
    expect(trials).toEqual({ computed: 4 * 4, reused: 0, failed: 0 });
    expect(points).toMatchObject({ total: 8, computed: 8 });
    const [, row] = rows;
    expect(row).toMatchObject({ label: 'item-knn (selected by rmse)', use: 'selected', seeds: [1, 2] });
    const tried = pointsOf('selected', 'trials') as unknown as (PointResult & { evaluation: { rmse: number } })[];
    for (const { seed, fold, label } of row?.chosen ?? []) {
      const own = tried.filter((trial) => trial.seed === seed && trial.fold === fold);
      const best = own.reduce((one, other) => (other.evaluation.rmse < one.evaluation.rmse ? other : one));
      expect([own.length, label]).toEqual([4, best.label]);
    }
    expect(row?.chosen).toHaveLength(4);
    expect(Object.keys(row?.validation ?? {})).toContain('rmse');
    const again = await run('selected', config);
    expect([again.trials.reused, again.points.reused]).toEqual([16, 8]);
    expect(again.rows[1]?.metrics.rmse).toEqual(row?.metrics.rmse);
  });

  it('keeps values of users that the tests can be computed from again, and predictions that give the figures', async () => {
    const { comparisons } = await run('selected', config);
    const values = (model: string) => {
      const sums = new Map<string, number[]>();
      for (const name of readdirSync(at('selected', 'users')).filter((each) => each.includes(`_${model}_`))) {
        if (!name.endsWith('.arrow')) continue;
        for (const row of tableFromIPC(readFileSync(at('selected', 'users', name)))) {
          sums.set(String(row.user), [...(sums.get(String(row.user)) ?? []), Number(row.rmse)]);
        }
      }
      return [...sums].sort().map(([, list]) => list.reduce((sum, value) => sum + value, 0) / list.length);
    };
    const found = comparisons.find(({ metric, over }) => metric === 'rmse' && over === 'users');
    const expected = pairedTTest(values('item-knn'), values('baseline'));
    expect(found?.pairs).toBe(25);
    expect(found?.t.p).toBeCloseTo(expected.p, 9);
    expect(comparisons.filter(({ over }) => over === 'seeds')[0]?.pairs).toBe(2);

    const csv = parse(readFileSync(at('selected', 'values.csv')), { columns: true }) as Record<string, string>[];
    for (const name of readdirSync(at('selected', 'predictions'))) {
      const stem = name.replace(/\.[a-z]+$/, '');
      const point = JSON.parse(readFileSync(at('selected', 'points', `${stem}.json`), 'utf8')) as PointResult;
      const report = await evaluatePredictions(at('selected', 'predictions', name), {
        scale: { minimum: 0.5, maximum: 5 },
      });
      expect(report.rmse).toBeCloseTo(point.evaluation.rmse, 6);
      const line = csv.find(
        ({ options, seed, fold, part, metric }) =>
          [options, seed, fold, part, metric].join() === [point.label, point.seed, point.fold, 'test', 'rmse'].join(),
      );
      expect(Number(line?.value)).toBe(point.evaluation.rmse);
    }
  });

  it('halves in rounds, and finds the same when it goes on after some trials', async () => {
    const halving = { ...config, search: 'halving', predictions: false, csv: false } as const;
    const whole = await run('halved', halving);
    const shares = pointsOf('halved', 'trials').map((trial) => (trial as unknown as { share: number }).share);
    expect(shares.filter((share) => share < 1)).toHaveLength(4 * 4);
    expect(shares.filter((share) => share === 1)).toHaveLength(2 * 4);
    // What is there of the grid's run is all on the whole rows; the first round is new.
    const resumed = await run('selected', halving);
    expect(resumed.trials).toMatchObject({ computed: 16, reused: 8 });
    expect(resumed.rows[1]?.chosen).toEqual(whole.rows[1]?.chosen);
  });

  it('says of rows of a bare grid, wherever they stand, that they are not for selection', async () => {
    const { select: _metric, compareTo: _row, ...bare } = config;
    const { tables } = await run('bare', bare);
    for (const name of ['tables.txt', 'tables.md', 'tables.tex']) {
      expect(readFileSync(at('bare', name), 'utf8')).toContain('item-knn (neighbours 27) [not for selection]');
    }
    const lines = parse(readFileSync(at('bare', 'results.csv')), { columns: true }) as Record<string, string>[];
    expect(new Set(lines.map(({ recommender, use }) => `${recommender}: ${use}`))).toEqual(
      new Set(['baseline: compared', 'item-knn: not for selection']),
    );
    expect(tables[0]?.note).toContain('not for selection');
  });
});

describe('the rows that recommenders learn from', () => {
  it('are the same for all: training and validation part with a refit, the training part without', async () => {
    const net = { deepcf: { embedding: 4, widths: [4], epochs: 3 } };
    const models = { recommenders: ['baseline', 'deepcf'], set: net };
    const refitted = await run('refit', models);
    await run('withheld', { ...models, refit: false });
    const counts = (out: string) => pointsOf(out).map(({ counts: { train, validation } }) => [train, validation]);
    for (const [out, both] of [
      ['refit', true],
      ['withheld', false],
    ] as const) {
      const [baseline, other, ...networks] = counts(out);
      expect(networks).toEqual([baseline, other]);
      expect((baseline?.[0] ?? 0) > (counts('withheld')[0]?.[0] ?? 0)).toBe(both);
    }
    const network = pointsOf('refit').find(({ recommender: model }) => model === 'deepcf');
    expect(network?.validation?.best?.epoch).toBeGreaterThanOrEqual(0);
    expect(network?.history).toHaveLength(network?.epochs ?? -1);
    expect(network?.history.every(({ validationLoss }) => validationLoss === null)).toBe(true);
    expect(network?.resolvedOptions).toMatchObject({ embedding: 4, batch: 128 });
    expect(network?.environment).toMatchObject({ node: process.versions.node, cpu: expect.any(String) });
    expect(refitted.tables[0]?.note).toContain('all learn from training and validation part');
  });
});

describe('an experiment that was given what says nothing in it', () => {
  it('names each key and option, and is silent about those that say something', async () => {
    const { warnings } = await run('idle', {
      ...{ recommenders: ['item-knn'], set: { 'item-knn': { shrinkage: 5 } }, foldIn: 0.5, cut: 0.7, fewer: 'drop' },
      ...{ logDirectory: at('logs') },
    });
    const idle = warnings.filter((warning) => warning.includes('no effect'));
    expect(idle.map((warning) => warning.split('`')[1])).toEqual([
      'cut',
      'foldIn',
      'fewer',
      'logDirectory',
      'shrinkage',
    ]);
    const used = await run('not-idle', {
      recommenders: ['baseline'],
      scenarios: ['user'],
      foldIn: 0.5,
      perUser: 9,
      fewer: 'drop',
    });
    expect(used.warnings.filter((warning) => warning.includes('no effect'))).toEqual([]);
  });
});

describe('the splits of an experiment', () => {
  it('are read back, also by one seed for all, and give the same figures; a changed file is refused', async () => {
    const models = { recommenders: ['baseline', 'item-knn'] };
    const first = await run('split', { ...models, perUser: 10, folds: 3 });
    const again = await run('shared', { ...models, split: at('split', 'splits') });
    expect(again.configuration.folds).toBe(3);
    expect(again.rows.map(({ metrics }) => metrics.rmse)).toEqual(first.rows.map(({ metrics }) => metrics.rmse));
    await expect(run('shared', { ...models, split: at('split', 'splits'), seeds: [4] })).rejects.toThrow('seed-4');
    // The same users and items, but one rating is another one.
    const [ml, changed] = [ratings, at('ml-changed')];
    cpSync(ml, changed, { recursive: true });
    const all = readFileSync(join(ml, 'ratings.csv'), 'utf8').split('\n');
    const [, line = ''] = readFileSync(at('split', 'splits', 'non-cold_seed-1', 'ratings.csv'), 'utf8').split('\n');
    const [user, item] = line.split(',');
    const other = all.map((line) => (line.startsWith(`${user},${item},`) ? `${user},${item},0.5,1` : line));
    const known = all.find((line) => line.startsWith(`${user},${item},`))?.split(',')[2];
    expect(known).not.toBe('0.5');
    writeFileSync(join(changed, 'ratings.csv'), other.join('\n'));
    await expect(run('other-values', { ...models, ratings: changed, split: at('split', 'splits') })).rejects.toThrow(
      `of item '${item}' by user '${user}', but the ratings have 0.5`,
    );
    // One scenario is one data set, whatever the seeds: those of the recommenders.
    const single = at('split', 'splits', 'non-cold_seed-1');
    const seeded = await run('seeded', { ...models, split: single, seeds: [1, 2] });
    expect(seeded.rows[0]?.runs.map(({ splitSeed, seed }) => [splitSeed, seed])).toEqual([
      [1, 1],
      [1, 2],
    ]);
    await expect(run('twice', { ...models, split: single, splitSeed: [1, 2] })).rejects.toThrow(
      '`splitSeed` must be a single number',
    );
    const file = at('split', 'splits', 'non-cold_seed-1', 'fold-1', 'test.csv');
    writeFileSync(file, `${readFileSync(file, 'utf8')}1,1,5\n`);
    await expect(run('changed', { ...models, split: at('split', 'splits') })).rejects.toThrow('has been changed');
  });

  it('are read back where one goes by time and has a single fold', async () => {
    const models = { recommenders: ['baseline', 'user-mean'] };
    const scenarios = ['non-cold', 'leave-last-out'];
    const first = await run('timed', { ...models, scenarios, saveSplits: 'yes' });
    const again = await run('timed-again', { ...models, scenarios, split: at('timed', 'splits') });
    expect(again.points).toMatchObject({ total: 6, computed: 6 });
    expect(again.rows.map(({ metrics }) => metrics.rmse)).toEqual(first.rows.map(({ metrics }) => metrics.rmse));
  });
});
