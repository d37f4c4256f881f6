import { describe, expect, it } from 'vitest';
import { askUsers } from '../../../../src/models/recommenders/elicit/asked-users.ts';
import { byDecisionTree } from '../../../../src/models/recommenders/elicit/decision-tree.ts';
import { byExpectedError } from '../../../../src/models/recommenders/elicit/expected-error.ts';
import type { AskedQuestion, NextQuestion } from '../../../../src/models/recommenders/elicit/next-question.ts';
import { type AskingOrder, askingOrder } from '../../../../src/models/recommenders/elicit/strategies.ts';
import type { NewUserRatings } from '../../../../src/models/recommenders/recommender.ts';
import { SvdRecommender } from '../../../../src/models/recommenders/svd.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { training } from '../support.ts';

/** Eight users; item 0 all rate alike, 1 in two ways, 2 two users in two ways, 3 nobody. */
const ratings = training(
  [
    ...Array.from({ length: 8 }, (_, user): [number, number, number] => [user, 0, 4]),
    ...Array.from({ length: 6 }, (_, user): [number, number, number] => [user, 1, user % 2 === 0 ? 3 : 4]),
    [0, 2, 1],
    [1, 2, 5],
  ],
  8,
  4,
);

describe('the order in which a new user is asked', () => {
  it.each<[AskingOrder, number[]]>([
    ['popularity', [0, 1, 2]],
    ['variance', [2, 1, 0]],
    // 6 of 8 in two halves: 1.56 bits; 2 of 8 apart: 1.06; all alike: 0.
    ['entropy0', [1, 2, 0]],
    // ln 6 x 1 bit before ln 2 x 1 bit.
    ['log-popularity-entropy', [1, 2, 0]],
    ['helf', [1, 2, 0]],
  ])('%s is by what others rated', (strategy, expected) => {
    expect([...askingOrder(strategy, ratings, { seed: 1 })]).toEqual(expected);
  });

  it('is of all items by chance or by content, which goes far first', () => {
    const random = askingOrder('random', ratings, { seed: 1 });
    expect([...random].sort()).toEqual([0, 1, 2, 3]);
    expect(askingOrder('random', ratings, { seed: 1 })).toEqual(random);
    const vectors = { vectors: Float32Array.of(0, 1, 10, 4), dimension: 1 };
    // 10 is farthest from the mean, then 0 from 10, then 4 from both, then 1.
    expect([...askingOrder('content-spread', ratings, { seed: 1, vectors })]).toEqual([2, 0, 3, 1]);
  });
});

