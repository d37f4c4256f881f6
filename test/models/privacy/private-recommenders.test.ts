import { describe, expect, it } from 'vitest';
import { autoRec } from '../../../src/models/recommenders/history/autorec.ts';
import type { HistoryDefinition } from '../../../src/models/recommenders/history/history-network.ts';
import {
  type HistoryOptions,
  HistoryRecommender,
} from '../../../src/models/recommenders/history/history-recommender.ts';
import { multiVae } from '../../../src/models/recommenders/history/multi-vae.ts';
import { sasRec } from '../../../src/models/recommenders/history/sasrec.ts';
import { NeuralRecommender } from '../../../src/models/recommenders/neural/neural-recommender.ts';
import { ddpg } from '../../../src/models/recommenders/reinforcement/ddpg.ts';
import { UserMeanRecommender } from '../../../src/models/recommenders/user-mean.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { hashOf } from '../recommenders/neural/tiny-problem.ts';
import { training } from '../recommenders/support.ts';
import { errorOf, twoTastes } from './planted-units.ts';

const usual = { seed: 1, epochs: 10, batchSize: 80, learningRate: 0.02 };

function ofUsers(options: HistoryOptions): HistoryRecommender<never> {
  return new HistoryRecommender(autoRec as HistoryDefinition<never>, { hidden: 8, side: 'user' } as never, {
    ...usual,
    ...options,
  });
}

async function errorWith(data: ReturnType<typeof twoTastes>, options: HistoryOptions): Promise<number> {
  await using recommender = ofUsers(options);
  await recommender.fit(data.ratings);
  return await errorOf(recommender, data);
}

