import { describe, expect, it } from 'vitest';
import { validationFigures, validationWarnings } from '../../../src/graphs/recommenders/validation-figures.ts';
import type { TrainingRatings } from '../../../src/models/recommenders/recommender.ts';

const scale = { minimum: 1, maximum: 5 };
const [userCount, itemCount] = [60, 200];

/** Ratings of pairs, 5 and 1 in turn. */
const ratingsOf = (pairs: readonly (readonly [number, number])[]): TrainingRatings => ({
  users: Int32Array.from(pairs, ([user]) => user),
  items: Int32Array.from(pairs, ([, item]) => item),
  values: Float32Array.from(pairs, ([user, item]) => ((user + item) % 2 === 0 ? 5 : 1)),
  ...{ userCount, itemCount, scale },
});
const all = Array.from({ length: userCount }, (_, user) => user);
/** Each user learns of items 0 to 9, and is judged by some of these and by items from 100 on. */
const learnt = ratingsOf(all.flatMap((user) => Array.from({ length: 10 }, (_, item) => [user, item] as const)));
const judgedBy = (known: number, fresh: number, users = all) =>
  ratingsOf(
    users.flatMap((user) => [
      ...Array.from({ length: known }, (_, item) => [user, item] as const),
      ...Array.from({ length: fresh }, (_, item) => [user, 100 + item] as const),
    ]),
  );
/** Right about known items, and the same of all new ones. */
const blind = async (users: Int32Array, items: Int32Array) =>
  Float32Array.from(users, (user, at) => {
    const item = items[at] as number;
    return item >= 100 ? 3 : (user + item) % 2 === 0 ? 5 : 1;
  });
const warningsOf = async (validation: TrainingRatings) => {
  const figures = await validationFigures(learnt, validation, 'ratings', blind);
  return { figures, warnings: figures === undefined ? [] : validationWarnings(figures) };
};

describe('the ranking of new items', () => {
  it('is a warning at chance, however well known items are ranked', async () => {
    const { figures, warnings } = await warningsOf(judgedBy(10, 36));
    expect(figures).toMatchObject({ newItems: 36, newAucUsers: 60 });
    expect(figures?.auc).toBeGreaterThan(0.5);
    expect(warnings).toEqual([expect.stringContaining('of the 36 validation items without a rating in training')]);
  });

  it('is not judged by fewer new items, or fewer users, than tell 0.6 from chance', async () => {
    for (const few of [judgedBy(10, 1), judgedBy(10, 35), judgedBy(10, 40, all.slice(0, 35))]) {
      expect((await warningsOf(few)).warnings).toEqual([]);
    }
    expect((await warningsOf(judgedBy(10, 36, all.slice(0, 36)))).warnings).toHaveLength(1);
  });
});
