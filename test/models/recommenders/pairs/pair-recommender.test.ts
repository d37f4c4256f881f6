import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DefinedOptions } from '../../../../src/models/recommenders/defined-training.ts';
import { bstKmeans } from '../../../../src/models/recommenders/pairs/bst-kmeans.ts';
import { featureMlp } from '../../../../src/models/recommenders/pairs/feature-mlp.ts';
import { gat } from '../../../../src/models/recommenders/pairs/gat.ts';
import { multimodalCnn } from '../../../../src/models/recommenders/pairs/multimodal-cnn.ts';
import type { PairDefinition, PairSources } from '../../../../src/models/recommenders/pairs/pair-network.ts';
import { PairRecommender } from '../../../../src/models/recommenders/pairs/pair-recommender.ts';
import { UserMeanRecommender } from '../../../../src/models/recommenders/user-mean.ts';
import { errorOf, looks, moods } from './planted-pairs.ts';

const small: Readonly<Record<string, readonly [PairDefinition<never>, object]>> = {
  gat: [gat, { width: 8, heads: 2, hidden: [8], genres: true }],
  'multimodal-cnn': [multimodalCnn, { width: 8, joint: 16 }],
  'feature-mlp': [featureMlp, { width: 8, hidden: [16] }],
  'bst-kmeans': [bstKmeans, { width: 8, hidden: [16], length: 4 }],
};

function made(name: string, own: object = {}, options: DefinedOptions = {}): PairRecommender<never> {
  const [definition, usual] = small[name] as readonly [PairDefinition<never>, object];
  return new PairRecommender(definition, { ...usual, ...own } as never, {
    ...{ seed: 1, epochs: 2, batchSize: 128, learningRate: 0.01 },
    ...options,
  });
}

describe('multimodal-cnn', () => {
  it.each([
    ['features and genres', { titles: false }],
    ['titles', { content: false, genres: false }],
  ])('predicts items that nobody has rated from %s; cut, it does not', async (_, own) => {
    const errors: number[] = [];
    for (const isCut of [false, true]) {
      const planted = looks(isCut);
      await using recommender = made('multimodal-cnn', { ...own, dropout: 0.2 }, { epochs: 20, learningRate: 0.02 });
      await recommender.fit(planted.ratings, undefined, planted.sources);
      errors.push(await errorOf(recommender, planted.heldOut));
    }
    const planted = looks();
    const simple = new UserMeanRecommender();
    simple.fit(planted.ratings);
    const usual = await errorOf(simple, planted.heldOut);
    expect(errors[0]).toBeLessThan(0.6 * usual);
    expect(errors[1]).toBeGreaterThan(0.9 * usual);
  });

  it('refuses what it is told to read and is not given', async () => {
    const { ratings } = looks();
    await using features = made('multimodal-cnn');
    await expect(features.fit(ratings)).rejects.toMatchObject({ code: 'missing-features' });
    for (const [option, own] of Object.entries({
      genres: { genres: true },
      titles: { titles: true },
      userFields: { userFields: true },
      id: { id: false },
    })) {
      await using recommender = made('multimodal-cnn', { content: false, ...own });
      await expect(recommender.fit(ratings)).rejects.toMatchObject({ option });
    }
  });

  it('knows a new user by nothing, and says so', async () => {
    const { ratings, sources } = looks();
    await using recommender = made('multimodal-cnn');
    await recommender.fit(ratings, undefined, sources);
    const own = { items: Int32Array.of(1), values: Float32Array.of(5) };
    await expect(recommender.scoreNewUser(own, Int32Array.of(3))).rejects.toMatchObject({ code: 'no-new-users' });
  });
});

