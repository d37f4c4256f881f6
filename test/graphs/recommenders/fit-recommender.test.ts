import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classicRecommenderNames } from '../../../src/graphs/recommenders/classic-recommenders.ts';
import type { FitData, FittedRecommender } from '../../../src/graphs/recommenders/fit-data.ts';
import { fitRecommender } from '../../../src/graphs/recommenders/fit-recommender.ts';
import { neuralRecommenderNames } from '../../../src/models/recommenders/neural/architectures.ts';
import { plantedRating, plantedRatings, plantedRows, plantedStore, smallNetwork } from './planted-ratings.ts';

let directory: string;
let data: FitData;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fit-model-'));
  const ratings = plantedRatings();
  const flags = Uint8Array.from({ length: 2 * ratings.itemIds.length }, (_, at) =>
    plantedRating(3, Math.floor(at / 2)) > 3 === (at % 2 === 0) ? 1 : 0,
  );
  data = {
    ...{ ratings, ...plantedRows(ratings), scale: { minimum: 0.5, maximum: 5 }, genres: { genreCount: 2, flags } },
    features: await plantedStore(directory),
  };
});
afterAll(async () => {
  await data.features?.close();
  await rm(directory, { recursive: true });
});

async function errorOf(model: FittedRecommender): Promise<number> {
  const users = data.validation.map((row) => data.ratings.users[row] as number);
  const items = data.validation.map((row) => data.ratings.items[row] as number);
  const predictions = await model.predict(users, items);
  let sum = 0;
  for (const [at, row] of data.validation.entries()) {
    sum += ((data.ratings.values[row] as number) - (predictions[at] as number)) ** 2;
  }
  return Math.sqrt(sum / users.length);
}

async function fitted(recommender: string, options = {}, changed: Partial<FitData> = {}) {
  return fitRecommender({ ...data, ...changed }, { recommender, options, seed: 3 });
}

