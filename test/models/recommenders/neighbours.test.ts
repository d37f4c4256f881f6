import { describe, expect, it } from 'vitest';
import { BaselineRecommender } from '../../../src/models/recommenders/baseline.ts';
import { BlendRecommender, simplexWeights } from '../../../src/models/recommenders/blend.ts';
import { ContentKnnRecommender } from '../../../src/models/recommenders/content-knn.ts';
import { ContentRidgeRecommender } from '../../../src/models/recommenders/content-ridge.ts';
import { EaseRecommender } from '../../../src/models/recommenders/ease.ts';
import type { ItemVectors } from '../../../src/models/recommenders/item-vectors.ts';
import { PopularityRecommender } from '../../../src/models/recommenders/popularity.ts';
import { invertPositive } from '../../../src/models/recommenders/positive-definite.ts';
import { SvdRecommender } from '../../../src/models/recommenders/svd.ts';
import { SvdPlusPlusRecommender } from '../../../src/models/recommenders/svd-plus-plus.ts';
import { SwitchRecommender } from '../../../src/models/recommenders/switch.ts';
import { UserMeanRecommender } from '../../../src/models/recommenders/user-mean.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { areaOf, planted, reference, referenceData } from './planted-tastes.ts';
import { training } from './support.ts';

describe('popularity and user-mean', () => {
  it('counts ratings, the same for everybody, and gives unrated items the same score', () => {
    const popularity = new PopularityRecommender();
    popularity.fit(training([[0, 0, 1], [1, 0, 1], [1, 2, 5]], 3, 5)); // biome-ignore format: a table
    const scores = popularity.predict(Int32Array.of(2, 2, 2, 2), Int32Array.of(0, 2, 3, 4));
    expect([...scores]).toEqual([2, 1, 0, 0]);
  });

  it('averages a user’s ratings with `damping` ratings of the mean of all', () => {
    const means = new UserMeanRecommender({ damping: 2 });
    means.fit(training([[0, 0, 5], [0, 1, 4], [1, 0, 3]], 3, 2)); // biome-ignore format: a table
    // (4 + 1 + 0) / (2 + 2) above the mean 4, (3 - 4) / (1 + 2), nothing known.
    const found = means.predict(Int32Array.of(0, 1, 2), Int32Array.of(0, 1, 1));
    expect(found[0]).toBeCloseTo(4 + 1 / 4, 6);
    expect(found[1]).toBeCloseTo(4 - 1 / 3, 6);
    expect(found[2]).toBeCloseTo(4, 6);
    expect(
      means.scoreNewUser({ items: Int32Array.of(1), values: Float32Array.of(3) }, Int32Array.of(0))[0],
    ).toBeCloseTo(4 - 1 / 3, 6);
  });
});

describe('content-knn', () => {
  it('adds the deviations of the nearest rated items, weighted by their cosines and damped', () => {
    const vectors = Float32Array.of(1, 0, 1, 1, -1, 0, 2, 0);
    const knn = new ContentKnnRecommender({ vectors, dimension: 2, neighbours: 2, damping: 0.5, userDamping: 0 });
    knn.fit(training([[0, 0, 5], [0, 1, 3], [0, 2, 1]], 1, 4)); // biome-ignore format: a table
    const cosine = Math.SQRT1_2;
    const expected = 3 + (1 * 2 + cosine * 0) / (1 + cosine + 0.5);
    expect(knn.predict(Int32Array.of(0), Int32Array.of(3))[0]).toBeCloseTo(expected, 6);
  });

  it('ranks items that nobody has rated by what they are like, and not by what others are like', async () => {
    const make = (content: ItemVectors) => new ContentKnnRecommender(content);
    const [linked, cut] = [planted(), planted(false)];
    expect(await areaOf(make(linked.content), linked)).toBeGreaterThan(0.95);
    expect(Math.abs((await areaOf(make(cut.content), cut)) - 0.5)).toBeLessThan(0.2);
    expect(await areaOf(new UserMeanRecommender(), linked)).toBe(0.5);
  });
});

describe('content-ridge with shared weights', () => {
  it('ranks new items by taste, and tells a new user by what all users share', async () => {
    const linked = planted();
    const ridge = new ContentRidgeRecommender({ ...linked.content, sharedRegularisation: 10, standardise: false });
    expect(await areaOf(ridge, linked)).toBeGreaterThan(0.95);
    // Everybody likes the items with a large value: so will somebody of whom nothing is known.
    const all = new ContentRidgeRecommender({
      ...{ vectors: Float32Array.of(-1, 1, -1, 1), dimension: 1, standardise: false },
      ...{ regularisation: 1, sharedRegularisation: 1e-6 },
    });
    all.fit(training([[0, 0, 2], [0, 1, 4], [1, 0, 2], [1, 1, 4]], 3, 4)); // biome-ignore format: a table
    expect(
      [...all.predict(Int32Array.of(2, 2), Int32Array.of(2, 3))].map((value) => Math.round(value * 1e4) / 1e4),
    ).toEqual([2, 4]);
  });
});

