import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateOnCatalogue } from '../../../src/graphs/catalogue-evaluation.ts';
import type { FitData } from '../../../src/graphs/recommenders/fit-data.ts';
import { fitRecommender } from '../../../src/graphs/recommenders/fit-recommender.ts';
import { judgedWithNegatives, SampledNegatives } from '../../../src/models/recommenders/neural/sampled-negatives.ts';
import { knownItems } from '../../../src/models/recommenders/neural/training-set.ts';
import { numbersOf } from '../../fixtures/movielens.ts';

/**
 * 60 users of 4 tastes, 48 items of 4 kinds of which some are chosen by many: each user has chosen
 * eight of the own kind and two of any. Two of the own kind are tested, one is for validation.
 */
function planted(): FitData & { readonly test: Int32Array } {
  const next = numbersOf(7);
  const found = { users: [] as number[], items: [] as number[], part: [] as number[] };
  for (let user = 0; user < 60; user++) {
    const chosen = new Set<number>();
    while (chosen.size < 8) chosen.add(4 * Math.floor(12 * next() ** 1.5) + (user % 4));
    const own = [...chosen];
    while (chosen.size < 10) chosen.add(Math.floor(48 * next() ** 2));
    for (const item of chosen) {
      found.users.push(user);
      found.items.push(item);
      found.part.push(own.indexOf(item) < 0 ? 3 : own.indexOf(item));
    }
  }
  const rowsOf = (keep: (part: number) => boolean) =>
    Int32Array.from(found.part.keys()).filter((row) => keep(found.part[row] as number));
  return {
    ratings: {
      users: Int32Array.from(found.users),
      items: Int32Array.from(found.items),
      values: new Float32Array(found.users.length).fill(1),
      userIds: Array.from({ length: 60 }, (_, user) => `u${user}`),
      itemIds: Array.from({ length: 48 }, (_, item) => `i${item}`),
    },
    ...{
      test: rowsOf((part) => part < 2),
      validation: rowsOf((part) => part === 2),
      train: rowsOf((part) => part > 2),
    },
    scale: { minimum: 0, maximum: 1 },
  };
}

const { test, ...data } = planted();
const training = {
  users: data.train.map((row) => data.ratings.users[row] as number),
  items: data.train.map((row) => data.ratings.items[row] as number),
  values: new Float32Array(data.train.length).fill(1),
  ...{ userCount: 60, itemCount: 48, scale: data.scale },
};
const small = { embedding: 8, learningRate: 0.01, epochs: 40, batch: 64, l2: 1e-4 };

describe('a neural recommender that learns from what was chosen', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'implicit-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function gainOf(recommender: string, options = {}): Promise<number> {
    const fitted = await fitRecommender(data, { recommender, options, seed: 1 });
    const split = { name: 'planted', train: data.train, validation: data.validation, test };
    const { at } = await evaluateOnCatalogue(fitted, data.ratings, split, {
      ...{ ks: [10], threshold: 0.5, thresholdRule: 'gt', seed: 1 },
    });
    await fitted.close?.();
    return at['10']?.ndcg as number;
  }

  it.each([['bpr'], ['lambdarank'], ['softmax'], ['log'], ['mse'], ['mixed']])(
    'finds what users will choose better than popularity, by %s',
    async (loss) => {
      expect(await gainOf('gmf', { ...small, loss })).toBeGreaterThan(1.3 * (await gainOf('popularity')));
    },
  );

  it('learns by bpr beside four negatives unless told otherwise, and ranks held-out choices', async () => {
    const learn = (options: object) =>
      fitRecommender(data, { recommender: 'gmf', options: { ...small, epochs: 15, ...options }, seed: 1 });
    const [usual, said, other] = [
      await learn({}),
      await learn({ loss: 'bpr', negatives: 4 }),
      await learn({ negatives: 2 }),
    ];
    const users = Int32Array.from({ length: 48 }, () => 5);
    const items = Int32Array.from({ length: 48 }, (_, item) => item);
    const scores = await usual.score(users, items);
    expect(usual.predicts).toBe('scores');
    expect(await said.score(users, items)).toEqual(scores);
    expect(await other.score(users, items)).not.toEqual(scores);
    expect(usual.validation?.auc).toBeGreaterThan(0.6);
    expect(usual.validation?.ratings).toBeGreaterThan(4 * data.validation.length);
    for (const fitted of [usual, said, other]) await fitted.close?.();
  });

  it('ends with the same weights when it was stopped inside an epoch and run again', async () => {
    const options = { ...small, epochs: 4, checkpointSteps: 3 };
    const whole = await fitRecommender(data, { recommender: 'gmf', options, seed: 1 });
    const stop = new AbortController();
    const run = { recommender: 'gmf', options, seed: 1, checkpoint: join(directory, 'checkpoint') };
    await expect(
      fitRecommender(data, {
        ...run,
        signal: stop.signal,
        onProgress: ({ epoch }) => epoch === 2 && stop.abort(new Error('enough')),
      }),
    ).rejects.toThrow('enough');
    const resumed = await fitRecommender(data, run);
    expect(resumed.resumed).toBe(true);
    expect(await resumed.weights?.()).toEqual(await whole.weights?.());
    await whole.close?.();
    await resumed.close?.();
  });

  it('refuses ratings that are all alike below the highest, and negatives beside ratings that differ', async () => {
    const scale = { minimum: 0, maximum: 5 };
    const learn = (changed: Partial<FitData>, options = {}) =>
      fitRecommender({ ...data, ...changed }, { recommender: 'gmf', options, seed: 1 });
    await expect(learn({ scale })).rejects.toThrow('nothing to learn');
    const values = data.ratings.values.map((_, row) => (row % 2) + 1);
    await expect(learn({ scale, ratings: { ...data.ratings, values } }, { negatives: 4 })).rejects.toThrow(
      '`negatives`',
    );
    await expect(learn({}, { negatives: 0 })).rejects.toThrow('`negatives`');
    await expect(learn({}, { loss: 'mse', weighting: 0.5 })).rejects.toThrow('`weighting`');
    const wide = { scale: { minimum: 0, maximum: 1024 }, ratings: { ...data.ratings, values } };
    for (const loss of ['softmax', 'lambdarank']) {
      await expect(learn(wide, { loss })).rejects.toThrow('overflows on a scale of 0 to 1024');
    }
  });
});