describe('bst-kmeans', () => {
  it('predicts what hangs on the item rated before; in another order it does not', async () => {
    const errors: number[] = [];
    for (const isCut of [false, true]) {
      const { ratings, heldOut } = moods(isCut);
      await using recommender = made('bst-kmeans', { dropout: 0, coldRate: 0 }, { epochs: 30, learningRate: 0.02 });
      await recommender.fit(ratings);
      errors.push(await errorOf(recommender, heldOut));
    }
    expect(errors[0]).toBeLessThan(0.6);
    expect(errors[1]).toBeGreaterThan(1.2);
  });

  it('takes lists from clusters in turn, which changes no prediction', async () => {
    const { ratings, sources } = looks();
    const items = Int32Array.from(new Array(ratings.itemCount).keys());
    const users = new Int32Array(items.length);
    await using plain = made('bst-kmeans');
    await plain.fit(ratings, undefined, sources);
    await using diverse = made('bst-kmeans', { rerank: 6, clusters: 2 });
    await diverse.restore(ratings, await plain.weights());
    expect(await diverse.predict(users, items)).toEqual(await plain.predict(users, items));
    expect(await plain.score(users, items)).toEqual(await plain.predict(users, items));
    const scores = await diverse.score(users, items);
    const met = new Set(ratings.items.filter((_, row) => ratings.users[row] === 0));
    const order = [...items].sort((a, b) => (scores[b] as number) - (scores[a] as number));
    const list = order.filter((item) => !met.has(item)).slice(0, 6);
    const kinds = list.map((item) => sources.genres?.flags[2 * item]);
    expect(kinds.filter((kind) => kind === kinds[0])).toHaveLength(3);
    expect(kinds[0]).not.toBe(kinds[1]);
    await using without = made('bst-kmeans', { rerank: 6 });
    await expect(without.fit(ratings)).rejects.toMatchObject({ option: 'rerank' });
  });
});

describe('a network of pairs', () => {
  it.each(Object.keys(small))('%s stopped inside an epoch and resumed ends with the same weights', async (name) => {
    const directory = await mkdtemp(join(tmpdir(), 'reelflow-pairs-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const { ratings, sources } = looks();
    await using whole = made(name);
    await whole.fit(ratings, undefined, sources);
    const checkpoint = { path: join(directory, 'checkpoint'), data: 'looks', everySteps: 2 };
    const stopping = new AbortController();
    let progress = 0;
    await using stopped = made(
      name,
      {},
      {
        ...{ checkpoint, signal: stopping.signal },
        onProgress: () => {
          if (++progress === 2) stopping.abort(new Error('stopped'));
        },
      },
    );
    await expect(stopped.fit(ratings, undefined, sources)).rejects.toThrow('stopped');
    await using resumed = made(name, {}, { checkpoint });
    const { resumedFrom } = await resumed.fit(ratings, undefined, sources);
    expect(resumedFrom).toBeDefined();
    expect(await resumed.weights()).toEqual(await whole.weights());
  });

  it('is judged by the squared error, and has its best epoch restored from its weights alone', async () => {
    const { ratings, heldOut, sources } = looks();
    for (const name of Object.keys(small)) {
      await using recommender = made(name, {}, { epochs: 4 });
      const { history, bestLoss } = await recommender.fit(ratings, heldOut, sources);
      expect(bestLoss).toBe(Math.min(...history.map(({ validationLoss }) => validationLoss as number)));
      expect(bestLoss).toBeCloseTo((await errorOf(recommender, heldOut)) ** 2, 3);
      await using restored = made(name);
      await restored.restore(ratings, await recommender.weights());
      expect(await restored.predict(heldOut.users, heldOut.items)).toEqual(
        await recommender.predict(heldOut.users, heldOut.items),
      );
    }
  });

  it('refuses what needs more memory than it may take, before it takes it', async () => {
    const { ratings, sources } = looks();
    await using recommender = made('gat', {}, { memory: 10_000 });
    await expect(recommender.fit(ratings, undefined, sources)).rejects.toMatchObject({
      code: 'memory-too-small',
      message: expect.stringMatching(/^gat needs \d+ MiB to train \d+ weights/),
    });
  });

  it('scores for a new user by ratings of that user, where they tell it something', async () => {
    const { ratings, sources } = looks();
    const asked = Int32Array.from(new Array(30).keys());
    for (const name of ['gat', 'bst-kmeans']) {
      await using recommender = made(name);
      await recommender.fit(ratings, undefined, sources as PairSources);
      const [high, low] = await Promise.all(
        [5, 0.5].map((value) =>
          recommender.scoreNewUser({ items: Int32Array.of(3, 4), values: Float32Array.of(value, value) }, asked),
        ),
      );
      expect(high).toHaveLength(30);
      expect(high).not.toEqual(low);
    }
  });
});
