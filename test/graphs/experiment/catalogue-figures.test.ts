import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExperimentConfig } from '../../../src/graphs/experiment/experiment-config.ts';
import { type ExperimentResult, runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { writeMovieLens } from '../../fixtures/movielens.ts';

describe('an experiment that ranks all items', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-all-items-'));
  const out = join(directory, 'out');
  let config: ExperimentConfig;
  let result: ExperimentResult;
  beforeAll(async () => {
    config = {
      ratings: await writeMovieLens(join(directory, 'ml'), { users: 30, movies: 40 }),
      ...{ recommenders: ['random', 'popularity', 'ease'], scenarios: ['non-cold'] },
      ...{ protocol: 'catalogue', implicit: 'ge:3', k: [5, 10], seeds: [1, 2] },
      grid: { ease: { regularisation: [1, 50] } },
      ...{ select: 'catalogue.ndcg', compareTo: 'random', csv: true },
    };
    result = await runExperiment(config, { out });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('chooses by the lists of the validation part, one for each fold and seed', () => {
    const ease = result.rows.find(({ recommender: model }) => model === 'ease');
    expect(ease?.label).toBe('ease (selected by catalogue.ndcg)');
    expect(ease?.chosen).toHaveLength(4);
    for (const { label, splitSeed, seed, fold } of ease?.chosen ?? []) {
      const trials = readdirSync(join(out, 'trials'))
        .filter((name) => name.includes(`_ease_`) && name.endsWith(`split-${splitSeed}_seed-${seed}_fold-${fold}.json`))
        .map((name) => JSON.parse(readFileSync(join(out, 'trials', name), 'utf8')));
      const gain = (trial: { topN: { at: Record<string, { ndcg: number }> } }) => trial.topN.at['10']?.ndcg as number;
      expect(trials).toHaveLength(2);
      const chosen = trials.find((trial) => trial.label === label);
      expect(gain(chosen)).toBe(Math.max(...trials.map(gain)));
    }
  });

  it('keeps the figures of each user, whose mean is that of the table', () => {
    const row = result.rows.find(({ label }) => label === 'popularity');
    const files = readdirSync(join(out, 'users')).filter((name) => /_popularity_.*arrow$/.test(name));
    const means = files.map((name) => {
      const table = tableFromIPC(readFileSync(join(out, 'users', name)));
      const values = ([...(table.getChild('catalogue.ndcg@10') ?? [])] as number[]).filter(
        (each) => !Number.isNaN(each),
      );
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    expect(means).toHaveLength(4);
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    expect(mean).toBeCloseTo(row?.metrics['catalogue.ndcg@10']?.mean as number, 12);
  });

  it('tests these figures and no other against the reference, and marks the best', () => {
    const metrics = new Set(result.comparisons.map(({ metric }) => metric));
    expect(metrics.has('catalogue.recall@5') && metrics.has('catalogue.map@10')).toBe(true);
    expect([...metrics].every((metric) => metric.startsWith('catalogue.'))).toBe(true);
    const table = result.tables.find(({ kind, title }) => kind === 'catalogue' && title.includes('@10'));
    const gain = (label: string) =>
      result.rows.find((row) => row.label === label)?.metrics['catalogue.ndcg@10']?.mean ?? 0;
    const best = result.rows.map(({ label }) => label).sort((one, other) => gain(other) - gain(one))[0];
    expect(table?.marks['catalogue.ndcg@10']?.best).toBe(best);
    expect(table?.marks['catalogue.novelty@10']).toBeUndefined();
  });

  it('has them in the files of values and tests', () => {
    const lines = (name: string) => readFileSync(join(out, name), 'utf8').split('\n');
    expect(lines('values.csv').filter((line) => line.includes(',test,catalogue.ndcg@10,'))).toHaveLength(12);
    expect(lines('values.csv').filter((line) => line.includes(',validation,catalogue.ndcg@10,'))).toHaveLength(12);
    expect(lines('comparisons.csv').some((line) => line.includes(',catalogue.ndcg@10,users,'))).toBe(true);
    expect(lines('tables.tex').join('\n')).toContain('\\textbf');
    const interval = lines('results.csv')
      .find((line) => /popularity,.*,test,catalogue.ndcg@10,/.test(line))
      ?.split(',');
    expect(Number(interval?.[11])).toBeLessThan(Number(interval?.[10]));
    expect(Number(interval?.[12])).toBeGreaterThan(Number(interval?.[10]));
  });

  it('is taken up where it was, with the trials that are there', async () => {
    const again = await runExperiment({ ...config, select: 'catalogue.map@5' }, { out });
    expect(again.trials).toMatchObject({ computed: 0, reused: 8 });
  });
});