describe('ease', () => {
  it('has the weights that NumPy finds, with and without content, to 1e-8', async () => {
    const { ratings, content } = referenceData();
    expect(ratings.users.length).toBe(reference.rows);
    for (const [expected, options] of [
      [reference.ease, {}],
      [reference.content, { content, contentWeight: 4 }],
    ] as const) {
      const ease = new EaseRecommender({ regularisation: 20, ...options });
      await ease.fit(ratings);
      for (const [row, weights] of expected.entries()) {
        for (const [column, weight] of weights.entries()) {
          expect(Math.abs(ease.weight(row, column) - weight)).toBeLessThan(1e-8);
        }
      }
    }
  });

  it('scores an item by its column over what the user likes, for a new user too', async () => {
    const { ratings } = referenceData();
    const ease = new EaseRecommender({ regularisation: 20 });
    await ease.fit(ratings);
    const own = [...ratings.users.keys()].filter((row) => ratings.users[row] === 4);
    const liked = own.filter((row) => (ratings.values[row] as number) > 3.7).map((row) => ratings.items[row] as number);
    expect(liked.length).toBeGreaterThan(0);
    const expected = liked.reduce((sum, item) => sum + (reference.ease[item]?.[2] as number), 0);
    expect(ease.predict(Int32Array.of(4), Int32Array.of(2))[0]).toBeCloseTo(expected, 6);
    const news = {
      items: Int32Array.from(own, (row) => ratings.items[row] as number),
      values: Float32Array.from(own, (row) => ratings.values[row] as number),
    };
    expect(ease.scoreNewUser(news, Int32Array.of(2))[0]).toBeCloseTo(expected, 6);
  });

  it('refuses a matrix that takes more memory than it may, with what it needs, before it begins', async () => {
    const ratings = { ...training([[0, 0, 5], [0, 19_999, 1]], 1, 20_000), ...{} }; // biome-ignore format: a table
    const content = { vectors: new Float32Array(20_000).fill(1), dimension: 1 };
    const error = await new EaseRecommender({ content }).fit(ratings).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'memory-too-small' });
    expect(String(error)).toContain('20000 items');
  });

  it('says what is large before it begins, tells how far it is, and stops when it is told to', async () => {
    const said: string[] = [];
    const stop = new AbortController();
    const ease = new EaseRecommender({
      content: { vectors: new Float32Array(4200).fill(1), dimension: 1 },
      onMessage: (message) => {
        said.push(message);
        stop.abort(new Error('enough'));
      },
      signal: stop.signal,
    });
    const rows = [[0, 0, 5]] as const;
    await expect(ease.fit(training(rows, 1, 4200))).rejects.toThrow('enough');
    expect(said[0]).toMatch(/135 MiB for 4200 x 4200 items, about 4e10 steps/);
  });

  it('with content ranks items that nobody likes yet; without it or with the link cut it does not', async () => {
    const [linked, cut] = [planted(), planted(false)];
    const make = (content?: ItemVectors) => new EaseRecommender({ regularisation: 20, contentWeight: 10, content });
    expect(await areaOf(make(linked.content), linked)).toBeGreaterThan(0.95);
    expect(await areaOf(make(), linked)).toBe(0.5);
    expect(Math.abs((await areaOf(make(cut.content), cut)) - 0.5)).toBeLessThan(0.2);
  });

  it('inverts a symmetric positive definite matrix of any size', async () => {
    for (const n of [1, 2, 3, 5, 9, 30]) {
      const next = numbersOf(n);
      const x = Array.from({ length: n }, () => Array.from({ length: n }, () => next() - 0.5));
      const a = x.map((left, row) =>
        x.map((right, column) =>
          left.reduce((sum, value, at) => sum + value * (right[at] as number), row === column ? 0.5 : 0),
        ),
      );
      const inverse = Float64Array.from(a.flat());
      await invertPositive(inverse, n);
      for (let row = 0; row < n; row++) {
        for (let column = 0; column < n; column++) {
          const product = (a[row] as number[]).reduce(
            (sum, value, at) => sum + value * (inverse[at * n + column] as number),
            0,
          );
          expect(product).toBeCloseTo(row === column ? 1 : 0, 10);
        }
      }
    }
  });
});