describe('fitRecommender on synthetic ratings', () => {
  it.each(classicRecommenderNames)(
    'fits %s, whose predictions are within the scale and the same for the same seed',
    async (name) => {
      const [first, second] = [await fitted(name), await fitted(name)];
      const users = Int32Array.from({ length: 24 }, (_, at) => at);
      const items = users.map((user) => 23 - user);
      const predictions = await first.predict(users, items);
      expect(predictions).toEqual(await second.predict(users, items));
      if (first.predicts === 'ratings') {
        expect(Math.min(...predictions)).toBeGreaterThanOrEqual(0.5);
        expect(Math.max(...predictions)).toBeLessThanOrEqual(5);
      }
      expect(first.name).toBe(name);
      expect(first.history).toEqual([]);
    },
  );

  it.each(neuralRecommenderNames)('fits %s, which learns what the biases do not know', async (name) => {
    const options = Object.fromEntries(
      Object.entries(smallNetwork).filter(
        ([key]) =>
          (!['gmf', 'regsvd-adam'].includes(name) || !['widths', 'dropout'].includes(key)) &&
          (name.includes('av') || key !== 'lstm'),
      ),
    );
    const model = await fitted(name, { ...options, epochs: 60, patience: 60 });
    const biases = await fitted('baseline');
    const [first, last] = [model.history[0]?.trainingLoss ?? 0, model.history.at(-1)?.trainingLoss];
    expect(last).toBeLessThan((name.includes('av') ? 0.5 : 0.99) * first);
    if (name.includes('av')) expect(await errorOf(model)).toBeLessThan(0.8 * (await errorOf(biases)));
    expect(model.best?.epoch).toBeGreaterThan(0);
    await model.close?.();
  });

  it('takes options by their names and aliases', async () => {
    const one = await fitted('item-knn', { k: 3, similarity: 'pearson-baseline', prediction: 'baseline' });
    const other = await fitted('item-knn', { neighbours: 3, similarity: 'pearson-baseline', prediction: 'baseline' });
    const plain = await fitted('item-knn');
    expect(await errorOf(one)).toBe(await errorOf(other));
    expect(await errorOf(one)).not.toBe(await errorOf(plain));
  });

  it('lists the known recommenders and options when one is unknown', async () => {
    await expect(fitted('knn')).rejects.toThrow(/must be one of 'random', .*'lstm-av'/);
    await expect(fitted('deepcf', { lstm: [4] })).rejects.toMatchObject({
      code: 'usage',
      message: "recommender deepcf has no option 'lstm'",
      remedy: expect.stringContaining('widths, join, dropout'),
    });
    await expect(fitted('svd', { factors: '64' })).rejects.toThrow("`factors` must be an integer, but is '64'");
    await expect(fitted('item-knn', { k: 3, neighbours: 4 })).rejects.toThrow('the same option');
  });

  it('reads the streams that `modalities` names, each with units of its own', async () => {
    const model = await fitted('lstm-av', {
      ...small(),
      modalities: ['text', 'audio'],
      lstm: { text: [5], audio: [3, 2] },
    });
    const names = [...((await model.weights?.()) ?? new Map()).keys()];
    expect(names).toContain('fit-1/content/text/lstm-1/kernel');
    expect(names).toContain('fit-3/content/audio/lstm-2/kernel');
    expect(names.some((name) => name.includes('visual') || name.includes('text/lstm-2'))).toBe(false);
    await model.close?.();
    await expect(fitted('lstm-av', { modalities: ['smell'] })).rejects.toMatchObject({
      message: "`modalities` names 'smell', but the features have no such stream",
      remedy: 'They have visual (3 x 4), audio (3 x 2), text (3 x 3).',
    });
  });

  it('starts dcf-av-2 from branches that it trains first', async () => {
    const options = { ...smallNetwork, form: 'thesis', epochs: 15, patience: 15 };
    const pretrained = await fitted('dcf-av-2', { ...options, pretrained: true });
    const plain = await fitted('dcf-av-2', options);
    const first = (model: FittedRecommender) => model.history[0]?.trainingLoss ?? Number.NaN;
    expect(first(pretrained)).toBeLessThan(0.9 * first(plain));
    await pretrained.close?.();
    await plain.close?.();
    await expect(fitted('dcf-av-2', { form: 'thesis', pretrained: 'yes' })).rejects.toThrow('`pretrained` must be');
  });

  it('names the items without features, and finds features through a trailer list', async () => {
    const apart = await mkdtemp(join(directory, 'trailers-'));
    const store = await plantedStore(apart, (film) => `clip-${film}`);
    const message = /item\(s\) have no features in .*'101', '102'/;
    await expect(fitted('lstm-av', small(), { features: store })).rejects.toThrow(message);
    const trailersOf = new Map(data.ratings.itemIds.map((id, film) => [id, ['gone', `clip-${film}`]]));
    const moviesOf = new Map(data.ratings.itemIds.map((id, film) => [`clip-${film}`, [id]]));
    const trailers = { trailersOf, moviesOf, badLines: { count: 0, first: [] } };
    const through = await fitted('lstm-av', small(), { features: store, trailers });
    const direct = await fitted('lstm-av', small());
    expect(await errorOf(through)).toBe(await errorOf(direct));
    await through.close?.();
    await direct.close?.();
    await store.close();
    await expect(fitted('dcf-av-1', small(), { features: undefined as never })).rejects.toMatchObject({
      code: 'missing-features',
    });
  });

  it('switches to a network that reads content where nobody has rated, and serves a new user', async () => {
    const options = { ...small(), fits: 1, learningRate: 0.02, epochs: 25 };
    const either = await fitted('switch', { cold: { recommender: 'lstm-av', options }, warm: 'baseline' });
    const baseline = await fitted('baseline');
    const pairs = Array.from({ length: 24 * 4 }, (_, at) => ({ user: Math.floor(at / 4), film: 20 + (at % 4) }));
    const users = Int32Array.from(pairs, ({ user }) => user);
    const items = Int32Array.from(pairs, ({ film }) => film);
    const errorOfNew = async (of: FittedRecommender) =>
      Float32Array.from(await of.predict(users, items)).reduce(
        (sum, value, row) => sum + Math.abs(value - plantedRating(users[row] as number, items[row] as number)) / 96,
        0,
      );
    expect(await errorOfNew(either)).toBeLessThan(0.7 * (await errorOfNew(baseline)));
    const warm = Int32Array.of(0, 1, 2);
    expect(await either.predict(warm, warm)).toEqual(await baseline.predict(warm, warm));
    const rated = Int32Array.from({ length: 20 }, (_, film) => film);
    const own = { items: rated, values: Float32Array.from(rated, (film) => plantedRating(0, film)) };
    const films = [20, 21, 22, 23];
    const scores = [...((await either.scoreNewUser?.(own, Int32Array.from(films))) ?? [])];
    const wanted = films.map((film) => plantedRating(0, film));
    expect(wanted[scores.indexOf(Math.max(...scores))]).toBe(Math.max(...wanted));
    await either.close?.();
  });

  it('names what may be a part, a network that predicts ratings too', async () => {
    await expect(fitted('blend', { parts: ['svd', 'switch'] })).rejects.toThrow(
      'a part of blend must be a recommender that has no parts itself',
    );
    const ranking = { recommender: 'deepcf', options: { loss: 'bpr' } };
    await expect(fitted('blend', { parts: ['svd', ranking] })).rejects.toThrow('deepcf gives scores');
  });
});

function small() {
  return { embedding: 4, widths: [6, 4], lstm: [4], batch: 64, epochs: 2 };
}
