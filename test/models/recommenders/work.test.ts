import { describe, expect, it } from 'vitest';
import { inParts } from '../../../src/graphs/recommenders/in-parts.ts';
import { EaseRecommender } from '../../../src/models/recommenders/ease.ts';
import { KnnRecommender } from '../../../src/models/recommenders/knn.ts';
import type { Recommender } from '../../../src/models/recommenders/recommender.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { training } from './support.ts';

const next = numbersOf(5);
const rows: [number, number, number][] = [];
for (let user = 0; user < 30; user++) {
  for (let item = 0; item < 20; item++) if (next() < 0.5) rows.push([user, item, 1 + Math.floor(5 * next())]);
}
const ratings = training(rows, 30, 20);
const all = {
  users: Int32Array.from({ length: 600 }, (_, at) => at % 30),
  items: Int32Array.from({ length: 600 }, (_, at) => Math.floor(at / 30)),
};

describe('what KNN takes', () => {
  it('is a step for each pair of ratings that a user, or an item, has in common with all others', () => {
    for (const between of ['users', 'items'] as const) {
      const knn = new KnnRecommender({ between });
      knn.fit(ratings);
      const { by, steps } = knn.workOf(all.users, all.items);
      const via = between === 'users' ? 1 : 0;
      const counts = new Map<number, number>();
      for (const row of rows) counts.set(row[via] as number, (counts.get(row[via] as number) ?? 0) + 1);
      // Each rating meets all ratings of the same item (user): the sum of their squares.
      const squares = [...counts.values()].reduce((sum, count) => sum + count ** 2, 0);
      expect(steps.reduce((sum, own) => sum + own, 0)).toBe(squares);
      expect(by).toBe(between === 'users' ? 'user' : 'item');
      expect(knn.workOf(Int32Array.of(0, 0), Int32Array.of(0, 0)).steps.filter((own) => own > 0)).toHaveLength(1);
    }
  });

  it('is refused above a limit, before anything is compared, with a limit that will do', () => {
    const knn = new KnnRecommender({ between: 'users', mostSteps: 100 });
    knn.fit(ratings);
    const refusal = expect(() => knn.predict(all.users, all.items));
    refusal.toThrow(expect.objectContaining({ code: 'too-many-steps' }));
    let remedy = '';
    try {
      knn.predict(all.users, all.items);
    } catch (error) {
      remedy = String((error as { remedy?: string }).remedy);
    }
    const limit = Number(/mostSteps: ([\de]+)/.exec(remedy)?.[1]);
    const enough = new KnnRecommender({ between: 'users', mostSteps: limit });
    enough.fit(ratings);
    expect(enough.predict(all.users, all.items)).toHaveLength(600);
  });
});

describe('the matrix of ease', () => {
  it('is refused above a number of multiplications, before any is made', async () => {
    await expect(new EaseRecommender({ mostSteps: 3999 }).fit(ratings)).rejects.toMatchObject({
      code: 'too-many-steps',
      message: expect.stringContaining('20 x 20 items'),
    });
    await new EaseRecommender({ mostSteps: 4000 }).fit(ratings);
  });
});

describe('a recommender whose work is much', () => {
  /** Pretends that each item takes so many steps; predicts its number. */
  function slow(each: number): Recommender & { readonly calls: Int32Array[] } {
    const calls: Int32Array[] = [];
    return {
      ...{ name: 'slow', calls, fit: () => undefined },
      predict: (users, items) => {
        calls.push(items.slice());
        return Float32Array.from(items, (item, at) => 100 * item + (users[at] as number));
      },
      workOf: (_users, items) => {
        const steps = new Float64Array(20);
        for (const item of items) steps[item] = each;
        return { by: 'item', steps };
      },
    };
  }

  it('is asked in parts, none of which shares an item with another, and gives the same', async () => {
    const recommender = slow(1e9);
    const said: string[] = [];
    const values = await inParts(recommender, 'score', all.users, all.items, { onMessage: (line) => said.push(line) });
    expect(values).toEqual(Float32Array.from(all.items, (item, at) => 100 * item + (all.users[at] as number)));
    expect(recommender.calls).toHaveLength(20);
    expect(recommender.calls.map((items) => new Set(items).size)).toEqual(Array(20).fill(1));
    expect(said[0]).toContain('about 2e10 steps to predict 600 ratings');
    expect(said.slice(1)).toEqual(['25', '50', '75'].map((share) => `slow: ${share} % of the steps`));
  });

  it('hears an interrupt between the parts', async () => {
    const recommender = slow(1e9);
    const stop = new AbortController();
    const found = inParts(recommender, 'predict', all.users, all.items, { signal: stop.signal });
    setImmediate(() => stop.abort(new Error('enough')));
    await expect(found).rejects.toThrow('enough');
    expect(recommender.calls.length).toBeLessThan(20);
  });

  it('is asked once where its work is little', async () => {
    const recommender = slow(10);
    await inParts(recommender, 'predict', all.users, all.items, {});
    expect(recommender.calls).toHaveLength(1);
  });
});
