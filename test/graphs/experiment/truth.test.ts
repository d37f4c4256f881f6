import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExperimentConfig } from '../../../src/graphs/experiment/experiment-config.ts';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  place = await temporaryDirectory();
});
afterAll(() => place.remove());

/** Twelve users rate nine of ten items; ids as data frames write them. */
async function ratings(name: string, of: (rating: number) => number, more: readonly string[] = []): Promise<string> {
  const path = join(place.path, name);
  const rows = Array.from({ length: 120 }, (_, row) => [Math.floor(row / 10), row % 10] as const)
    .filter(([user, item]) => (user + item) % 10 !== 0)
    .map(([user, item]) => `${user}.0,${item}.0,${of((((user * 7 + item * 3) % 10) + 1) / 2)}`);
  await writeFile(path, `${['user,item,rating', ...rows, ...more].join('\n')}\n`);
  return path;
}

test('tables and JSON say scale, training mean, base rate, and who has no list or one prediction for all', async () => {
  const out = join(place.path, 'out');
  const movieList = join(place.path, 'movies.csv');
  const movies = Array.from({ length: 9 }, (_, item) => `${item},Film ${item} (2000),Drama`);
  await writeFile(movieList, `${['movieId,title,genres', ...movies].join('\n')}\n`);
  const said: string[] = [];
  const result = await runExperiment(
    {
      ratings: await ratings('stars.csv', (rating) => rating, ['0,0.0,45']),
      ...{ movieList, recommenders: ['baseline'], scenarios: ['hard-cold'], protocol: 'catalogue' },
    },
    { out, onMessage: (line) => said.push(line) },
  );
  expect(result.scale).toEqual({ minimum: 0.5, maximum: 45 });
  expect(result.warnings).toEqual([
    expect.stringContaining('45 is given once'),
    "1 of 10 items ('9') are missing from the list of movies",
    expect.stringContaining('3.5 is not in the upper half of the scale 0.5 to 45'),
  ]);
  for (const warning of result.warnings) expect(said).toContain(`warning: ${warning}`);
  expect(new Set(result.tables.map(({ kind }) => kind))).toEqual(
    new Set(['accuracy', 'ranking', 'other', 'catalogue', 'cost', 'validation']),
  );
  for (const { note, columns, rows, kind } of result.tables) {
    expect(note).toMatch(
      /scale 0\.5 to 45.*rating > 3\.5.*mean of the training ratings \d\.\d+; share of relevant items 0\.\d/,
    );
    for (const title of ['no list', 'constant']) {
      const column = columns.find((each) => each.title === title);
      expect(column).toBeDefined();
      // Too few ratings for a validation part.
      if (kind !== 'validation') expect(rows[0]?.cells[column?.metric ?? '']?.mean).toBeGreaterThanOrEqual(0);
    }
  }
  const text = await readFile(join(out, 'tables.txt'), 'utf8');
  expect(text).toContain('Warning: 45 is given once');
  const { trainMean, baseRate } = result.rows[0]?.metrics ?? {};
  expect(trainMean?.mean).toBeGreaterThan(2.5);
  expect(baseRate?.mean).toBeGreaterThan(0);
});

test('an experiment in which every test rating is relevant is refused before anything is computed', async () => {
  const config = { ratings: await ratings('percent.csv', (rating) => rating * 20), recommenders: ['baseline'] };
  await expect(runExperiment(config, { out: join(place.path, 'percent') })).rejects.toThrow(
    /each of \d+ test ratings is above 3\.5; they are on a scale of 10 to 100/,
  );
});

test('features of other items than the rated ones are refused by name', async () => {
  const features = join(place.path, 'others.csv');
  await writeFile(features, 'movieId,a,b\n901,1,2\n902,3,5\n');
  const config = { ratings: await ratings('rated.csv', (rating) => rating), features, recommenders: ['content-knn'] };
  await expect(runExperiment(config, { out: join(place.path, 'others') })).rejects.toMatchObject({
    code: 'missing-features',
    message: `none of the 10 rated items has features in ${features}`,
  });
});

test('a network that its validation ratings find no better than the mean is a warning in log, point and table', async () => {
  const out = join(place.path, 'doubtful');
  const said: string[] = [];
  const config: ExperimentConfig = {
    ratings: await ratings('few.csv', (rating) => rating),
    ...{ recommenders: ['gmf', 'baseline'], scenarios: ['non-cold'], set: { gmf: { epochs: 1, learningRate: 1 } } },
  };
  const result = await runExperiment(config, { out, onMessage: (line) => said.push(line) });
  const { points } = result;
  expect(points.failed).toBe(0);
  const doubt = expect.stringMatching(
    /^gmf in non-cold: 2 of 2 fits are doubtful \(seed 1, fold 1; seed 1, fold 2\); in the first, .* no better than the mean rating/,
  );
  expect(result.warnings).toEqual([doubt]);
  expect(said).toContain(`warning: ${result.warnings[0]}`);
  expect(await readFile(join(out, 'tables.txt'), 'utf8')).toContain(`Warning: ${result.warnings[0]}.`);
  const again = await runExperiment(config, { out });
  expect([again.points.computed, again.warnings]).toEqual([0, result.warnings]);
});

test('ratings that are all equal are refused before anything is computed, with what can be asked of them', async () => {
  const config = {
    ratings: await ratings('equal.csv', () => 4),
    recommenders: ['popularity'],
    protocol: 'catalogue',
  } as const;
  const out = join(place.path, 'equal');
  await expect(runExperiment(config, { out })).rejects.toMatchObject({
    message: 'all 108 ratings are 4: they do not say what anybody prefers',
    remedy: expect.stringContaining("`implicit: 'any'`, `protocol: 'catalogue'`"),
  });
  const chosen = await runExperiment({ ...config, scenarios: ['non-cold'], implicit: 'any' }, { out });
  expect(chosen.points).toMatchObject({ computed: 2, failed: 0 });
});
