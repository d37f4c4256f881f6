import { describe, expect, it } from 'vitest';
import { checkFoldIn, foldedIn } from '../../../src/graphs/folded-in.ts';
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

  it('refuses to learn more of them than it may, before it opens a network, and stays as it was', async () => {
    const fitted = await fitRecommender(
      { ratings, train, validation: new Int32Array(0), scale },
      { recommender: 'gmf', options: { embedding: 8192, epochs: 1, batch: 256 }, seed: 1 },
    );
    try {
      const before = await fitted.predict(...pairs(test));
      // The same ratings over and over stand for those of very many users.
      const many = new Int32Array(250_000).map((_, at) => shown[at % shown.length] as number);
      const refused = { code: 'too-many-steps', message: expect.stringContaining('new users by gmf takes') };
      await expect(fitted.foldIn?.(many)).rejects.toMatchObject(refused);
      const { predict, score } = foldedIn(fitted, ratings, scale, many);
      for (const each of [predict, score]) await expect(each(...pairs(test))).rejects.toMatchObject(refused);
      const asked = new Map([...pairs(test)[0]].map((user) => [user, Int32Array.of(0)]));
      expect(checkFoldIn(fitted, ratings, shown, asked)).toEqual([]);
      expect(() => checkFoldIn(fitted, ratings, many, asked)).toThrow(expect.objectContaining(refused));
      expect(await fitted.predict(...pairs(test))).toEqual(before);
    } finally {
      await fitted.close?.();
    }
  });
});
