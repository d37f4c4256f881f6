import { describe, expect, it } from 'vitest';
import { type FeatureMlpOptions, featureMlp } from '../../../../src/models/recommenders/pairs/feature-mlp.ts';
import type { PairSources } from '../../../../src/models/recommenders/pairs/pair-network.ts';
import { PairRecommender } from '../../../../src/models/recommenders/pairs/pair-recommender.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { errorOf, looks } from './planted-pairs.ts';

function made(own: FeatureMlpOptions, epochs = 2): PairRecommender<FeatureMlpOptions> {
  const options = { seed: 1, epochs, batchSize: 128, learningRate: 0.02 };
  return new PairRecommender<FeatureMlpOptions>(featureMlp, { width: 8, hidden: [16], ...own }, options);
}

/** The planted data with a stream that tells nothing, years, and an item that has neither. */
function planted() {
  const { ratings, heldOut, sources } = looks();
  const next = numbersOf(3);
  const noise = { vectors: Float32Array.from({ length: 3 * 40 }, () => next() - 0.5), dimension: 3 };
  const visual = sources.streams?.get('visual') as { vectors: Float32Array; dimension: number };
  const streams = new Map([
    ['visual', { ...visual, vectors: visual.vectors.map((value, at) => (at < 3 ? 0 : value)) }],
    ['noise', noise],
  ]);
  const years = Array.from({ length: 40 }, (_, item) => (item === 0 ? undefined : 1950 + item));
  return { ratings, heldOut, sources: { ...sources, streams, years } satisfies PairSources };
}

describe('feature-mlp', () => {
  it('predicts items that nobody has rated by the input that tells, and not by it once it is shuffled', async () => {
    const { ratings, heldOut, sources } = planted();
    const errors = new Map<string, number>();
    const noise = ['user-id', 'noise'];
    for (const [name, own] of Object.entries({
      visual: { inputs: [...noise, 'visual'] },
      noise: { inputs: noise },
      shuffled: { inputs: [...noise, 'visual'], shuffled: ['visual'] },
    })) {
      await using recommender = made(own, 15);
      await recommender.fit(ratings, undefined, sources);
      errors.set(name, await errorOf(recommender, heldOut));
    }
    const [visual = 9, none = 0, shuffled = 0] = errors.values();
    expect(visual).toBeLessThan(0.5 * none);
    expect(shuffled).toBeGreaterThan(0.9 * none);
  });

  it('reads all that there is unless told otherwise, makes numbers of gaps, and is restored from its weights', async () => {
    const { ratings, heldOut, sources } = planted();
    const userFields = { names: ['age'], counts: [2], codes: Int32Array.from({ length: 50 }, (_, user) => user % 3) };
    for (const own of [{}, { shuffled: ['visual', 'genres', 'year', 'demographics', 'user-ratings'] }]) {
      await using recommender = made(own);
      await recommender.fit(ratings, undefined, { ...sources, userFields });
      const names = [...recommender.shapes.keys()];
      for (const part of [
        'users/embedding',
        'items/embedding',
        'user-ratings',
        'visual',
        'noise',
        'genres',
        'year',
        'field-1',
      ]) {
        expect(names.filter((name) => name.includes(part))).not.toEqual([]);
      }
      const users = new Int32Array(ratings.itemCount);
      const found = await recommender.predict(users, Int32Array.from(users.keys()));
      expect(found.every(Number.isFinite)).toBe(true);
      await using restored = made(own);
      await restored.restore(ratings, await recommender.weights());
      expect(await restored.predict(heldOut.users, heldOut.items)).toEqual(
        await recommender.predict(heldOut.users, heldOut.items),
      );
    }
  });

  it('tells of the ratings that are learnt only the mean of a half without them', () => {
    const { ratings, sources } = planted();
    const space = { training: ratings, mean: 3, known: new Uint8Array(40).fill(1), sources };
    const network = featureMlp.network({ inputs: ['user-ratings'] }, space, 1);
    const buffers = { reals: (n: number) => new Float32Array(n), integers: (n: number) => new Int32Array(n) };
    const feeds = network.learnt(Int32Array.of(0), { uniform: () => 0.5, step: 0 }, buffers as never);
    const [told] = (feeds['users/own-ratings'] as { data: Float32Array }).data;
    const own = [...ratings.values].filter((_, row) => ratings.users[row] === ratings.users[0]);
    const others = own.filter((_, at) => at % 2 === 1);
    const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
    expect(told).toBeCloseTo((mean - 3) / 4.5, 5);
  });

  it('refuses inputs that are not there, and shuffling what means nothing but itself', async () => {
    const { ratings, sources } = planted();
    for (const [option, own] of [
      ['inputs', { inputs: ['user-id', 'smell'] }],
      ['inputs', { inputs: [] }],
      ['shuffled', { shuffled: ['user-id'] }],
      ['shuffled', { inputs: ['user-id', 'visual'], shuffled: ['genres'] }],
      ['userFields', { inputs: ['demographics'] }],
    ] as const) {
      await expect(
        (async () => {
          await using recommender = made(own);
          await recommender.fit(ratings, undefined, sources);
        })(),
      ).rejects.toMatchObject({ option });
    }
  });
});
