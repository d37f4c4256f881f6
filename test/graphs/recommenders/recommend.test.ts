import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadedRecommender, loadRecommender } from '../../../src/graphs/recommenders/load-recommender.ts';
import { rankUsers } from '../../../src/graphs/recommenders/rank-users.ts';
import { recommend } from '../../../src/graphs/recommenders/recommend.ts';
import { recommendToAll } from '../../../src/graphs/recommenders/recommend-all.ts';
import { similarItems } from '../../../src/graphs/recommenders/similar-items.ts';
import { trainRecommender } from '../../../src/graphs/recommenders/train-recommender.ts';
import { openTable } from '../../../src/io/dataset/table-reader.ts';
import { plantedFiles } from '../../fixtures/planted-files.ts';
import { plantedRating } from './planted-ratings.ts';

let directory: string;
const loaded = new Map<string, LoadedRecommender>();
const of = (name: string) => loaded.get(name) as LoadedRecommender;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'recommend-library-'));
  const files = await plantedFiles(directory);
  const options = {
    svd: { factors: 4, epochs: 100 },
    ...{ popularity: {}, baseline: {}, 'item-knn': {}, 'genre-content': {}, 'content-knn': { components: 4 } },
    'regsvd-adam': { embedding: 4, epochs: 30, learningRate: 0.02 },
    'lstm-av': { lstm: [4], fits: 1, components: 4, embedding: 8, epochs: 20, patience: 20 },
  };
  for (const [recommender, own] of Object.entries(options)) {
    const out = join(directory, recommender);
    await trainRecommender({ ...files, recommender, options: own, out, seed: 2 });
    loaded.set(recommender, await loadRecommender(out));
  }
});
afterAll(async () => {
  for (const model of loaded.values()) await model.close();
  await rm(directory, { recursive: true });
});

/** The ratings of a user by item id. */
function ratingsOf({ saved }: LoadedRecommender, user: number): Map<string, number> {
  const { users, items, values } = saved.ratings;
  const rows = [...users.keys()].filter((row) => users[row] === user);
  return new Map(rows.map((row) => [saved.catalogue[items[row] as number]?.id as string, values[row] as number]));
}

describe('recommendations for every user', () => {
  it.each(['csv', 'jsonl', 'parquet'])('are written as %s, each as for that user alone', async (ending) => {
    const out = join(directory, `lists.${ending}`);
    const model = of('content-knn');
    const done: number[] = [];
    const written = await recommendToAll(model, { out, k: 3, onProgress: (users) => done.push(users) });
    expect(written).toEqual({ out, users: 24, usersWithout: 0, rows: 72 });
    expect(done.at(-1)).toBe(24);
    const rows = await rowsOf(out, ending);
    expect(rows.length).toBe(72);
    for (const user of ['u1', 'u7', 'u24']) {
      const { items } = await recommend(model, { user, k: 3 });
      const own = rows.filter((row) => row.user === user);
      expect(own.map(({ item }) => item)).toEqual(items.map(({ itemId }) => itemId));
      expect(own.map(({ rank }) => Number(rank))).toEqual([1, 2, 3]);
      for (const [at, row] of own.entries()) expect(Number(row.prediction)).toBeCloseTo(items[at]?.prediction ?? 0, 5);
    }
  });

  it('leave out items with fewer ratings than `minRatings`, for one user and for all', async () => {
    const model = of('svd');
    const all = await recommend(model, { user: 'u1', k: 100 });
    const counts = all.items.map(({ ratings }) => ratings).sort((one, other) => one - other);
    const minRatings = counts[counts.length >> 1] as number;
    const left = await recommend(model, { user: 'u1', k: 100, minRatings });
    expect(left.items).toEqual(all.items.filter(({ ratings }) => ratings >= minRatings));
    const out = join(directory, 'supported.jsonl');
    await recommendToAll(model, { out, k: 100, minRatings });
    const own = (await rowsOf(out, 'jsonl')).filter((row) => row.user === 'u1');
    expect(own.map(({ item }) => item)).toEqual(left.items.map(({ itemId }) => itemId));
    const both = { user: 'u1', coldOnly: true, minRatings };
    await expect(recommend(of('content-knn'), both)).rejects.toThrow('exclude each other');
  });

  it('have beside the prediction what it is before it is clipped, in the order of the list', async () => {
    const out = join(directory, 'scores.csv');
    const model = of('baseline');
    await recommendToAll(model, { out, k: 20 });
    const rows = await rowsOf(out, 'csv');
    const { minimum, maximum } = model.saved.facts.scale;
    for (const { prediction, score } of rows) {
      expect(Number(prediction)).toBe(Math.min(maximum, Math.max(minimum, Number(score))));
    }
    for (const user of ['u1', 'u7', 'u24']) {
      const own = rows.filter((row) => row.user === user).map(({ score }) => Number(score));
      expect(own).toEqual([...own].sort((a, b) => b - a));
    }
  });

  it('leave nothing behind when they are stopped, and want an ending that they know', async () => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    const before = await readdir(directory);
    await expect(recommendToAll(of('svd'), { out: join(directory, 'none.csv'), signal: stop.signal })).rejects.toThrow(
      'enough',
    );
    expect(await readdir(directory)).toEqual(before);
    await expect(recommendToAll(of('svd'), { out: 'lists.txt' })).rejects.toThrow('.csv or .jsonl or .parquet');
  });
});

