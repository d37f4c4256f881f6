import { expect, test } from 'vitest';
import { BaselineRecommender } from '../../../src/models/recommenders/baseline.ts';
import { BlendRecommender } from '../../../src/models/recommenders/blend.ts';
import { ContentKnnRecommender } from '../../../src/models/recommenders/content-knn.ts';
import { EaseRecommender } from '../../../src/models/recommenders/ease.ts';
import { GenreContentRecommender } from '../../../src/models/recommenders/genre-content.ts';
import { type KnnOptions, KnnRecommender, knnPredictions } from '../../../src/models/recommenders/knn.ts';
import type { Reasons } from '../../../src/models/recommenders/reasons.ts';
import type { Recommender } from '../../../src/models/recommenders/recommender.ts';
import { SwitchRecommender } from '../../../src/models/recommenders/switch.ts';
import { referenceData } from './planted-tastes.ts';

const { ratings, content } = referenceData();
const genres = { genreCount: 3, flags: Uint8Array.from(content.vectors, (value) => (value > 0.2 ? 1 : 0)) };
const knn = (options: KnnOptions) => new KnnRecommender({ neighbours: 4, ...options });
const byContent = () => new ContentKnnRecommender({ ...content, neighbours: 3 });

const recommenders: readonly [string, () => Recommender][] = [
  ...(['users', 'items'] as const).flatMap((between) =>
    knnPredictions.map((prediction): [string, () => Recommender] => [
      `${between} by ${prediction}`,
      () => knn({ between, prediction, minimumNeighbours: 2 }),
    ]),
  ),
  ['content-knn', byContent],
  ['genre-content', () => new GenreContentRecommender({ genres, neighbours: 3 })],
  ['ease', () => new EaseRecommender({ regularisation: 5 })],
  ['ease-content', () => new EaseRecommender({ regularisation: 5, content })],
  ['switch', () => new SwitchRecommender({ cold: byContent(), warm: new BaselineRecommender(), below: 15 })],
  ['blend', () => new BlendRecommender({ parts: [byContent(), knn({ between: 'items' })], weights: [1, 2] })],
];

/** The sum that the reasons stand for. */
function sumOf({ base, ratings: used, parts = [] }: Reasons): number {
  const added = used.reduce((sum, { contribution }) => sum + contribution, base);
  return parts.reduce((sum, { weight, score }) => sum + weight * score, added);
}

test.each(recommenders)('the reasons of %s add up to its score, of known users and of a new one', async (_, make) => {
  const recommender = make();
  await recommender.fit(ratings);
  const pairs = Array.from({ length: ratings.userCount * ratings.itemCount }, (_, pair) => pair);
  const users = Int32Array.from(pairs, (pair) => Math.floor(pair / ratings.itemCount));
  const items = Int32Array.from(pairs, (pair) => pair % ratings.itemCount);
  const scores = await (recommender.score ?? recommender.predict).call(recommender, users, items);
  const reasons = (await recommender.reasons?.(users, items)) as readonly Reasons[];
  for (const [row, reason] of reasons.entries()) expect(sumOf(reason)).toBeCloseTo(scores[row] as number, 5);

  const own = { items: Int32Array.of(2, 5, 9), values: Float32Array.of(5, 1, 4) };
  const asked = Int32Array.of(0, 3, 7, 13);
  const newScores = (await recommender.scoreNewUser?.(own, asked)) as Float32Array;
  const ofNew = (await recommender.reasonsForNewUser?.(own, asked)) as readonly Reasons[];
  for (const [row, reason] of ofNew.entries()) expect(sumOf(reason)).toBeCloseTo(newScores[row] as number, 5);
});

test('the ratings that are named are training ratings, at most as many as there are neighbours, the nearest first', () => {
  const given = new Map(
    Array.from(ratings.values, (value, row) => [`${ratings.users[row]} ${ratings.items[row]}`, value]),
  );
  for (const between of ['users', 'items'] as const) {
    const recommender = knn({ between });
    recommender.fit(ratings);
    const [{ ratings: used }] = recommender.reasons(Int32Array.of(3), Int32Array.of(4)) as [Reasons];
    expect(used.length).toBe(4);
    for (const { user, item, rating } of used) {
      expect(between === 'users' ? item : user).toBe(between === 'users' ? 4 : 3);
      expect(given.get(`${user} ${item}`)).toBe(rating);
    }
    const weights = used.map(({ weight }) => weight);
    expect(weights).toEqual([...weights].sort((one, other) => other - one));
  }
});

test('a switch says which part has predicted an item', async () => {
  const recommender = new SwitchRecommender({ cold: byContent(), warm: new BaselineRecommender(), below: 15 });
  await recommender.fit(ratings);
  const items = Int32Array.from({ length: ratings.itemCount }, (_, item) => item);
  const reasons = await recommender.reasons(new Int32Array(items.length), items);
  const counts = items.map((item) => ratings.items.filter((each) => each === item).length);
  expect(new Set(reasons.map(({ by }) => by)).size).toBe(2);
  for (const [item, { by }] of reasons.entries()) {
    expect(by).toBe((counts[item] as number) < 15 ? 'content-knn' : 'baseline');
  }
});
