import { describe, expect, it } from 'vitest';
import { ContentRidgeRecommender } from '../../../src/models/recommenders/content-ridge.ts';
import { contentVectors } from '../../../src/models/recommenders/content-vectors.ts';
import type { StreamReduction } from '../../../src/models/recommenders/neural/architectures.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { errorOf } from './pairs/planted-pairs.ts';

const [userCount, itemCount, cold, columns, telling] = [30, 80, 20, 30, 17];

/**
 * Ratings 3 + 1.2 x quality of the item. One column of thirty tells the quality; all others are
 * pairs that vary together, which principal components take first.
 */
function planted() {
  const next = numbersOf(21);
  const quality = Array.from({ length: itemCount }, () => (next() < 0.5 ? 1 : -1));
  const vectors = quality.map((own) => {
    const shared = Array.from({ length: 3 }, () => 2 * next() - 1);
    return Float32Array.from({ length: columns }, (_, at) =>
      at === telling ? own + 0.2 * next() : (shared[at % 3] as number) + 0.05 * next(),
    );
  });
  const rows = Array.from(
    { length: userCount * itemCount },
    (_, at) => [at % userCount, Math.floor(at / userCount)] as const,
  ).filter(() => next() < 0.4);
  const part = (isCold: boolean) => {
    const own = rows.filter(([, item]) => item >= itemCount - cold === isCold);
    return {
      users: Int32Array.from(own, ([user]) => user),
      items: Int32Array.from(own, ([, item]) => item),
      values: Float32Array.from(own, ([, item]) => 3 + 1.2 * (quality[item] as number)),
      ...{ userCount, itemCount, scale: { minimum: 1, maximum: 5 } },
    };
  };
  const stream = { name: 'visual', dimension: columns, steps: 1 };
  const features = {
    modalities: [stream],
    async read(items: Int32Array, into: Readonly<Record<string, Float32Array>>) {
      for (const [at, item] of items.entries()) into.visual?.set(vectors[item] as Float32Array, at * columns);
      return { visual: new Uint8Array(items.length).fill(1) };
    },
  };
  return { ratings: part(false), heldOut: part(true), features, stream };
}

describe('the reduction of a stream', () => {
  it('by Gini keeps the column that tells what is rated higher; as many principal components lose it', async () => {
    const { ratings, heldOut, features, stream } = planted();
    const errors = new Map<StreamReduction, number>();
    for (const reduction of ['gini', 'pca'] as const) {
      const how = { components: 3, seed: 1, has: () => true, reduction };
      const vectors = await contentVectors(ratings, features, [{ ...stream, weight: 1 }], how);
      const options = { regularisation: 5, sharedRegularisation: 1, standardise: true };
      const recommender = new ContentRidgeRecommender({ ...options, ...vectors });
      recommender.fit(ratings);
      errors.set(reduction, await errorOf(recommender, heldOut));
    }
    expect(errors.get('gini')).toBeLessThan(0.5 * (errors.get('pca') ?? 0));
  });
});
