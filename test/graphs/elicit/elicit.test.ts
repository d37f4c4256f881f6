import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elicit } from '../../../src/graphs/elicit/elicit.ts';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { writeMovieLens } from '../../fixtures/movielens.ts';

let directory: string;
let ratings: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-elicit-'));
  ratings = await writeMovieLens(join(directory, 'ml'), { users: 30, movies: 24 });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('elicit', () => {
  it('asks users who were not learnt from, the same ones for one seed', async () => {
    const ask = () =>
      elicit({
        ratings,
        questions: 5,
        strategies: ['popularity', 'random', 'expected-error', 'decision-tree'],
        options: { factors: 4, epochs: 5 },
      });
    const report = await ask();
    expect(report.users.learnt + report.users.asked).toBe(30);
    expect(Object.keys(report.curves)).toEqual(['popularity', 'random', 'expected-error', 'decision-tree']);
    for (const points of Object.values(report.curves)) {
      expect(points.map(({ questions }) => questions)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(points.every(({ rmse, ndcg }) => rmse > 0 && ndcg > 0)).toBe(true);
    }
    // Before any answer the order of the questions does not matter.
    expect(report.curves.popularity?.[0]?.rmse).toBe(report.curves.random?.[0]?.rmse);
    expect(await ask()).toEqual(report);
  });

  it('refuses a recommender that new users tell nothing, and content without features', async () => {
    const small = { epochs: 1, width: 4, joint: 4, content: false };
    await expect(elicit({ ratings, recommender: 'multimodal-cnn', options: small })).rejects.toMatchObject({
      code: 'no-new-users',
    });
    await expect(elicit({ ratings, strategies: ['content-spread'] })).rejects.toMatchObject({
      code: 'missing-features',
    });
  });
});

describe('an experiment that knows who its users are', () => {
  it('shows how well each group is served', async () => {
    const demographics = join(directory, 'users.csv');
    const rows = Array.from({ length: 30 }, (_, user) => `${user + 1},${user < 15 ? 'basic' : 'full'}`);
    await writeFile(demographics, `userId,plan\n${rows.join('\n')}\n`);
    const out = join(directory, 'results');
    const config = { ratings, demographics, recommenders: ['baseline'], scenarios: ['random'], folds: 2, perUser: 10 };
    const { groups } = await runExperiment(config, { out });
    expect(groups.map(({ field, group, label }) => [field, group, label])).toEqual([
      ['plan', 'basic', 'baseline'],
      ['plan', 'full', 'baseline'],
    ]);
    expect(groups.every(({ metrics }) => (metrics.rmse as number) > 0)).toBe(true);
    expect(await readFile(join(out, 'tables.txt'), 'utf8')).toContain('Users in groups: random, by plan');
    expect(await readFile(join(out, 'groups.csv'), 'utf8')).toContain('random,baseline,plan,basic,');
  });
});