describe('private recommenders', () => {
  it('find planted tastes at an epsilon of 7, nothing at 0.05, and nothing where there is nothing', async () => {
    const [data, cut] = [twoTastes(), twoTastes(true)];
    const means = new UserMeanRecommender();
    means.fit(data.ratings);
    const [simple, open] = [await errorOf(means, data), await errorWith(data, {})];
    const weak = { noise: 1, delta: 1e-4, repeatable: true };
    const { epsilon } = ofUsers({ privacy: weak }).guaranteeFor(data.ratings) ?? { epsilon: 0 };
    expect(epsilon).toBeCloseTo(6.82, 1);
    const found = await errorWith(data, { privacy: weak });
    expect(found).toBeLessThan(0.2 * simple);
    expect(found).toBeGreaterThan(open);
    expect(await errorWith(data, { privacy: { ...weak, noise: 50 } })).toBeGreaterThan(0.8 * simple);
    expect(await errorWith(cut, { privacy: weak })).toBeGreaterThan(0.95 * simple);
  });

  it('do not tell who was in the data by their loss, as others do', async () => {
    const next = numbersOf(9);
    const rows: [number, number, number][] = [];
    for (let user = 0; user < 40; user++) {
      for (let item = 0; item < 30; item++) if (next() < 0.5) rows.push([user, item, 1 + Math.floor(5 * next())]);
    }
    const members = training(
      rows.filter(([user]) => user % 2 === 0),
      40,
      30,
    );
    const attack = async (privacy: HistoryOptions['privacy']) => {
      const options = { ...usual, epochs: 150, batchSize: 10, privacy };
      await using recommender = new HistoryRecommender(
        autoRec as HistoryDefinition<never>,
        { hidden: 40, side: 'user' } as never,
        { ...options, l2: 0 },
      );
      await recommender.fit(members);
      const losses: number[] = [];
      for (let user = 0; user < 40; user++) {
        const own = rows.filter(([other]) => other === user);
        const items = Int32Array.from(own, ([, item]) => item);
        const values = Float32Array.from(own, ([, , value]) => value);
        const found = await recommender.scoreNewUser({ items, values }, items);
        losses.push(found.reduce((sum, value, at) => sum + (value - (values[at] as number)) ** 2, 0) / own.length);
      }
      const of = (rest: number) => losses.filter((_, user) => user % 2 === rest);
      const wins = of(0).flatMap((member) => of(1).map((other) => (member < other ? 1 : member === other ? 0.5 : 0)));
      return wins.reduce<number>((sum, win) => sum + win, 0) / wins.length;
    };
    expect(await attack(undefined)).toBeGreaterThan(0.95);
    expect(Math.abs((await attack({ noise: 20, delta: 1e-3, repeatable: true })) - 0.5)).toBeLessThan(0.2);
  });

  it.each([
    ['multi-vae', multiVae, { hidden: [6], latent: 3 }],
    ['sasrec', sasRec, { width: 6, inner: 6, length: 6, layers: 1, heads: 1 }],
  ] as const)('%s gives the same bits again from a seed, others from a secret key', async (_, definition, own) => {
    const data = twoTastes(false, 30, 10).ratings;
    const timed = { ...data, times: Float64Array.from(data.values.keys()) };
    const run = async (repeatable: boolean) => {
      const privacy = { noise: 1, delta: 1e-3, repeatable };
      const options = { ...usual, epochs: 2, batchSize: 6, privacy };
      await using recommender = new HistoryRecommender(definition as HistoryDefinition<never>, own as never, options);
      await recommender.fit(timed);
      return hashOf(await recommender.weights());
    };
    const first = await run(true);
    expect(await run(true)).toBe(first);
    expect(await run(false)).not.toBe(first);
  });

  it('count what all units of a step are fed in the memory that they need', () => {
    const { ratings } = twoTastes(false, 200, 10);
    const bytesOf = (batchSize: number) =>
      ofUsers({ batchSize, privacy: { noise: 1, delta: 1e-3 } }).costOf(ratings).bytes;
    const [few, many] = [bytesOf(10), bytesOf(100)];
    const [fewUnits, manyUnits] = [10 + Math.ceil(6 * Math.sqrt(10)), 160];
    const each = (many - few) / (manyUnits - fewUnits);
    // Ratings and whether they are there, ten items each: alone, and joined.
    expect(each).toBeGreaterThanOrEqual(4 * 2 * 2 * 10);
    expect(each).toBeLessThan(4 * 2 * 10 * 10);
  });

  it('read content, which is public', async () => {
    const { ratings } = twoTastes(false, 30, 10);
    const timed = { ...ratings, times: Float64Array.from(ratings.values.keys()) };
    const vectors = Float32Array.from({ length: 20 }, (_, at) => Math.cos(at));
    const own = { width: 6, inner: 6, length: 6, layers: 1, heads: 1, content: true };
    const options = { ...usual, epochs: 1, batchSize: 6, privacy: { noise: 1, delta: 1e-3 } };
    await using recommender = new HistoryRecommender(sasRec as HistoryDefinition<never>, own as never, options);
    await recommender.fit(timed, undefined, { vectors, dimension: 2 });
    expect(recommender.guarantee?.epsilon).toBeGreaterThan(0);
  });

  it('of pairs learn users or single ratings as units', async () => {
    const data = twoTastes(false, 40, 10).ratings;
    const run = async (unit: 'user' | 'rating') => {
      const privacy = { noise: 1, delta: 1e-3, unit, repeatable: true };
      const options = { embedding: 4, seed: 1, epochs: 2, batchSize: 8, privacy };
      await using recommender = new NeuralRecommender('gmf', options);
      await recommender.fit(data);
      expect(await recommender.predict(Int32Array.of(0), Int32Array.of(0))).toHaveLength(1);
      return recommender.guarantee;
    };
    expect(await run('user')).toMatchObject({ unit: 'user', rate: 8 / 40, steps: 10 });
    const rated = data.values.length;
    expect(await run('rating')).toMatchObject({ unit: 'rating', rate: 8 / rated, steps: 2 * Math.ceil(rated / 8) });
  });

  it('refuse what would know the ratings otherwise', async () => {
    const privacy = { noise: 1, delta: 1e-3 };
    const refused = (make: () => unknown, words: string) =>
      expect(make).toThrow(expect.objectContaining({ code: 'no-privacy', message: expect.stringContaining(words) }));
    const items = autoRec as HistoryDefinition<never>;
    refused(() => new HistoryRecommender(items, {} as never, { privacy }), 'spread over the rows of many items');
    refused(() => ofUsers({ privacy: { ...privacy, unit: 'rating' } }), 'all ratings of a user at once');
    refused(() => new NeuralRecommender('gmf', { privacy, weighting: 1 }), '`weighting`');
    refused(() => new NeuralRecommender('deepcf', { privacy, batchNormalisation: true }), '`batchNormalisation`');
    refused(
      () => new NeuralRecommender('lstm-av', { privacy, modalities: [{ name: 'a', dimension: 1, steps: 1 }] }),
      'computed',
    );
    const learning = ddpg as HistoryDefinition<never>;
    refused(() => new HistoryRecommender(learning, {} as never, { privacy }), 'vectors of the items from the ratings');
    const data = twoTastes(false, 30, 10);
    await using recommender = ofUsers({ privacy });
    await expect(recommender.fit(data.ratings, data.heldOut)).rejects.toMatchObject({ code: 'no-privacy' });
    expect(() => ofUsers({ privacy: { noise: 1, delta: 0.1 } }).guaranteeFor(data.ratings)).toThrow(
      '`delta` must be below',
    );
    expect(() => ofUsers({ privacy: { noise: 0 } })).toThrow('`privacy.noise`');
    expect(() => ofUsers({ privacy: { noise: 1e-200 } })).toThrow('`privacy.noise` must be at least 0.000001');
    const repeatable = 'false' as unknown as boolean;
    expect(() => ofUsers({ privacy: { noise: 1, repeatable } })).toThrow('`privacy.repeatable` must be true or false');
  });
});
