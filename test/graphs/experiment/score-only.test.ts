import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, describe, expect, it } from 'vitest';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { writeMovieLens } from '../../fixtures/movielens.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-scores-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('a recommender that gives scores and no ratings, in an experiment', () => {
  it('has figures of the order alone, for each user too, and is tested by nothing else', async () => {
    const ratings = await writeMovieLens(join(directory, 'ml'), { users: 30, movies: 40 });
    const out = join(directory, 'out');
    const { rows, comparisons } = await runExperiment(
      { ratings, recommenders: ['baseline', 'popularity'], scenarios: ['non-cold'], compareTo: 'baseline' },
      { out },
    );
    const popularity = rows.find(({ label }) => label === 'popularity');
    expect(popularity?.metrics.rmse?.mean).toBeNaN();
    expect(popularity?.metrics['precision@4']?.mean).toBeNaN();
    const tested = comparisons.filter(({ label, over }) => label === 'popularity' && over === 'users');
    expect(tested.map(({ metric }) => metric).sort()).toEqual([
      'auc',
      'ndcg@10',
      'ndcg@4',
      'ndcgRelevant@10',
      'ndcgRelevant@4',
    ]);
    const files = readdirSync(join(out, 'users')).filter(
      (name) => name.includes('popularity') && name.endsWith('.arrow'),
    );
    const means = files.map((name) => {
      const values = [...(tableFromIPC(readFileSync(join(out, 'users', name))).getChild('ndcg@4') ?? [])] as number[];
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    expect(mean).toBeCloseTo(popularity?.metrics['ndcg@4']?.mean as number, 12);
  });
});

describe('an experiment that leaves the last rating of each user out', () => {
  it('says that one rated item is first in any order', async () => {
    const ratings = await writeMovieLens(join(directory, 'ml'), { users: 30, movies: 40 });
    const config = { ratings, recommenders: ['baseline' as const], scenarios: ['leave-last-out' as const] };
    const { warnings } = await runExperiment({ ...config, threshold: 3 }, { out: join(directory, 'last') });
    expect(warnings.join()).toContain('leave-last-out tests one rating of each user');
    const all = await runExperiment({ ...config, protocol: 'catalogue' }, { out: join(directory, 'all') });
    expect(all.warnings.join()).not.toContain('leave-last-out');
  });
});
