import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExperimentConfig } from '../../../src/graphs/experiment/experiment-config.ts';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
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

const run = (out: string, config: Partial<ExperimentConfig>, signal?: AbortSignal) =>
  runExperiment({ ratings, scenarios: ['non-cold'], ...config }, { out: at(out), signal });

describe('rows that do not have the same runs', () => {
  const config = {
    ...{ recommenders: ['baseline', 'user-mean', 'item-knn'], seeds: [1, 2, 3], compareTo: 'baseline' },
    saveSplits: 'no' as const,
  };

  it('are compared over the runs that both have, are never marked as best, and say what they lack', async () => {
    const whole = await run('whole', config);
    cpSync(at('whole'), at('part'), { recursive: true });
    const lost = readdirSync(at('part', 'points')).find((name) => /_user-mean_.*_seed-3_fold-2/.test(name)) as string;
    rmSync(at('part', 'points', lost));
    // All other points are there, and the one that is missing is not begun.
    const part = await run('part', config, AbortSignal.abort());
    const row = part.rows.find(({ label }) => label === 'user-mean');
    expect(row?.runs.map(({ seed }) => seed)).toEqual([1, 2]);
    const two = await run('two', { ...config, seeds: [1, 2] });
    const tested = ({ comparisons }: typeof part, label: string) =>
      comparisons.filter((each) => each.label === label && each.over === 'users');
    expect(tested(part, 'user-mean').map(({ metric, difference, t }) => [metric, difference, t.p])).toEqual(
      tested(two, 'user-mean').map(({ metric, difference, t }) => [metric, difference, t.p]),
    );
    expect(tested(part, 'item-knn').map(({ difference }) => difference)).toEqual(
      tested(whole, 'item-knn').map(({ difference }) => difference),
    );
    const marked = part.tables.flatMap(({ marks }) => Object.values(marks).flatMap(({ best, level }) => [best, level]));
    expect(marked).toContain('baseline');
    expect(marked).not.toContain('user-mean');
    expect(readFileSync(at('part', 'tables.md'), 'utf8')).toContain('| user-mean [2 of 3 runs] |');
    expect(readFileSync(at('whole', 'tables.md'), 'utf8')).not.toContain('runs]');
  });

  it('under `skip` are compared over the folds where both have a value', async () => {
    // A threshold that user-mean passes for few users, so that its lists are often empty.
    const skipping = { ...config, seeds: [1], undefined: 'skip', threshold: 3.25, csv: true } as const;
    const { comparisons } = await run('skipping', skipping);
    const values = (recommender: string) => {
      const found = new Map<string, number>();
      for (const name of readdirSync(at('skipping', 'users'))) {
        if (!name.includes(`_${recommender}_`) || !name.endsWith('.csv')) continue;
        const lines = parse(readFileSync(at('skipping', 'users', name)), { columns: true }) as Record<string, string>[];
        for (const { fold, user, 'precision@4': value = '' } of lines) {
          if (value !== '') found.set(`${user} in ${fold}`, Number(value));
        }
      }
      return found;
    };
    const [own, theirs] = [values('user-mean'), values('baseline')];
    const byUser = new Map<string, number[]>();
    for (const [key, value] of own) {
      const known = theirs.get(key);
      const user = key.split(' ')[0] as string;
      if (known !== undefined) byUser.set(user, [...(byUser.get(user) ?? []), value - known]);
    }
    const differences = [...byUser.values()].map((each) => each.reduce((sum, value) => sum + value, 0) / each.length);
    const found = comparisons.find(
      ({ label, metric, over }) => label === 'user-mean' && metric === 'precision@4' && over === 'users',
    );
    expect(own.size).not.toBe(theirs.size);
    expect(found?.pairs).toBe(differences.length);
    expect(found?.difference).toBeCloseTo(differences.reduce((sum, value) => sum + value, 0) / differences.length, 12);
  });

  it('are no pairs where neither draws anything: a repetition is no observation', async () => {
    const repeated = { ...config, recommenders: ['baseline', 'user-mean', 'random'], splitSeed: 1 };
    const { comparisons } = await run('repeated', repeated);
    const overSeeds = comparisons.filter(({ over, metric }) => over === 'seeds' && metric === 'rmse');
    expect(overSeeds.map(({ label, pairs }) => [label, pairs])).toEqual([['random', 3]]);
  });

  it('say which fold of a scenario has nothing to be tested on', async () => {
    const path = at('once.csv');
    const lines = Array.from({ length: 40 }, (_, at) => `${at},${at % 7},${1 + (at % 5)},${at}`);
    writeFileSync(path, `userId,movieId,rating,timestamp\n${lines.join('\n')}\n`);
    const scenarios = ['random', 'leave-last-out'];
    const { failures } = await run('once', { ratings: path, scenarios, recommenders: ['baseline'] });
    expect(failures.map(({ error }) => [error.code, error.message])).toEqual([
      ['ratings', 'fold 1 of leave-last-out has no test ratings'],
    ]);
  });
});
