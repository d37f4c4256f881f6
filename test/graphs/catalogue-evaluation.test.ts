import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runExperiment } from '../../src/graphs/experiment/run-experiment.ts';
import { evaluateRecommender } from '../../src/graphs/recommender-evaluation.ts';
import { temporaryDirectory } from '../fixtures/clips.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  place = await temporaryDirectory();
});
afterAll(() => place.remove());

async function file(name: string, lines: readonly string[]): Promise<string> {
  const path = join(place.path, name);
  await writeFile(path, `${['user,item,rating,timestamp', ...lines].join('\n')}\n`);
  return path;
}

// Item a is liked most, then b, c, d, e: so an unbiased recommender of item means lists them.
const train = ['u,a,5,1', 'v,a,5,1', 'u,b,4,1', 'w,b,4,1', 'v,c,3,1', 'w,c,3,1', 'u,d,2,1', 'v,e,1,1', 'w,e,1,1'];

test('every item that a user has not met is ranked, and what the user came to like is looked for', async () => {
  // u has met a, b, d: c and e are left; likes e, the second. w has met b, c, e: a and d are left;
  // likes a.
  const tested = ['u,e,5,2', 'w,a,4,2', 'v,d,1,2'];
  const report = await evaluateRecommender({
    ...{ train: await file('train.csv', train), test: await file('test.csv', tested) },
    ...{ recommender: 'baseline', options: { method: 'als' }, protocol: 'catalogue', ks: [1, 2] },
  });
  expect(report.topN).toMatchObject({ users: 2, items: 5, averageRelevant: 1, constant: 0 });
  expect(report.topN?.at['1']).toMatchObject({ recall: 1 / 2, hitRate: 1 / 2, mrr: 1 / 2, coverage: 2 / 5 });
  expect(report.topN?.at['2']).toMatchObject({ recall: 1, precision: 1 / 2, mrr: 3 / 4, map: 3 / 4, coverage: 4 / 5 });
  expect(report.topN?.at['2']?.ndcg).toBeCloseTo((1 / Math.log2(3) + 1) / 2, 12);
  // c, e and a were rated by two of three users, d by one.
  const information = { two: -Math.log2(2 / 3), one: -Math.log2(1 / 3) };
  const novelty = (information.two + (information.two + information.one) / 2) / 2;
  expect(report.topN?.at['2']?.novelty).toBeCloseTo(novelty, 12);
});

test('ratings taken for what was chosen are all alike: only lists over the catalogue can be evaluated', async () => {
  const files = {
    train: await file('train-2.csv', train),
    test: await file('test-2.csv', ['u,e,5,2', 'w,a,4,2', 'v,d,1,2']),
  };
  const options = { ...files, recommender: 'random', implicit: 'ge:4' } as const;
  await expect(evaluateRecommender(options)).rejects.toThrow('each of 2 test ratings is above 0.5');
  const report = await evaluateRecommender({ ...options, protocol: 'catalogue' });
  expect(report.files.map(({ leftOut }) => leftOut)).toEqual([5, 1]);
  expect(report).toMatchObject({ trainMean: 1, scale: { minimum: 0, maximum: 1 }, threshold: 0.5 });
  expect(report.topN?.users).toBe(2);
  await expect(evaluateRecommender({ ...options, implicit: 'gt:4,5' as 'any' })).rejects.toThrow(
    '`implicit` must be any',
  );
});

test('an experiment compares recommenders by time and by user over the catalogue', async () => {
  const lines = Array.from({ length: 12 }, (_, user) =>
    Array.from(
      { length: 8 },
      (_, order) => `${user},${(user + order * 3) % 20},${(order % 5) + 1},${order * 10 + user}`,
    ),
  ).flat();
  const result = await runExperiment(
    {
      ...{ ratings: await file('all.csv', lines), recommenders: ['baseline', 'random'], protocol: 'catalogue' },
      ...{ scenarios: ['leave-last-out', 'time', 'user', 'user-cold'], implicit: 'ge:2', k: [3], core: 2 },
    },
    { out: join(place.path, 'out') },
  );
  expect(result.failures).toEqual([]);
  // One split by time, two folds by user; two recommenders.
  expect(result.points).toMatchObject({ total: (1 + 1 + 2 + 2) * 2, computed: 12 });
  const titles = result.tables.filter(({ kind }) => kind === 'catalogue').map(({ title }) => title);
  expect(titles).toContain('All items ranked @3, ratings after a moment');
  for (const row of result.rows) {
    // What was chosen is always 1: such a recommender predicts one number, and draws decide.
    if (row.recommender === 'baseline') expect(row.metrics['catalogue.constant']?.mean).toBe(1);
    expect(row.metrics['catalogue.coverage@3']?.mean).toBeGreaterThan(0);
    expect(row.metrics['catalogue.ndcg@3']?.mean).toBeLessThanOrEqual(1);
  }
});