describe('negatives', () => {
  const known = knownItems(training);
  const chosen = (user: number, of = training) => new Set(of.items.filter((_, row) => of.users[row] === user));

  it('are never of the training items of the user, always of items that others have, and follow the name', () => {
    const negatives = new SampledNegatives(training, known, { count: 6, seed: 1 });
    const rows = Int32Array.from(training.users.keys());
    const drawn = negatives.beside(rows, '0 0');
    expect(drawn.users).toHaveLength(7 * rows.length);
    const counts = new Map<number, number>();
    for (const [at, value] of drawn.values.entries()) {
      const [user, item] = [drawn.users[at] as number, drawn.items[at] as number];
      expect(chosen(user).has(item)).toBe(value === 1);
      expect(known[item]).toBe(1);
      if (value === 0 && user === 0) counts.set(item, (counts.get(item) ?? 0) + 1);
    }
    expect(negatives.beside(rows, '0 0')).toEqual(drawn);
    expect(negatives.beside(rows, '1 0').items).not.toEqual(drawn.items);
    // All items that the user has not chosen are drawn, alike: 2400 draws of about 40.
    const many = new SampledNegatives(training, known, { count: 2400, seed: 1 }).beside(Int32Array.of(0), '0 0');
    const times = new Map<number, number>();
    for (const item of many.items.subarray(1)) times.set(item, (times.get(item) ?? 0) + 1);
    const pool = known.reduce((sum, flag) => sum + flag, 0) - chosen(training.users[0] as number).size;
    expect(times.size).toBe(pool);
    for (const count of times.values()) expect(Math.abs(count - 2400 / pool)).toBeLessThan(5 * Math.sqrt(2400 / pool));
  });

  it('are none for a user who has chosen everything', () => {
    const all = { ...training, users: new Int32Array(48), items: Int32Array.from({ length: 48 }, (_, item) => item) };
    const everything = { ...all, values: new Float32Array(48).fill(1) };
    const drawn = new SampledNegatives(everything, knownItems(everything), { count: 4, seed: 1 });
    expect(drawn.beside(Int32Array.of(0, 1), '0 0').users).toHaveLength(2);
  });

  it('of ratings to be judged by are new items beside a new one, known ones beside a known one, none chosen', () => {
    const keep = training.items.map((item) => (item < 40 ? 1 : 0));
    const rows = Int32Array.from(keep.keys());
    const part = (wanted: number) => {
      const own = rows.filter((row) => keep[row] === wanted);
      const pick = (of: Int32Array) => own.map((row) => of[row] as number);
      return {
        ...training,
        users: pick(training.users),
        items: pick(training.items),
        values: new Float32Array(own.length).fill(1),
      };
    };
    const [learnt, judged] = [part(1), part(0)];
    judged.items[0] = 3;
    const found = judgedWithNegatives(learnt, judged, { count: 3, seed: 1 });
    expect(found.values.filter((value) => value === 0).length).toBeGreaterThan(judged.users.length);
    for (const [at, value] of found.values.entries()) {
      if (value === 1) continue;
      const [user, item] = [found.users[at] as number, found.items[at] as number];
      expect(chosen(user, learnt).has(item) || chosen(user, judged).has(item)).toBe(false);
    }
    const ofFirst = found.items.subarray(judged.users.length, judged.users.length + 3);
    expect(ofFirst.every((item) => item < 40)).toBe(true);
    const pairs = Array.from(found.users, (user, at) => `${user} ${found.items[at]}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    expect(found.items.subarray(judged.users.length + 3).every((item) => item >= 40)).toBe(true);
  });
});