it('a list without items says why', async () => {
  const empty = async (options: object) => (await recommend(of('svd'), { user: 'u1', ...options })).whyEmpty;
  expect(await empty({ minRatings: 1000 })).toContain('has 1000 ratings or more in training');
  expect(await empty({})).toBe(undefined);
  const { saved } = of('genre-content');
  const everything = new Map(saved.catalogue.map(({ id }) => [id, 4]));
  const cold = await recommend(of('genre-content'), { ratings: everything, coldOnly: true });
  expect(cold).toMatchObject({ items: [], whyEmpty: expect.stringContaining('has ratings in training') });
});

async function rowsOf(path: string, ending: string): Promise<Record<string, unknown>[]> {
  if (ending === 'parquet') {
    const reader = await openTable(path);
    const rows: Record<string, unknown>[] = [];
    for await (const batch of reader.batches())
      rows.push(...batch.batch.toArray().map((row: { toJSON(): object }) => ({ ...row.toJSON() })));
    return rows;
  }
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  if (ending === 'jsonl') return lines.map((line) => JSON.parse(line));
  const names = (lines[0] as string).split(',');
  return lines.slice(1).map((line) => Object.fromEntries(line.split(',').map((value, at) => [names[at], value])));
}

describe('a user given by ratings', () => {
  it.each(['svd', 'baseline', 'item-knn', 'genre-content', 'content-knn', 'popularity', 'regsvd-adam', 'lstm-av'])(
    'of %s gets about what a user of training with these ratings gets',
    async (name) => {
      const model = of(name);
      const ratings = ratingsOf(model, 5);
      const [known, folded] = [
        await recommend(model, { user: model.saved.userIds[5], k: 20 }),
        await recommend(model, { ratings, k: 20 }),
      ];
      expect(folded.rated).toBe(known.rated);
      expect(folded.items.map(({ itemId }) => itemId).sort()).toEqual(known.items.map(({ itemId }) => itemId).sort());
      const predicted = new Map(known.items.map(({ itemId, prediction }) => [itemId, prediction]));
      const differences = folded.items.map(({ itemId, prediction }) =>
        Math.abs(prediction - (predicted.get(itemId) as number)),
      );
      expect(differences.reduce((sum, value) => sum + value, 0) / differences.length).toBeLessThan(
        ['content-knn', 'genre-content'].includes(name) ? 1e-4 : 0.4,
      );
    },
  );

  it('moves with its ratings: who likes the opposite gets the opposite order, of a neural recommender too', async () => {
    for (const name of ['content-knn', 'lstm-av']) {
      const model = of(name);
      const own = ratingsOf(model, 5);
      const turned = new Map([...own].map(([item, value]) => [item, 5.5 - value]));
      const [one, other] = [
        await recommend(model, { ratings: own, k: 20 }),
        await recommend(model, { ratings: turned, k: 20 }),
      ];
      const at = new Map(one.items.map(({ itemId }, place) => [itemId, place]));
      const middle = (one.items.length - 1) / 2;
      const agreement = other.items.reduce(
        (sum, { itemId }, place) => sum + ((at.get(itemId) as number) - middle) * (place - middle),
        0,
      );
      expect(agreement, name).toBeLessThan(0);
    }
  });

  it('says which items it does not know, and refuses ratings off the scale', async () => {
    const found = await recommend(of('svd'), { ratings: new Map([['101', 4], ['nowhere', 3]]) }); // biome-ignore format: a table
    expect(found).toMatchObject({ rated: 1, unknownItems: 1, user: undefined });
    await expect(recommend(of('svd'), { ratings: new Map([['101', 40]]) })).rejects.toThrow('scale is');
    await expect(recommend(of('svd'), {})).rejects.toThrow('must be given');
  });
});

describe('ids of whole numbers', () => {
  it('are met when they are written as data frames do, 101.0', async () => {
    const model = of('svd');
    const [plain, decimal] = [await rankUsers(model, { item: '101' }), await rankUsers(model, { item: '101.0' })];
    expect(decimal).toEqual(plain);
    const by = { by: 'factors' } as const;
    expect(await similarItems(model, { item: '102.0', ...by })).toEqual(
      await similarItems(model, { item: '102', ...by }),
    );
    expect((await recommend(model, { ratings: new Map([['101.0', 4]]) })).rated).toBe(1);
  });
});

