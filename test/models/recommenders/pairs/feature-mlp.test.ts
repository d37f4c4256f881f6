import { describe, expect, it } from 'vitest';
import { type FeatureMlpOptions, featureMlp } from '../../../../src/models/recommenders/pairs/feature-mlp.ts';
import type { PairSources } from '../../../../src/models/recommenders/pairs/pair-network.ts';
import { PairRecommender } from '../../../../src/models/recommenders/pairs/pair-recommender.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';
import { errorOf, looks } from './planted-pairs.ts';

function made(own: FeatureMlpOptions, epochs = 2): PairRecommender<FeatureMlpOptions> {
  const options = { seed: 1, epochs, batchSize: 128, learningRate: 0.02 };
  return new PairRecommender<FeatureMlpOptions>(featureMlp, { width: 8, hidden: [16], ...own }, options);
}

/** The planted data with a stream that tells nothing, years, and an item that has neither. */
function planted() {
  const { ratings, heldOut, sources } = looks();
  const next = numbersOf(3);
  const noise = { vectors: Float32Array.from({ length: 3 * 40 }, () => next() - 0.5), dimension: 3 };
  const visual = sources.streams?.get('visual') as { vectors: Float32Array; dimension: number };
  const streams = new Map([
    ['visual', { ...visual, vectors: visual.vectors.map((value, at) => (at < 3 ? 0 : value)) }],
    ['noise', noise],
  ]);
  const years = Array.from({ length: 40 }, (_, item) => (item === 0 ? undefined : 1950 + item));
  return { ratings, heldOut, sources: { ...sources, streams, years } satisfies PairSources };
}

