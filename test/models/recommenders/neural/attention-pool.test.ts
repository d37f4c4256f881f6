import { describe, expect, it } from 'vitest';
import type { Pooling } from '../../../../src/models/recommenders/neural/architectures.ts';
import { attentionShares } from '../../../../src/models/recommenders/neural/attention-pool.ts';
import type { FeatureSource } from '../../../../src/models/recommenders/neural/feature-source.ts';
import { NeuralRecommender } from '../../../../src/models/recommenders/neural/neural-recommender.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { errorOf } from '../pairs/planted-pairs.ts';

const [userCount, itemCount, cold, steps, dimension] = [40, 70, 20, 6, 4];

/**
 * Ratings 3 + 1.5 taste x look, where one subclip of each item, another of each, shows the look and
 * that it is the one that counts; all others show any look. The last items are held out.
 */
function planted() {
  const next = numbersOf(13);
  const sign = () => (next() < 0.5 ? 1 : -1);
  const [taste, look] = [Array.from({ length: userCount }, sign), Array.from({ length: itemCount }, sign)];
  const place = Array.from({ length: itemCount }, () => Math.floor(next() * steps));
  const vectors = look.map((own, item) =>
    Float32Array.from(
      Array.from({ length: steps }, (_, step) => {
        const counts = step === place[item];
        return [counts ? own : sign(), counts ? 2 : 0, next() - 0.5, next() - 0.5];
      }).flat(),
    ),
  );
  const rows = Array.from(
    { length: userCount * itemCount },
    (_, at) => [at % userCount, Math.floor(at / userCount)] as const,
  ).filter(() => next() < 0.5);
  const part = (isCold: boolean) => {
    const own = rows.filter(([, item]) => item >= itemCount - cold === isCold);
    return {
      users: Int32Array.from(own, ([user]) => user),
      items: Int32Array.from(own, ([, item]) => item),
      values: Float32Array.from(own, ([user, item]) => 3 + 1.5 * (taste[user] as number) * (look[item] as number)),
      ...{ userCount, itemCount, scale: { minimum: 1, maximum: 5 } },
    };
  };
  const features: FeatureSource = {
    modalities: [{ name: 'visual', dimension, steps }],
    async read(items, into) {
      for (const [at, item] of items.entries()) into.visual?.set(vectors[item] as Float32Array, at * steps * dimension);
      return { visual: new Uint8Array(items.length).fill(1) };
    },
  };
  return { ratings: part(false), heldOut: part(true), features, vectors, place };
}

describe('pooling of subclips', () => {
  it('by attention finds the planted subclip of items that nobody has rated; by the mean it is worse', async () => {
    const { ratings, heldOut, features, vectors, place } = planted();
    const errors = new Map<Pooling, number>();
    for (const pool of ['attention', 'mean'] as const) {
      await using recommender = new NeuralRecommender('lstm-av', {
        ...{ modalities: features.modalities, pool, components: 4, embedding: 8, fits: 1 },
        ...{ seed: 1, epochs: 40, batchSize: 64, learningRate: 0.02, l2: 0.005 },
      });
      await recommender.fit(ratings, undefined, features);
      errors.set(pool, await errorOf(recommender, heldOut));
      const weights = await recommender.weights();
      const shares = vectors.map((own) => attentionShares(weights, 'visual', own));
      if (pool === 'mean') {
        expect(shares[0]).toBeUndefined();
        continue;
      }
      const found = shares.slice(-cold).map((own, at) => own?.[place[itemCount - cold + at] as number] ?? 0);
      expect(Math.min(...found)).toBeGreaterThan(0.5);
      for (const own of shares) expect(own?.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    }
    expect(errors.get('attention')).toBeLessThan(0.5 * (errors.get('mean') ?? 0));
  });

  it('is of the residual form, and has no LSTM layers unless it is by their last state', () => {
    const modalities = [{ name: 'visual', dimension: 2, steps: 3 }];
    expect(() => new NeuralRecommender('lstm-av', { modalities, form: 'thesis', pool: 'mean' })).toThrow('`pool` is');
    const lstm = [{ name: 'visual', dimension: 2, steps: 3, lstm: [4] }];
    expect(() => new NeuralRecommender('lstm-av', { modalities: lstm, pool: 'attention' })).toThrow(
      'has no LSTM layers',
    );
    expect(() => new NeuralRecommender('lstm-av', { modalities, pool: 'maximum' as never })).toThrow('pool');
  });
});
