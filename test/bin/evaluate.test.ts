import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../../src/graphs/evaluation.ts';
import { metricNames } from '../../src/models/metrics/metrics.ts';
import { callReelflow } from '../fixtures/call-cli.ts';
import { temporaryDirectory } from '../fixtures/clips.ts';
import { writeMovieLens } from '../fixtures/movielens.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string) => join(place.path, name);

beforeAll(async () => {
  place = await temporaryDirectory();
});
afterAll(() => place.remove());

async function file(name: string, lines: readonly string[]): Promise<string> {
  await writeFile(at(name), `${lines.join('\n')}\n`);
  return at(name);
}

async function evaluate(args: readonly string[]): Promise<EvaluationReport> {
  const { code, stdout, stderr } = await callReelflow(['evaluate', ...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as EvaluationReport;
}

async function refused(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await callReelflow(['evaluate', ...args]);
  expect(code, `${stdout}${stderr}`).toBe(2);
  expect(stdout).toBe('');
  return stderr;
}

describe('reelflow evaluate --predictions', () => {
  // User 1 ranks 10 (hit), 11 (miss), then 12 below the threshold, which is relevant; user 2 has
  // one, missed.
  const rows = ['user,item,rating,prediction', '1,10,5,4.5', '1,11,2,4', '1,12,4,3', '2,10,4,3.5'];

  it('scores a file: hand-computed errors, rankings and lists, with null for what nobody has', async () => {
    const report = await evaluate(['--predictions', await file('hand.csv', rows), '--k', '1,4']);
    expect(Object.keys(report.ranking)).toEqual(['1', '4']);
    expect(report).toMatchObject({ trainSeconds: null, predictSeconds: null, diversity: null });
    expect(report.mae).toBeCloseTo((0.5 + 2 + 1 + 0.5) / 4, 12);
    expect(report.mse).toBeCloseTo((0.25 + 4 + 1 + 0.25) / 4, 12);
    expect(report.rmse).toBeCloseTo(Math.sqrt(5.5 / 4), 12);
    expect(report.nmae).toBeCloseTo(1 / 3, 12);
    const { '1': first, '4': fourth } = report.ranking;
    expect(first).toMatchObject({ precision: 0.5, recallAdjusted: 0.5, recall: 0.25, mrr: 0.5, map: 0.5 });
    expect(fourth?.precision).toBeCloseTo((1 / 2 + 0) / 2, 12);
    expect(fourth?.recallAdjusted).toBeCloseTo((1 / 2 + 0) / 2, 12);
    expect(fourth?.map).toBeCloseTo(1 / 2 / 2, 12);
    expect(report).toMatchObject({ averageRecommended: 1, averageRelevant: 1.5, personalisation: 1, auc: 0.5 });
    expect(report.coverage).toBeCloseTo(2 / 3, 12);
    expect(report.peakRssBytes).toBeGreaterThan(1e7);
  });

  it('takes genres for diversity, a catalogue for coverage, a rule for thresholds and one for users without a metric', async () => {
    const predictions = await file('hand.csv', rows);
    const movies = await file('genres.csv', ['movieId,title,genres', '10,A,Drama', '11,B,Comedy', '12,C,Drama']);
    const catalogue = await file('catalogue.txt', ['10', '11', '12', '13']);
    const report = await evaluate([
      ...['--predictions', predictions, '--movies', movies, '--catalogue', catalogue],
      ...['--threshold-rule', 'ge', '--undefined', 'skip', '--scale', '0.5,5'],
    ]);
    expect(report).toMatchObject({ diversity: 1, coverage: 2 / 4, catalogue: 4, averageRecommended: 1.5 });
    expect(report.nmae).toBeCloseTo(1 / 4.5, 12);
    expect(report.ranking['4']?.precision).toBeCloseTo((1 / 2 + 1) / 2, 12);
    const skipping = await evaluate(['--predictions', predictions, '--undefined', 'skip']);
    expect(skipping.ranking['4']?.precision).toBeCloseTo(1 / 2, 12);
  });

  it('holds ratings and predictions against the threshold as they are written', async () => {
    const close = ['user,item,rating,prediction', '1,1,3.7,3.70000001', '1,2,3.6,3.7', '1,3,3.7,3.69999999'];
    const predictions = await file('close.csv', close);
    const report = await evaluate(['--predictions', predictions, '--threshold', '3.7', '--threshold-rule', 'ge']);
    expect(report).toMatchObject({ averageRelevant: 2, averageRecommended: 2 });
  });

  it('takes other names of columns, and the first or last of two rows of a pair', async () => {
    const named = await file('named.csv', ['who,what,stars,guess', 'a,x,4,3', 'a,y,2,3', 'a,x,4,5']);
    const columns = ['--columns', 'user=who,item=what,rating=stars,prediction=guess'];
    expect(await refused(['--predictions', named, ...columns])).toMatch(/named\.csv, line 4/);
    const first = await evaluate(['--predictions', named, ...columns, '--duplicate-ratings', 'first']);
    const last = await evaluate(['--predictions', named, ...columns, '--duplicate-ratings', 'last']);
    expect([first.auc, last.auc]).toEqual([0.5, 1]);
    expect(await refused(['--predictions', named, '--columns', 'guess'])).toContain('--columns');
  });

  it('prints a table for people', async () => {
    const { stdout, code } = await callReelflow(['evaluate', '--predictions', await file('hand.csv', rows)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mae +rmse +mse +nrmse +nmae$/m);
    expect(stdout).toMatch(/^precision +0\.2500 +0\.2500$/m);
    expect(stdout).toContain('above 3.5');
    expect(stdout).toMatch(/^diversity +- +- +-$/m);
  });

  it('says how well each group of users is served, as an experiment does', async () => {
    const args = ['--predictions', await file('hand.csv', rows), '--k', '4', '--demographics'];
    const users = await file('users.csv', ['userId,gender', '1,F', '2,M']);
    const report = await evaluate([...args, users]);
    expect(report.groups?.map(({ field, group, users }) => ({ field, group, users }))).toEqual([
      { field: 'gender', group: 'F', users: 1 },
      { field: 'gender', group: 'M', users: 1 },
    ]);
    expect(report.groups?.map(({ metrics }) => metrics.mae)).toEqual([3.5 / 3, 0.5]);
    expect(report.groups?.map(({ metrics }) => metrics['precision@4'])).toEqual([0.5, 0]);
    const { stdout } = await callReelflow(['evaluate', ...args, users]);
    expect(stdout).toContain('Users in groups: by gender');
    expect(stdout).toMatch(/^predictions +F +1 +1\.1667 +[\d.]+ +[\d.]+$/m);
    expect(stdout).toMatch(/^predictions +gap +- +- +-$/m);
    const strangers = await evaluate([...args, await file('strangers.csv', ['userId,gender', '7,F'])]);
    expect(strangers.groups).toEqual([]);
    expect(strangers.warnings.join()).toContain('make no groups');
  });

  it('prints every metric that it computes', async () => {
    const { stdout } = await callReelflow(['evaluate', '--predictions', await file('hand.csv', rows)]);
    const words = new Set(stdout.match(/\w+/g));
    const names = metricNames('ratings', 'first-k', 'users', 'lists');
    expect(names.filter((name) => !words.has(name))).toEqual([]);
  });

  it('refuses bad input with file and line, exit 2', async () => {
    const bad = await file('bad.csv', [...rows.slice(0, 3), '1,12,x,3']);
    expect(await refused(['--predictions', bad])).toMatch(
      /bad\.csv, line 4: the rating 'x' is not a number \[bad-line\]/,
    );
    const twice = await file('twice.csv', [...rows, '1,10,4,3']);
    expect(await refused(['--predictions', twice])).toMatch(/twice\.csv, line 6: .*already rated item '10'/);
    const short = await file('short.csv', ['user,item,rating', '1,2,3']);
    expect(await refused(['--predictions', short])).toContain("no column 'prediction'");
    expect(await refused(['--predictions', at('missing.csv')])).toContain('missing.csv');
    const hand = await file('hand.csv', rows);
    expect(await refused(['--predictions', hand, '--k', '4,x'])).toContain('--k');
    expect(await refused(['--predictions', hand, '--recommender', 'svd'])).toContain('--recommender');
    expect(await refused(['--predictions', hand, '--catalogue', await file('few.txt', ['10'])])).toContain("item '11'");
    expect(await refused([])).toContain('--predictions FILE');
    const passed = await evaluate(['--predictions', bad, '--skip-bad-lines']);
    expect(passed.ratings).toBe(2);
    expect(passed.files[0]?.badLines.count).toBe(1);
  });
});

describe('reelflow evaluate --train --test --recommender', () => {
  let train: string;
  let test: string;
  beforeAll(async () => {
    const directory = await writeMovieLens(at('movielens'), { users: 20, movies: 24 });
    const lines = readFileSync(join(directory, 'ratings.csv'), 'utf8').trim().split('\n').slice(1);
    // MovieLens 100K's layout: tabs, no header.
    const tabbed = lines.map((line) => line.replaceAll(',', '\t'));
    train = await file(
      'u1.base',
      tabbed.filter((_, row) => row % 5 !== 0),
    );
    test = await file(
      'u1.test',
      tabbed.filter((_, row) => row % 5 === 0),
    );
  });

  it('fits every recommender that needs no features, gmf and deepcf among them, with its options', async () => {
    const movies = ['--movies', join(at('movielens'), 'movies.csv')];
    const models = [
      ['random'],
      ['baseline', '--method', 'sgd', '--set', 'epochs=5'],
      ['user-knn', '--similarity', 'msd', '--neighbours', '5', '--prediction', 'means'],
      ['item-knn', '--similarity', 'pearson-baseline', '--prediction', 'baseline', '--minimum-support', '2'],
      ['regsvd', '--seed', '3'],
      ['svd', '--factors', '8'],
      ['genre-content', ...movies],
      ['gmf', '--set', 'epochs=1', '--set', 'embedding=4'],
      ['deepcf', '--set', 'epochs=1', '--set', 'embedding=4', '--set', 'widths=8,4', '--set', 'join=1'],
    ];
    for (const [model = '', ...options] of models) {
      const given = ['--train', train, '--test', test, '--scale', '0.5,5'];
      const report = await evaluate([...given, '--model', model, ...options]);
      expect(report.rmse, model).toBeGreaterThan(0.1);
      expect(report.rmse, model).toBeLessThan(2.5);
      expect(report.trainSeconds, model).toBeGreaterThanOrEqual(0);
      expect(report.recommender).toBe(model);
      expect(report.scale).toEqual({ minimum: 0.5, maximum: 5 });
    }
  });

  it('keeps the rows in file order, so that SGD goes as the file gives them, and the seed decides the rest', async () => {
    const lines = readFileSync(train, 'utf8').trim().split('\n');
    const reversed = await file('reversed.base', [...lines].reverse());
    const of = async (path: string, seed: string) =>
      (await evaluate(['--train', path, '--test', test, '--model', 'svd', '--seed', seed])).rmse;
    const [first, again, other, turned] = [
      await of(train, '1'),
      await of(train, '1'),
      await of(train, '2'),
      await of(reversed, '1'),
    ];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(turned).not.toBe(first);
  });

  it('refuses what cannot be, exit 2', async () => {
    const given = ['--train', train, '--test', test];
    expect(await refused([...given, '--model', 'magic'])).toContain("'item-knn'");
    expect(await refused([...given, '--model', 'svd', '--set', 'neighbours=3'])).toContain('It has factors');
    expect(await refused([...given, '--model', 'lstm-av'])).toContain('--features');
    expect(await refused(['--train', train, '--test', train, '--model', 'svd'])).toContain('is in two files');
    expect(await refused(['--train', train, '--model', 'svd'])).toContain('--test');
    const bad = await file('bad.base', ['1\t2\t3\t0', '1\t3']);
    expect(await refused(['--train', bad, '--test', test, '--model', 'svd'])).toMatch(/bad\.base, line 2/);
  });
});

const data = '../shared/data';
const here = existsSync(`${data}/reference/surprise_ml_latest_small.json`);

describe.skipIf(!here)(`as Surprise computes them${here ? '' : ' (skipped: ../shared is absent)'}`, () => {
  it('gives its RMSE and MAE through the command', async () => {
    const [head = '', ...lines] = readFileSync(`${data}/ml-latest-small/ratings.csv`, 'utf8').trim().split('\n');
    const train = await file('train.csv', [head, ...lines.filter((_, row) => row % 5 !== 0)]);
    const test = await file('test.csv', [head, ...lines.filter((_, row) => row % 5 === 0)]);
    const { results } = JSON.parse(readFileSync(`${data}/reference/surprise_ml_latest_small.json`, 'utf8')) as {
      results: { model: string; options: string; rmse: number; mae: number }[];
    };
    const knn = (similarity: string, prediction: string) => [
      ...['--similarity', similarity, '--prediction', prediction, '--neighbours', '40'],
    ];
    const cases: [string, string, string[], number][] = [
      ['baseline', 'als, 10 epochs, reg_i 10, reg_u 15', [], 1e-4],
      ['user-knn', 'k 40, msd, means', knn('msd', 'means'), 1e-4],
      ['user-knn', 'k 40, cosine, z-score', knn('cosine', 'z-score'), 1e-4],
      ['item-knn', 'k 40, pearson-baseline, baseline', knn('pearson-baseline', 'baseline'), 1e-4],
      ['svd', '100 factors, 20 epochs, lr 0.005, reg 0.02, biased, seed 0', ['--seed', '0'], 0.005],
    ];
    for (const [model, options, flags, tolerance] of cases) {
      const reference = results.find((result) => result.model === model && result.options === options);
      expect(reference, `${model}, ${options}`).toBeDefined();
      const report = await evaluate(['--train', train, '--test', test, '--model', model, '--k', '10', ...flags]);
      expect(Math.abs(report.rmse - (reference?.rmse ?? 0)), `RMSE of ${model}, ${options}`).toBeLessThan(tolerance);
      expect(Math.abs(report.mae - (reference?.mae ?? 0)), `MAE of ${model}, ${options}`).toBeLessThan(tolerance);
    }
  });
});
