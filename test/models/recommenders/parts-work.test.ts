import { describe, expect, it } from 'vitest';
import { BlendRecommender } from '../../../src/models/recommenders/blend.ts';
import { KnnRecommender } from '../../../src/models/recommenders/knn.ts';
import { SwitchRecommender } from '../../../src/models/recommenders/switch.ts';
import { UserMeanRecommender } from '../../../src/models/recommenders/user-mean.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { training } from './support.ts';

const next = numbersOf(5);
const rows: [number, number, number][] = [];
for (let user = 0; user < 30; user++) {
  // The last items have few ratings.
  for (let item = 0; item < 20; item++)
    if (next() < (item < 15 ? 0.5 : 0.1)) rows.push([user, item, 1 + Math.floor(5 * next())]);
}
const ratings = training(rows, 30, 20);
const users = Int32Array.from({ length: 600 }, (_, at) => at % 30);
const items = Int32Array.from({ length: 600 }, (_, at) => Math.floor(at / 30));
const sum = (steps: Float64Array) => steps.reduce((total, own) => total + own, 0);
const knn = (between: 'users' | 'items', mostSteps?: number) => new KnnRecommender({ between, mostSteps });
const fittedKnn = (between: 'users' | 'items') => {
  const fitted = knn(between);
  fitted.fit(ratings);
  return fitted;
};

describe('what a recommender made of others takes', () => {
  it('is of a switch what each part takes for its items', async () => {
    const either = new SwitchRecommender({ cold: new UserMeanRecommender(), warm: knn('items'), below: 6 });
    await either.fit(ratings);
    const counts = Array.from({ length: 20 }, (_, item) => rows.filter((row) => row[1] === item).length);
    const isWarm = (item: number) => (counts[item] as number) >= 6;
    const { by, steps } = either.workOf(users, items);
    const alone = fittedKnn('items').workOf(users, items).steps;
    expect(by).toBe('item');
    expect([...steps]).toEqual([...alone].map((own, item) => (isWarm(item) ? own : 0)));
    expect(counts.some((_, item) => !isWarm(item))).toBe(true);
  });

  it('is of a blend the sum of its parts, shared out by those that take more', async () => {
    const blend = new BlendRecommender({ parts: [knn('users'), knn('items')], weights: [1, 1] });
    await blend.fit(ratings);
    const [ofUsers, ofItems] = [fittedKnn('users').workOf(users, items), fittedKnn('items').workOf(users, items)];
    const more = sum(ofItems.steps) > sum(ofUsers.steps) ? ofItems : ofUsers;
    expect(blend.workOf(users, items)).toEqual(more);
    const same = new BlendRecommender({ parts: [knn('items'), knn('items')], weights: [1, 1] });
    await same.fit(ratings);
    expect(sum(same.workOf(users, items).steps)).toBe(2 * sum(ofItems.steps));
  });

  it('is none where no part has any, and none of a part without weight', async () => {
    const blend = new BlendRecommender({ parts: [new UserMeanRecommender(), knn('users', 1)], weights: [1, 0] });
    await blend.fit(ratings);
    expect(sum(blend.workOf(users, items).steps)).toBe(0);
    expect(() => blend.checkNewUsers([asked])).not.toThrow();
  });

  const asked = { own: { items: Int32Array.of(0, 1), values: Float32Array.of(1, 5) }, items: Int32Array.of(2, 19) };

  it('is refused where a part refuses it, for new users too, before anything is compared', async () => {
    const refusal = expect.objectContaining({ code: 'too-many-steps' });
    const either = new SwitchRecommender({ cold: new UserMeanRecommender(), warm: knn('items', 100), below: 6 });
    await either.fit(ratings);
    expect(() => either.workOf(users, items)).toThrow(refusal);
    expect(() => either.checkNewUsers([asked])).toThrow(refusal);
    // Nothing is asked of the part that compares.
    expect(() => either.checkNewUsers([{ ...asked, items: Int32Array.of(19) }])).not.toThrow();
    const blend = new BlendRecommender({ parts: [new UserMeanRecommender(), knn('users', 100)], weights: [1, 1] });
    await blend.fit(ratings);
    expect(() => blend.workOf(users, items)).toThrow(refusal);
    expect(() => blend.checkNewUsers([asked])).toThrow(refusal);
  });
});
