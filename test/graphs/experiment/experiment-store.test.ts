import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentHash } from '../../../src/core/canonical-json.ts';
import { environment } from '../../../src/graphs/experiment/environment.ts';
import { experimentPlaces, pointName } from '../../../src/graphs/experiment/experiment-points.ts';
import { ExperimentStore } from '../../../src/graphs/experiment/experiment-store.ts';
import { recommenderVariants } from '../../../src/graphs/experiment/recommender-variants.ts';
import { resolveConfig } from '../../../src/graphs/experiment/resolve-config.ts';
import { evaluate } from '../../../src/models/metrics/evaluate.ts';

const experiment = resolveConfig({ ratings: 'unused', recommenders: ['baseline'], seeds: [1] });
const [variant] = recommenderVariants(experiment);
if (variant === undefined) throw new Error('baseline is a variant');
const [point, other] = experimentPlaces(experiment).map((place) => ({ ...place, variant }));
if (point === undefined || other === undefined) throw new Error('two folds are two points');
const evaluation = evaluate(
  {
    users: Int32Array.of(0, 0),
    items: Int32Array.of(0, 1),
    ratings: Float64Array.of(5, 4),
    predictions: Float64Array.of(4, 3),
  },
  { scale: { minimum: 0.5, maximum: 5 } },
);
const measured = {
  counts: {
    train: 2,
    validation: 0,
    test: 2,
    users: 1,
    items: 2,
    ratings: 4,
    usersWithFewer: 0,
    testItems: 2,
    newTestItems: 0,
  },
  ...{ refit: true, resolvedOptions: { method: 'als' }, environment: environment(), history: [], precisionRecall: [] },
  ...{ trainSeconds: 1, predictSeconds: 2, peakRssBytes: 3, epochs: 0, evaluation },
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reelflow-experiment-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('the directory of an experiment', () => {
  it('gives back a point as it was written, metrics that nobody has included, and nothing for one that is not there', async () => {
    const store = await ExperimentStore.open(directory, experiment, { ratings: 'a' });
    expect(evaluation.auc).toBeNaN();
    await store.write(point, measured);
    const again = await ExperimentStore.open(directory, { ...experiment, concurrency: 99 }, { ratings: 'a' });
    expect(await again.read(point)).toMatchObject({ ...measured, fold: 1, label: 'baseline' });
    expect(await again.read(other)).toBeUndefined();
  });

  it('goes on in one of an earlier version, which named recommenders `models`', async () => {
    const store = await ExperimentStore.open(directory, experiment, { ratings: 'a' });
    await store.write(point, measured);
    const [record, saved] = ['experiment.json', join('points', `${pointName(point)}.json`)].map((name) =>
      join(directory, name),
    ) as [string, string];
    const { identity, ...rest } = JSON.parse(await readFile(record, 'utf8'));
    const { recommenders: models, ...others } = identity;
    await writeFile(record, JSON.stringify({ ...rest, identity: { ...others, models } }));
    const { recommender: model, ...facts } = JSON.parse(await readFile(saved, 'utf8'));
    expect(facts.experiment).toBe(contentHash({ ...others, models }));
    await writeFile(saved, JSON.stringify({ ...facts, model }));
    const again = await ExperimentStore.open(directory, experiment, { ratings: 'a' });
    expect(await again.read(point)).toMatchObject({ recommender: 'baseline', fold: 1 });
    const other = resolveConfig({ ratings: 'unused', recommenders: ['random'], seeds: [1] });
    await expect(ExperimentStore.open(directory, other, { ratings: 'a' })).rejects.toThrow(': recommenders differ');
  });

  it('forgets the failure of a point that is written', async () => {
    const store = await ExperimentStore.open(directory, experiment, {});
    await store.writeFailure(point, new RangeError('no'));
    expect(await readdir(join(directory, 'failed'))).toEqual([`${pointName(point)}.json`]);
    await store.write(point, measured);
    expect(await readdir(join(directory, 'failed'))).toEqual([]);
    await store.writeFailure(other, new RangeError('no'));
    await store.writeTrial(other, { evaluation, share: 1, trainSeconds: 1, history: [] });
    expect(await readdir(join(directory, 'failed'))).toEqual([]);
  });

  it('names a damaged file, and one of another experiment', async () => {
    const store = await ExperimentStore.open(directory, experiment, {});
    const path = join(directory, 'points', `${pointName(point)}.json`);
    await writeFile(path, '{"experiment": "');
    await expect(store.read(point)).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining(path) });
    await writeFile(path, JSON.stringify({ experiment: 'another', evaluation: {} }));
    await expect(store.read(point)).rejects.toThrow('another experiment');
  });

  it('refuses other data, other keys, and a directory of something else', async () => {
    await ExperimentStore.open(directory, experiment, { ratings: 'a' });
    await expect(ExperimentStore.open(directory, experiment, { ratings: 'b' })).rejects.toThrow('data differ');
    const changed = resolveConfig({ ratings: 'unused', recommenders: ['baseline'], seeds: [1, 2], k: [5] });
    await expect(ExperimentStore.open(directory, changed, { ratings: 'a' })).rejects.toThrow('seeds, k differ');
    const taken = join(directory, 'taken');
    await mkdir(taken);
    await writeFile(join(taken, 'notes.txt'), 'mine');
    await expect(ExperimentStore.open(taken, experiment, {})).rejects.toMatchObject({ code: 'exists' });
    expect(await readdir(taken)).toEqual(['notes.txt']);
  });
});
