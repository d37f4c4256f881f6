import { describe, expect, it } from 'vitest';
import { foldedIn } from '../../../src/graphs/folded-in.ts';
import { fitRecommender } from '../../../src/graphs/recommenders/fit-recommender.ts';
import { plantedRatings, smallNetwork } from './planted-ratings.ts';

describe('a neural recommender in an experiment with new users', () => {
  const ratings = plantedRatings();
  const rows = Int32Array.from(ratings.values.keys());
  const isNew = (row: number) => (ratings.users[row] as number) >= 18;
  const train = rows.filter((row) => !isNew(row));
  const [shown, test] = [0, 1].map((part) => rows.filter((row) => isNew(row) && row % 2 === part)) as [
    Int32Array,
    Int32Array,
  ];
  const scale = { minimum: 0.5, maximum: 5 };
  const pairs = (of: Int32Array) =>
    [of.map((row) => ratings.users[row] as number), of.map((row) => ratings.items[row] as number)] as const;
  const errorOf = (predictions: ArrayLike<number>) =>
    Math.sqrt(
      test.reduce((sum, row, at) => sum + ((ratings.values[row] as number) - (predictions[at] as number)) ** 2, 0) /
        test.length,
    );

  it('learns their embeddings together from what is shown, and nothing else', async () => {
    const fitted = await fitRecommender(
      { ratings, train, validation: new Int32Array(0), scale },
      {
        recommender: 'regsvd-adam',
        options: { embedding: 8, learningRate: smallNetwork.learningRate, epochs: 40, batch: 32 },
        seed: 1,
      },
    );
    try {
      const before = await fitted.weights?.();
      const { predict } = foldedIn(fitted, ratings, scale, shown);
      const [strangers, known] = [await fitted.predict(...pairs(test)), await predict(...pairs(test))];
      // About seven ratings are shown of each.
      expect(errorOf(known)).toBeLessThan(0.85 * errorOf(strangers));
      expect(await predict(...pairs(train.subarray(0, 40)))).toEqual(
        await fitted.predict(...pairs(train.subarray(0, 40))),
      );
      expect(await fitted.weights?.()).toEqual(before);
      // The same users get the same, whatever else is asked for.
      const [users, items] = pairs(test);
      expect(await predict(users.subarray(0, 5), items.subarray(0, 5))).toEqual(known.subarray(0, 5));
      const again = foldedIn(fitted, ratings, scale, shown);
      expect(await again.predict(...pairs(test))).toEqual(known);
    } finally {
      await fitted.close?.();
    }
  });
});