describe('feature-mlp', () => {
  it('predicts items that nobody has rated by the input that tells, and not by it once it is shuffled', async () => {
    const { ratings, heldOut, sources } = planted();
    const errors = new Map<string, number>();
    const noise = ['user-id', 'noise'];
    for (const [name, own] of Object.entries({
      visual: { inputs: [...noise, 'visual'] },
      noise: { inputs: noise },
      shuffled: { inputs: [...noise, 'visual'], shuffled: ['visual'] },
    })) {
      await using recommender = made(own, 15);
      await recommender.fit(ratings, undefined, sources);
      errors.set(name, await errorOf(recommender, heldOut));
    }
    const [visual = 9, none = 0, shuffled = 0] = errors.values();
    expect(visual).toBeLessThan(0.5 * none);
    expect(shuffled).toBeGreaterThan(0.9 * none);
  });

  it('reads all that there is unless told otherwise, makes numbers of gaps, and is restored from its weights', async () => {
    const { ratings, heldOut, sources } = planted();
    const userFields = { names: ['age'], counts: [2], codes: Int32Array.from({ length: 50 }, (_, user) => user % 3) };
    for (const own of [{}, { shuffled: ['visual', 'genres', 'year', 'demographics', 'user-ratings'] }]) {
      await using recommender = made(own);
      await recommender.fit(ratings, undefined, { ...sources, userFields });
      const names = [...recommender.shapes.keys()];
      for (const part of [
        'users/embedding',
        'items/embedding',
        'user-ratings',
        'visual',
        'noise',
        'genres',
        'year',
        'field-1',
      ]) {
        expect(names.filter((name) => name.includes(part))).not.toEqual([]);
      }
      const users = new Int32Array(ratings.itemCount);
      const found = await recommender.predict(users, Int32Array.from(users.keys()));
      expect(found.every(Number.isFinite)).toBe(true);
      await using restored = made(own);
      await restored.restore(ratings, await recommender.weights());
      expect(await restored.predict(heldOut.users, heldOut.items)).toEqual(
        await recommender.predict(heldOut.users, heldOut.items),
      );
    }
  });

  it('tells of the ratings that are learnt only the mean of a half without them', () => {
    const { ratings, sources } = planted();
    const space = { training: ratings, mean: 3, known: new Uint8Array(40).fill(1), sources };
    const network = featureMlp.network({ inputs: ['user-ratings'] }, space, 1);
    const feeds = network.learnt(Int32Array.of(0), { uniform: () => 0.5, step: 0 }, buffers as never);
    const [told] = (feeds['users/own-ratings'] as { data: Float32Array }).data;
    const own = [...ratings.values].filter((_, row) => ratings.users[row] === ratings.users[0]);
    const others = own.filter((_, at) => at % 2 === 1);
    const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
    expect(told).toBeCloseTo((mean - 3) / 4.5, 5);
  });

  it('refuses inputs that are not there, and shuffling what means nothing but itself', async () => {
    const { ratings, sources } = planted();
    for (const [option, own] of [
      ['inputs', { inputs: ['user-id', 'smell'] }],
      ['inputs', { inputs: [] }],
      ['shuffled', { shuffled: ['user-id'] }],
      ['shuffled', { inputs: ['user-id', 'visual'], shuffled: ['genres'] }],
      ['userFields', { inputs: ['demographics'] }],
    ] as const) {
      await expect(
        (async () => {
          await using recommender = made(own);
          await recommender.fit(ratings, undefined, sources);
        })(),
      ).rejects.toMatchObject({ option });
    }
  });

  it('predicts by the day of the week on which a rating is given, and not once days are shuffled', async () => {
    const { ratings, test } = ratedOnDays();
    const errors: number[] = [];
    for (const own of [
      { inputs: ['user-id', 'weekday'] },
      { inputs: ['user-id', 'weekday'], shuffled: ['weekday'] },
      { inputs: ['user-id', 'hour', 'since-first'] },
    ]) {
      await using recommender = made(own, 20);
      await recommender.fit(ratings);
      const found = await recommender.predict(test.users, test.items, test.times);
      errors.push(
        Math.hypot(...found.map((value, at) => value - (test.values[at] as number))) / Math.sqrt(found.length),
      );
    }
    const [days = 9, shuffled = 0, others = 0] = errors;
    expect(days).toBeLessThan(0.4 * shuffled);
    expect(shuffled).toBeGreaterThan(0.9);
    expect(others).toBeGreaterThan(0.9);
  });

  it('tells nothing of what a user rated later than what is learnt', () => {
    const { ratings } = ratedOnDays();
    const at = (times: Float64Array) => {
      const space = { training: { ...ratings, times }, mean: 3, known: new Uint8Array(40).fill(1), sources: {} };
      const network = featureMlp.network({ inputs: ['since-first', 'hour', 'weekday'] }, space, 1);
      const feeds = network.learnt(Int32Array.of(5), { uniform: () => 0.5, step: 0 }, buffers as never);
      return ['since-first', 'hour', 'weekday'].map((name) => (feeds[`pairs/${name}`] as { data: Float32Array }).data);
    };
    const user = ratings.users[5];
    const time = ratings.times[5] as number;
    const later = ratings.times.map((each, row) => (ratings.users[row] === user && each > time ? each + 1e6 : each));
    expect(later).not.toEqual(ratings.times);
    expect(at(later)).toEqual(at(ratings.times));
  });

  it('asks at the time of the last rating where none is given, and needs times in seconds', async () => {
    const { ratings, test } = ratedOnDays();
    await using recommender = made({ inputs: ['user-id', 'weekday'] });
    await recommender.fit(ratings);
    const last = (user: number) => Math.max(...ratings.times.filter((_, row) => ratings.users[row] === user));
    const then = Float64Array.from(test.users, last);
    const { users, items } = test;
    expect(await recommender.predict(users, items)).toEqual(await recommender.predict(users, items, then));
    const { times: _times, ...timeless } = ratings;
    for (const wrong of [timeless, { ...ratings, times: ratings.times.map((time) => 1000 * (time + 1e9)) }]) {
      await using other = made({ inputs: ['hour'] });
      await expect(other.fit(wrong)).rejects.toMatchObject({ option: 'inputs' });
    }
  });
});

const buffers = { reals: (n: number) => new Float32Array(n), integers: (n: number) => new Int32Array(n) };

/** Ratings of 4.5 on the last two days of the week, else 2; every fourth is tested. */
function ratedOnDays() {
  const next = numbersOf(31);
  const rows = Array.from({ length: 20 * 40 }, (_, at) => {
    const time = 1_000_000_000 + Math.floor(next() * 60) * 86_400 + Math.floor(next() * 86_400);
    const isWeekend = [0, 6].includes(new Date(time * 1000).getUTCDay());
    return { user: Math.floor(at / 40), item: at % 40, value: isWeekend ? 4.5 : 2, time };
  });
  const columns = (own: typeof rows) => ({
    users: Int32Array.from(own, ({ user }) => user),
    items: Int32Array.from(own, ({ item }) => item),
    values: Float32Array.from(own, ({ value }) => value),
    times: Float64Array.from(own, ({ time }) => time),
  });
  const scale = { minimum: 0.5, maximum: 5 };
  const learnt = columns(rows.filter((_, at) => at % 4 !== 3));
  return {
    ratings: { ...learnt, userCount: 20, itemCount: 40, scale },
    test: columns(rows.filter((_, at) => at % 4 === 3)),
  };
}
