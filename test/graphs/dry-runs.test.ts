import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plannedAnalysis } from '../../src/graphs/analysis/analyse-features.ts';
import { plannedExperiment } from '../../src/graphs/experiment/planned-experiment.ts';
import { runExperiment } from '../../src/graphs/experiment/run-experiment.ts';
import { loadRecommender } from '../../src/graphs/recommenders/load-recommender.ts';
import { recommendToAll } from '../../src/graphs/recommenders/recommend-all.ts';
import { trainRecommender } from '../../src/graphs/recommenders/train-recommender.ts';
import { plantedFiles } from '../fixtures/planted-files.ts';
import { temporaryDirectory } from '../io/dataset/fixtures.ts';

/** Every file below a directory with its size and when it was last modified. */
function tree(below: string): unknown {
  return readdirSync(below, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mtimeNs, size } = statSync(join(below, name), { bigint: true });
      return [name, mtimeNs, size];
    });
}

it('an experiment, an analysis and lists for all users are told beforehand, and nothing is written', async () => {
  const place = await temporaryDirectory();
  const { ratings, features } = await plantedFiles(place);
  const [model, out] = [join(place, 'model'), join(place, 'results')];
  const config = { ratings, recommenders: ['baseline', 'random'], scenarios: ['non-cold'], seeds: [1] } as const;
  await trainRecommender({ recommender: 'baseline', ratings, out: model });
  const before = tree(place);

  const planned = await plannedExperiment(config, { out });
  expect(planned.points.total).toBeGreaterThan(0);
  expect(planned.points.reused).toBe(0);
  expect(await plannedAnalysis(features)).toMatchObject({
    streams: expect.arrayContaining([{ name: 'visual', dimension: 4 }]),
  });
  await expect(plannedAnalysis(features, { streams: ['colour'] })).rejects.toThrow("'colour'");
  const loaded = await loadRecommender(model);
  const lists = join(place, 'lists.csv');
  const counted = await recommendToAll(loaded, { out: lists, k: 3, dryRun: true });
  expect(existsSync(lists)).toBe(false);
  expect(tree(place)).toEqual(before);

  expect(await recommendToAll(loaded, { out: lists, k: 3 })).toEqual(counted);
  await loaded.close();
  expect((await runExperiment(config, { out })).points.total).toBe(planned.points.total);
  expect((await plannedExperiment(config, { out })).points.reused).toBe(planned.points.total);
  await expect(plannedExperiment({ ...config, seeds: [2] }, { out })).rejects.toThrow('holds another experiment');
});