describe('switch and blend', () => {
  it('switches by the number of an item’s ratings', async () => {
    const linked = planted();
    const [cold, warm] = [new ContentKnnRecommender(linked.content), new BaselineRecommender()];
    const either = new SwitchRecommender({ cold, warm, below: 3 });
    expect(await areaOf(either, linked)).toBeGreaterThan(0.95);
    const [users, rated, unrated] = [Int32Array.of(5), Int32Array.of(1), Int32Array.of(45)];
    expect(await either.score(users, rated)).toEqual(warm.score(users, rated));
    expect(await either.score(users, unrated)).toEqual(cold.score(users, unrated));
    expect(() => new SwitchRecommender({ cold, warm: new PopularityRecommender() })).toThrow('popularity gives scores');
  });

  it('weighs parts by ratings that they have not learnt, and beats each of them', async () => {
    const { ratings, content } = planted();
    const parts = () => [new UserMeanRecommender(), new ContentKnnRecommender(content)];
    const blend = new BlendRecommender({ parts: parts(), seed: 1 });
    await blend.fit(ratings);
    expect(blend.weights[1]).toBeGreaterThan(0.6);
    const given = new BlendRecommender({ parts: parts(), weights: [1, 3] });
    await given.fit(ratings);
    const [mean, knn] = parts() as [UserMeanRecommender, ContentKnnRecommender];
    mean.fit(ratings);
    knn.fit(ratings);
    const [user, item] = [Int32Array.of(7), Int32Array.of(44)];
    const expected = 0.25 * (mean.score(user, item)[0] as number) + 0.75 * (knn.score(user, item)[0] as number);
    expect((await given.score(user, item))[0]).toBeCloseTo(expected, 5);
  });

  it('divides weights by their sum, to 1 exactly, and leaves those of a saved blend as they are', async () => {
    const { ratings } = planted();
    const shares = async (weights: readonly number[]) => {
      const blend = new BlendRecommender({ parts: weights.map(() => new BaselineRecommender()), weights });
      await blend.fit(ratings);
      return [...blend.weights];
    };
    expect(await shares([1, 3, 0])).toEqual([0.25, 0.75, 0]);
    for (const given of [
      [0.5, 0.5000009],
      [1, 1, 1],
      [0.7, 0.1, 0.2, 0.3, 3e-9],
      [1e-300, 7],
    ]) {
      const found = await shares(given);
      expect(found.reduce((sum, weight) => sum + weight, 0)).toBe(1);
      expect([...Float32Array.from(found)]).toEqual(found);
      expect(await shares(found)).toEqual(found);
      const total = given.reduce((sum, weight) => sum + weight, 0);
      for (const [at, weight] of found.entries())
        expect(Math.abs(weight - (given[at] as number) / total)).toBeLessThan(1e-6);
    }
    expect((await shares([0.5, 0.5000009]))[0]).toBeLessThan(0.5);
  });

  it('finds the weights of least squared error, none below 0', () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 2);
    const off = Float32Array.of(0.5, -0.3, 0.2, -0.4, 0.1, 0.3);
    const good = values.map((value, at) => value + (off[at] as number));
    const opposite = values.map((value, at) => value - 3 * (off[at] as number));
    const bad = values.map((value, at) => value + 2 * (off[at] as number));
    // 3/4 good + 1/4 opposite is right everywhere; a part that errs as good does, only more, has
    // none.
    const weights = simplexWeights([good, opposite], values);
    expect(weights[0]).toBeCloseTo(0.75, 5);
    expect(weights[1]).toBeCloseTo(0.25, 5);
    expect(simplexWeights([good, bad], values)).toEqual([1, 0]);
  });
});

describe('a user who was not there in training', () => {
  it('is predicted as a user of training with the same ratings is, or nearly', async () => {
    const { ratings, content } = planted();
    const twin = [...ratings.users.keys()].filter((row) => ratings.users[row] === 8);
    const own = {
      items: Int32Array.from(twin, (row) => ratings.items[row] as number),
      values: Float32Array.from(twin, (row) => ratings.values[row] as number),
    };
    const items = Int32Array.from({ length: 50 }, (_, item) => item);
    const exact = [
      new ContentKnnRecommender(content),
      new UserMeanRecommender(),
      new ContentRidgeRecommender(content),
      new EaseRecommender(),
    ];
    const near = [
      new SvdRecommender({ factors: 5, epochs: 100 }),
      new SvdPlusPlusRecommender({ factors: 5, epochs: 100 }),
      new BaselineRecommender(),
    ];
    for (const recommender of [...exact, ...near]) {
      const { name } = recommender;
      await recommender.fit(ratings);
      const known = await ('score' in recommender ? recommender.score : recommender.predict).call(
        recommender,
        new Int32Array(50).fill(8),
        items,
      );
      const folded = await recommender.scoreNewUser(own, items);
      const differences = folded.map((value, at) => Math.abs(value - (known[at] as number)));
      if ((exact as readonly object[]).includes(recommender)) expect(Math.max(...differences), name).toBeLessThan(1e-5);
      else expect(differences.reduce((sum, value) => sum + value, 0) / 50, name).toBeLessThan(0.2);
    }
  });
});