describe('asking new users', () => {
  it('shows answers of the pool alone, and counts questions without one', async () => {
    const shown: NewUserRatings[] = [];
    const users = [{ pool: new Map([[0, 5]]), test: { items: Int32Array.of(1, 2), values: Float32Array.of(2, 3) } }];
    const points = await askUsers(users, Int32Array.of(3, 1, 0), {
      questions: 20,
      scale: { minimum: 1, maximum: 5 },
      score: (own, items) => {
        shown.push(own);
        return new Float32Array(items.length).fill(own.items.length + 2);
      },
    });
    expect(shown.map(({ items, values }) => [[...items], [...values]])).toEqual([
      [[], []],
      [[0], [5]],
    ]);
    expect(points.map(({ answered }) => answered)).toEqual([Number.NaN, 0, 0, 1 / 3]);
    expect(points.map(({ rmse }) => rmse)).toEqual([Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2]);
  });

  it('lowers the error by what tells tastes apart, not by what all rate alike', async () => {
    const next = numbersOf(13);
    const taste = Array.from({ length: 80 }, () => (next() < 0.5 ? 1 : -1));
    const look = Array.from({ length: 20 }, (_, item) => (item < 10 ? 0 : item % 2 === 0 ? 1 : -1));
    const rating = (user: number, item: number) => 3 + 1.5 * (taste[user] as number) * (look[item] as number);
    const rows: [number, number, number][] = [];
    for (let user = 0; user < 60; user++) {
      for (let item = 0; item < 20; item++) if (item < 10 || next() < 0.8) rows.push([user, item, rating(user, item)]);
    }
    const learnt = training(rows, 80, 20);
    const svd = new SvdRecommender({ factors: 4, epochs: 60, learningRate: 0.02, seed: 1 });
    svd.fit(learnt);
    const users = Array.from({ length: 20 }, (_, at) => {
      const tested = Int32Array.of(16, 17, 18, 19);
      const values = Float32Array.from(tested, (item) => rating(60 + at, item));
      const pool = new Map(Array.from({ length: 16 }, (_, item) => [item, rating(60 + at, item)]));
      return { pool, test: { items: tested, values } };
    });
    const errorBy = async (next: Int32Array | NextQuestion) => {
      const points = await askUsers(users, next, {
        questions: 6,
        scale: learnt.scale,
        score: (own, items) => svd.scoreNewUser(own, items),
      });
      return points.at(-1)?.rmse as number;
    };
    const last = (strategy: AskingOrder) => errorBy(askingOrder(strategy, learnt, { seed: 1 }));
    // The ten items that all rate alike are the most popular ones.
    expect(await last('popularity')).toBeGreaterThan(1.2);
    expect(await last('log-popularity-entropy')).toBeLessThan(0.6);
    expect(await last('log-popularity-entropy')).toBe(await last('log-popularity-entropy'));
    expect(await errorBy(byExpectedError(learnt, svd.itemFactors()))).toBeLessThan(0.6);
    expect(await errorBy(byDecisionTree(learnt))).toBeLessThan(0.6);
  });
});

describe('questions that depend on the answers so far', () => {
  const asks = (items: readonly number[], answer?: number): AskedQuestion[] => items.map((item) => ({ item, answer }));

  it('by the expected error are the closed form of one factor, and turn to what is not known yet', () => {
    // Items 0 and 1 have the same factor, 2 another sign of none; all are rated equally often.
    const rows = [0, 1, 2].flatMap((item) => [0, 1].map((user): [number, number, number] => [user, item, 3]));
    const own = training(rows, 2, 3);
    const next = byExpectedError(own, { values: Float32Array.of(2, 2, -1), dimension: 1 });
    const x = [2, 2, -1].map((value) => [1, value / Math.sqrt(3)] as const);
    const fall = ([one, other]: readonly [number, number]) =>
      x.reduce((sum, [a, b]) => sum + (a * one + b * other) ** 2 / 3, 0) / (1 + one * one + other * other);
    const falls = x.map(fall);
    expect(next([])).toBe(falls.indexOf(Math.max(...falls)));
    expect(next(asks([0], 4))).toBe(2);
    // A question without an answer tells nothing: item 1 says what 0 would have.
    expect(next(asks([0]))).toBe(1);
    expect(next(asks([0, 1, 2], 4))).toBeUndefined();
  });

  it('by the decision tree split users first by what the rest hangs on, then those alike by what is left', () => {
    // Who likes item 0 likes 1 to 3 too, who does not dislikes them; 4 splits both kinds by itself.
    const rows = Array.from({ length: 80 }, (_, user) => {
      const [kind, other] = [user % 2, Math.floor(user / 2) % 2];
      return [0, 1, 2, 3, 4, 5].map((item): [number, number, number] => [
        user,
        item,
        (item < 4 ? kind : other) === 1 ? 5 : 1,
      ]);
    }).flat();
    const next = byDecisionTree(training(rows, 80, 6));
    const first = next([]) as number;
    expect(first).toBeLessThan(4);
    for (const answer of [1, 5]) expect(next(asks([first], answer))).toBeGreaterThan(3);
    expect(next(asks([first]))).not.toBe(first);
    expect(next(asks([0, 1, 2, 3, 4, 5], 5))).toBeUndefined();
  });
});
