import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputSteps } from '../../../src/graphs/experiment/input-steps.ts';
import { experimentEntries } from '../../../src/graphs/experiment/recommender-entries.ts';
import { tablesText } from '../../../src/graphs/experiment/render-tables.ts';
import { resolveConfig } from '../../../src/graphs/experiment/resolve-config.ts';
import { runExperiment } from '../../../src/graphs/experiment/run-experiment.ts';
import { ItemStoreWriter } from '../../../src/io/dataset/item-store-writer.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';
import { numbersOf } from '../../fixtures/movielens.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  place = await temporaryDirectory();
});
afterAll(() => place.remove());

/** Ratings 3 + 1.1 strong + 0.5 weak of the item, each a sign; a third stream tells nothing. */
async function planted(): Promise<{ ratings: string; features: string }> {
  const next = numbersOf(7);
  const sign = () => (next() < 0.5 ? 1 : -1);
  const [users, items] = [30, 48];
  const streams = ['strong', 'weak', 'noise'].map((name) => ({ name, dimension: 2 }));
  const features = join(place.path, 'items.arrow');
  const writer = await ItemStoreWriter.create(features, { subclips: 1, streams }, { synthetic: 'true' });
  const level: number[] = [];
  for (let item = 0; item < items; item++) {
    const [strong, weak, noise] = [sign(), sign(), sign()];
    level.push(3 + 1.1 * strong + 0.5 * weak);
    const vector = (value: number) => Float32Array.of(value + 0.1 * next(), next());
    // One item lacks the weak stream.
    const known = { strong: vector(strong), weak: item === 5 ? undefined : vector(weak), noise: vector(noise) };
    await writer.add({ itemId: String(item), vectors: known });
  }
  await writer.close();
  const rows = Array.from({ length: users * items }, (_, at) => [Math.floor(at / items), at % items] as const)
    .filter(() => next() < 0.4)
    .map(([user, item]) => `${user},${item},${((level[item] as number) + 0.3 * (next() - 0.5)).toFixed(2)}`);
  const ratings = join(place.path, 'ratings.csv');
  await writeFile(ratings, `user,item,rating\n${rows.join('\n')}\n`);
  return { ratings, features };
}

const config = { ratings: 'unused', features: 'unused' };

describe('an experiment of inputs', () => {
  it('adds, removes and shuffles each, and knows which two rows tell what it is worth', () => {
    const { rows, steps } = inputSteps(['user-id', 'genres', 'visual']);
    expect(rows.map(({ label, inputs, shuffled }) => [label, inputs.join('+'), shuffled.join()])).toEqual([
      ['feature-mlp: user-id', 'user-id', ''],
      ['feature-mlp: + genres', 'user-id+genres', ''],
      ['feature-mlp: + visual', 'user-id+genres+visual', ''],
      ['feature-mlp: without user-id', 'genres+visual', ''],
      ['feature-mlp: without genres', 'user-id+visual', ''],
      ['feature-mlp: genres shuffled', 'user-id+genres+visual', 'genres'],
      ['feature-mlp: visual shuffled', 'user-id+genres+visual', 'visual'],
    ]);
    const inputsOf = (label: string) => rows.find((row) => row.label === label);
    for (const step of steps) {
      const [full, less] = [inputsOf(step.with), inputsOf(step.without)];
      if (step.change === 'shuffled') expect(less).toMatchObject({ inputs: full?.inputs, shuffled: [step.input] });
      else expect(less?.inputs).toEqual(full?.inputs.filter((each) => each !== step.input));
    }
    expect(steps.map(({ input, change }) => `${input} ${change}`)).toEqual([
      ...['genres added', 'visual added', 'user-id removed', 'genres removed', 'visual removed'],
      ...['genres shuffled', 'visual shuffled'],
    ]);
  });

  it('has simple recommenders beside the network, and none of its rows is a choice', () => {
    const entries = experimentEntries(resolveConfig({ ...config, inputs: ['user-id', 'visual'] }));
    expect(entries.slice(0, 7).map(({ label }) => label)).toEqual([
      ...['random', 'popularity', 'user-mean', 'baseline', 'regsvd', 'content-knn', 'ease'],
    ]);
    expect(entries.slice(7).map(({ use }) => use)).toEqual(Array(4).fill('compared'));
    const refused = (more: object) => () => resolveConfig({ ...config, inputs: ['user-id', 'visual'], ...more });
    expect(refused({ inputs: ['user-id'] })).toThrow('at least two');
    expect(refused({ grid: { 'feature-mlp': { width: [8, 16] } } })).toThrow('`grid` cannot do so');
    expect(refused({ set: { 'feature-mlp': { inputs: ['visual'] } } })).toThrow('`set` cannot do so');
    expect(refused({ features: { a: 'one', b: 'two' } })).toThrow('`features` cannot do so');
  });

  it('ranks planted inputs by what they are worth, and says that noise is worth nothing', async () => {
    const { ratings, features } = await planted();
    const given = {
      ...{ ratings, features, inputs: ['strong', 'weak', 'noise'], recommenders: ['user-mean'] },
      ...({ scenarios: ['hard-cold'], validation: 'none', k: [5] } as const),
      set: { 'feature-mlp': { epochs: 12, learningRate: 0.02, batch: 64, hidden: [8] } },
    };
    const out = join(place.path, 'out');
    const result = await runExperiment(given, { out });
    expect(result.failures).toEqual([]);
    for (const change of ['removed', 'shuffled'] as const) {
      const effects = result.inputs.filter((each) => each.metric === 'rmse' && each.change === change);
      expect(effects.map(({ input }) => input)).toEqual(['strong', 'weak', 'noise']);
      const [strong = 0, weak = 0, noise = 0] = effects.map(({ difference }) => difference);
      expect(strong).toBeLessThan(weak - 0.2);
      expect(weak).toBeLessThan(-0.05);
      expect(noise).toBeGreaterThan(weak / 2);
      expect(effects[0]?.t.holm).toBeLessThan(0.001);
    }
    const text = tablesText(result.tables, [], [], result.inputs);
    expect(text).toContain('What inputs change: rmse, hard-cold');
    expect(text).not.toContain('NaN');
    expect(await readFile(join(out, 'tables.txt'), 'utf8')).toContain('What inputs change');
    const [head, first] = (await readFile(join(out, 'inputs.csv'), 'utf8')).split('\n');
    expect(head?.split(',')).toHaveLength(14);
    expect(first).toContain('hard-cold,weak,added,feature-mlp: + weak,feature-mlp: strong,mae,30,');
    await expect(
      runExperiment({ ...given, inputs: ['strong', 'genres'] }, { out: join(place.path, 'none') }),
    ).rejects.toMatchObject({ option: 'inputs', remedy: expect.stringContaining('strong, weak, noise') });
  });
});
