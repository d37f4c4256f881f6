import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { elementCount } from '../../../../src/models/autodiff/emitter.ts';
import { FeedBuffers } from '../../../../src/models/autodiff/feed-buffers.ts';
import { adam } from '../../../../src/models/autodiff/optimisers/adam.ts';
import { initialState, overwrite } from '../../../../src/models/autodiff/state.ts';
import { StepRunner } from '../../../../src/models/autodiff/step-runner.js';
import { planTraining } from '../../../../src/models/autodiff/training-plan.ts';
import { weightShapes } from '../../../../src/models/recommenders/neural/weight-shapes.ts';
import { bstKmeans } from '../../../../src/models/recommenders/pairs/bst-kmeans.ts';
import { gat } from '../../../../src/models/recommenders/pairs/gat.ts';
import { multimodalCnn } from '../../../../src/models/recommenders/pairs/multimodal-cnn.ts';
import type { PairNetwork, PairSpace } from '../../../../src/models/recommenders/pairs/pair-network.ts';
import { globalMean } from '../../../../src/models/recommenders/recommender.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { training } from '../support.ts';

const reference = JSON.parse(readFileSync(new URL('pair-reference.json', import.meta.url), 'utf8')) as Record<
  string,
  readonly number[]
>;
const [users, items] = [7, 9];

/** The data of pair-reference.py. */
function space(): PairSpace {
  const next = numbersOf(11);
  const rows: [number, number, number][] = [];
  for (let user = 0; user < users; user++) {
    for (let item = 0; item < items; item++) if (next() < 0.6) rows.push([user, item, 1 + Math.floor(next() * 5)]);
  }
  const data = { ...training(rows, users, items), scale: { minimum: 1, maximum: 5 } };
  const known = new Uint8Array(items);
  for (const item of data.items) known[item] = 1;
  const other = numbersOf(23);
  const vectors = Float32Array.from({ length: 3 * items }, (_, at) => (at < 3 ? 0 : 2 * other() - 1));
  const numbers = Array.from({ length: items }, (_, item) => item);
  return {
    training: { ...data, times: Float64Array.from(rows.keys()) },
    ...{ mean: globalMean(data.values), known },
    sources: {
      streams: new Map([['visual', { vectors, dimension: 3 }]]),
      genres: {
        genreCount: 3,
        flags: Uint8Array.from(numbers.flatMap((item) => [0, 1, 2].map((bit) => (item >> bit) % 2))),
      },
      titles: numbers.map((item) => `Item${item % 2 === 1 ? ', The' : ''} ${'abcdefghi'[item]} (1995)`),
      userFields: { names: ['age'], counts: [2], codes: Int32Array.from({ length: users }, (_, user) => user % 3) },
    },
  };
}

const quiet = { dropout: 0, coldRate: 0, width: 4 };
const networks: Readonly<Record<string, PairNetwork>> = {
  gat: gat.network({ ...quiet, heads: 2, hidden: [5], genres: true }, space(), 1),
  'multimodal-cnn': multimodalCnn.network({ ...quiet, joint: 6 }, space(), 1),
  'bst-kmeans': bstKmeans.network({ ...quiet, length: 3, hidden: [5], content: true }, space(), 1),
};

/** Losses of three steps of Adam over every second rating, as pair-reference.py has them. */
async function losses(network: PairNetwork): Promise<number[]> {
  const optimiser = adam();
  const { plan, groups } = planTraining(network.module, optimiser, 0);
  const state = initialState(groups, 1);
  const next = numbersOf(5);
  const shapes = [...weightShapes(network.module)].filter(([name]) => !network.facts.has(name));
  const drawn = shapes
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, shape]) =>
        [name, Float32Array.from({ length: elementCount(shape) }, () => 0.8 * (next() - 0.5))] as const,
    );
  overwrite(plan.state, state, new Map([...drawn, ...network.facts]));
  const runner = await StepRunner.open(plan, { seed: 1 });
  runner.load(state);
  const rows = Int32Array.from(space().training.users.keys()).filter((row) => row % 2 === 0);
  const found: number[] = [];
  for (let step = 0; step < 3; step++) {
    const feeds = network.learnt(rows, { uniform: numbersOf(17 + step), step }, new FeedBuffers());
    const [loss] = await runner.steps([{ feeds, step: step + 1, scalars: optimiser.scalarsAt(step + 1, 0.01) }]);
    found.push(loss as number);
  }
  await runner.close();
  return found;
}

describe('networks of pairs', () => {
  it.each(Object.keys(reference))('%s has the first losses that PyTorch gives', async (name) => {
    const found = await losses(networks[name] as PairNetwork);
    for (const [step, loss] of found.entries()) {
      expect(Math.abs(loss - (reference[name]?.[step] as number))).toBeLessThan(1e-4);
    }
  });

  it('is checked against PyTorch, each of them', () => {
    expect(Object.keys(reference)).toEqual(Object.keys(networks));
  });
});
