import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bstKmeans } from '../../../../src/models/recommenders/pairs/bst-kmeans.ts';
import { featureMlp, namedInputs } from '../../../../src/models/recommenders/pairs/feature-mlp.ts';
import { gat } from '../../../../src/models/recommenders/pairs/gat.ts';
import { multimodalCnn } from '../../../../src/models/recommenders/pairs/multimodal-cnn.ts';
import type { PairNetwork, PairSpace } from '../../../../src/models/recommenders/pairs/pair-network.ts';
import { globalMean } from '../../../../src/models/recommenders/recommender.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { firstLosses, items, referenceRows, users } from '../first-losses.ts';
import { training } from '../support.ts';

/** Of PyTorch (pair-reference.py) and of NumPy (feature-mlp-reference.py). */
const reference = Object.fromEntries(
  ['pair-reference.json', 'feature-mlp-reference.json'].flatMap((name) =>
    Object.entries(
      JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Record<string, readonly number[]>,
    ),
  ),
);

/** The data of pair-reference.py. */
function space(): PairSpace {
  const rows = referenceRows();
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
      years: numbers.map((item) => (item === 0 ? undefined : 1980 + item)),
      titles: numbers.map((item) => `Item${item % 2 === 1 ? ', The' : ''} ${'abcdefghi'[item]} (1995)`),
      userFields: { names: ['age'], counts: [2], codes: Int32Array.from({ length: users }, (_, user) => user % 3) },
    },
  };
}

/** The same, with the times of feature-mlp-reference.py. */
function timed(): PairSpace {
  const { training, ...others } = space();
  return { ...others, training: { ...training, times: training.times?.map((at) => 50_000 * at) } };
}

const quiet = { dropout: 0, coldRate: 0, width: 4 };
const networks: Readonly<Record<string, PairNetwork>> = {
  gat: gat.network({ ...quiet, heads: 2, hidden: [5], genres: true }, space(), 1),
  'multimodal-cnn': multimodalCnn.network({ ...quiet, joint: 6 }, space(), 1),
  'bst-kmeans': bstKmeans.network({ ...quiet, length: 3, hidden: [5], content: true }, space(), 1),
  'feature-mlp': featureMlp.network({ ...quiet, hidden: [5], inputs: [...namedInputs, 'visual'] }, timed(), 1),
};

/** Of every second rating, as pair-reference.py has them. */
function losses(network: PairNetwork): Promise<number[]> {
  const rows = Int32Array.from(space().training.users.keys()).filter((row) => row % 2 === 0);
  return firstLosses(network, (draws, buffers) => network.learnt(rows, draws, buffers));
}

describe('networks of pairs', () => {
  it.each(Object.keys(reference))('%s has the first losses that an independent program gives', async (name) => {
    const found = await losses(networks[name] as PairNetwork);
    for (const [step, loss] of found.entries()) {
      expect(Math.abs(loss - (reference[name]?.[step] as number))).toBeLessThan(1e-4);
    }
  });

  it('is checked against one, each of them', () => {
    expect(Object.keys(reference)).toEqual(Object.keys(networks));
  });
});