describe('users for an item', () => {
  it('are ranked as their own predictions say, for an item that nobody has rated too', async () => {
    const model = of('lstm-av');
    const cold = model.saved.catalogue.findIndex((_, item) => !model.saved.ratings.items.includes(item));
    const { id } = model.saved.catalogue[cold] as { id: string };
    const found = await rankUsers(model, { item: id, k: 24 });
    expect(found).toMatchObject({ itemId: id, ratings: 0, candidates: 24, predicts: 'ratings' });
    let [right, pairs] = [0, 0];
    for (const [place, better] of found.users.entries()) {
      for (const worse of found.users.slice(place + 1)) {
        const truth = (user: string) => plantedRating(Number(user.slice(1)) - 1, Number(id) - 101);
        if (truth(better.user) !== truth(worse.user)) pairs++;
        if (truth(better.user) > truth(worse.user)) right++;
      }
    }
    expect(right / pairs).toBeGreaterThan(0.6);
    await expect(rankUsers(of('svd'), { item: id })).rejects.toMatchObject({ code: 'unknown-item' });
  });

  it('leave out those who have rated it', async () => {
    const model = of('popularity');
    const found = await rankUsers(model, { item: '101', k: 100 });
    expect(found.ratings + found.candidates).toBe(24);
    expect(found.predicts).toBe('scores');
    expect(new Set(found.users.map(({ prediction }) => prediction))).toEqual(new Set([found.ratings]));
  });
});

describe('the prediction from which a user counts as audience', () => {
  const rated = async (minimum: number, maximum: number): Promise<LoadedRecommender> => {
    const [ratings, out] = ['csv', 'recommender'].map((end) => join(directory, `from-${minimum}-to-${maximum}.${end}`));
    const lines = Array.from({ length: 24 }, (_, at) => {
      return `u${at % 6},${at % 5},${minimum + Math.round(((maximum - minimum) * (at % 7)) / 6)}`;
    });
    await writeFile(ratings as string, `user,item,rating\n${lines.join('\n')}\nu6,1,${maximum}\n`);
    const reading = { scale: { minimum, maximum } };
    await trainRecommender({ ratings: ratings as string, reading, recommender: 'baseline', out: out as string });
    return loadRecommender(out as string);
  };
  const thresholdOf = async (model: LoadedRecommender, threshold?: number) =>
    (await rankUsers(model, { item: '0', threshold })).audience?.threshold;

  it('is 4 of 1 to 5, and two thirds up a scale below 0 or one that ends at 5 but is not of stars', async () => {
    for (const [minimum, maximum, usual] of [
      [1, 5, 4],
      [-5, -1, -5 + 8 / 3],
      [-10, 5, 0],
    ] as const) {
      const model = await rated(minimum, maximum);
      expect(await thresholdOf(model), `${minimum} to ${maximum}`).toBeCloseTo(usual, 12);
      await model.close();
    }
  });

  it('may be 0 or below, but is a number', async () => {
    const model = await rated(-10, 10);
    expect(await thresholdOf(model, 0)).toBe(0);
    expect(await thresholdOf(model, -2.5)).toBe(-2.5);
    await expect(thresholdOf(model, Number.NaN)).rejects.toMatchObject({ name: 'UsageError', option: 'threshold' });
    await model.close();
  });
});

describe('similar items', () => {
  it('are those of the nearest features, or of the nearest learnt vectors', async () => {
    const content = await similarItems(of('content-knn'), { item: '101', k: 4 });
    expect(content.items.length).toBe(4);
    expect(content.items.every(({ basis }) => basis === 'features')).toBe(true);
    const model = of('svd');
    const learnt = await similarItems(model, { item: '101', k: 19, by: 'factors' });
    const { values, dimension } = (await model.itemFactors()) as { values: Float64Array; dimension: number };
    const vector = (id: string) => {
      const item = model.saved.catalogue.findIndex((each) => each.id === id);
      return Array.from(values.subarray(item * dimension, (item + 1) * dimension));
    };
    const one = vector('101');
    for (const { itemId, similarity } of learnt.items) {
      const other = vector(itemId);
      const product = one.reduce((sum, value, at) => sum + value * (other[at] as number), 0);
      expect(similarity).toBeCloseTo(product / (Math.hypot(...one) * Math.hypot(...other)), 6);
    }
    const order = learnt.items.map(({ similarity }) => similarity);
    expect(order).toEqual([...order].sort((a, b) => b - a));
    expect((await similarItems(of('regsvd-adam'), { item: '101', by: 'factors' })).items.length).toBe(10);
    await expect(similarItems(of('baseline'), { item: '101', by: 'factors' })).rejects.toMatchObject({
      code: 'no-factors',
    });
  });
});
