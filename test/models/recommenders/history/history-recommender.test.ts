import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BaselineRecommender } from '../../../../src/models/recommenders/baseline.ts';
import type { DefinedOptions } from '../../../../src/models/recommenders/defined-training.ts';
import { autoRec } from '../../../../src/models/recommenders/history/autorec.ts';
import { deepAe } from '../../../../src/models/recommenders/history/deep-ae.ts';
import type { HistoryDefinition } from '../../../../src/models/recommenders/history/history-network.ts';
import { HistoryRecommender } from '../../../../src/models/recommenders/history/history-recommender.ts';
import { judgeList } from '../../../../src/models/recommenders/history/judgements.ts';
import { multiDae, multiVae } from '../../../../src/models/recommenders/history/multi-vae.ts';
import { PopularityRecommender } from '../../../../src/models/recommenders/popularity.ts';
import type { Recommender } from '../../../../src/models/recommenders/recommender.ts';
import { tastes } from './planted-histories.ts';

const training = { seed: 1, epochs: 60, batchSize: 20, learningRate: 0.01 };
const contenders: Readonly<Record<string, readonly [HistoryDefinition<never>, object]>> = {
  'autorec of items': [autoRec, { hidden: 8 }],
  'autorec of users': [autoRec, { hidden: 8, side: 'user' }],
  'deep-ae': [deepAe, { hidden: [12, 6, 12], dropout: 0.2 }],
  'multi-dae': [multiDae, { hidden: [12], latent: 6 }],
  'multi-vae': [multiVae, { hidden: [12], latent: 6, totalAnnealSteps: 2000 }],
};

function made(name: string, options: DefinedOptions = {}): HistoryRecommender<never> {
  const [definition, own] = contenders[name] as readonly [HistoryDefinition<never>, object];
  return new HistoryRecommender(definition, own as never, { ...training, ...options });
}

async function predicted(recommender: Pick<Recommender, 'predict'>, { heldOut }: ReturnType<typeof tastes>) {
  return recommender.predict(heldOut.users, heldOut.items);
}

async function errorOf(recommender: Pick<Recommender, 'predict'>, planted: ReturnType<typeof tastes>): Promise<number> {
  const found = await predicted(recommender, planted);
  const { values } = planted.heldOut;
  return Math.sqrt(found.reduce((sum, value, row) => sum + (value - (values[row] as number)) ** 2, 0) / values.length);
}

/** Share of the pairs of a high and a low held-out rating that are ranked rightly. */
async function areaOf(recommender: Pick<Recommender, 'predict'>, planted: ReturnType<typeof tastes>): Promise<number> {
  const found = await predicted(recommender, planted);
  const { values, users } = planted.heldOut;
  let [won, pairs] = [0, 0];
  for (const [a, high] of values.entries()) {
    for (const [b, low] of values.entries()) {
      if (users[a] !== users[b] || high < 3.5 || low > 2.5) continue;
      pairs++;
      won += (found[a] as number) > (found[b] as number) ? 1 : (found[a] as number) === (found[b] as number) ? 0.5 : 0;
    }
  }
  return won / pairs;
}

describe('autoencoders of ratings', () => {
  it.each(['autorec of items', 'autorec of users', 'deep-ae'])(
    '%s predicts tastes that baseline cannot',
    async (name) => {
      const planted = tastes();
      const baseline = new BaselineRecommender();
      baseline.fit(planted.ratings);
      await using recommender = made(name);
      await recommender.fit(planted.ratings);
      expect(await errorOf(recommender, planted)).toBeLessThan(0.5 * (await errorOf(baseline, planted)));
    },
  );

  it('is no better than baseline where ratings tell nothing of each other', async () => {
    const planted = tastes(true);
    const baseline = new BaselineRecommender();
    baseline.fit(planted.ratings);
    await using recommender = made('autorec of items');
    await recommender.fit(planted.ratings);
    expect(await errorOf(recommender, planted)).toBeGreaterThan(0.95 * (await errorOf(baseline, planted)));
  });
});

describe('autoencoders of what was chosen', () => {
  it.each(['multi-dae', 'multi-vae'])(
    '%s ranks by taste, which popularity cannot; cut, it cannot either',
    async (name) => {
      const area = async (isCut: boolean) => {
        const planted = tastes(isCut);
        const popularity = new PopularityRecommender();
        popularity.fit(planted.ratings);
        await using recommender = made(name);
        await recommender.fit(planted.ratings);
        return [await areaOf(recommender, planted), await areaOf(popularity, planted)] as const;
      };
      const [own, popular] = await area(false);
      expect(own).toBeGreaterThan(0.9);
      expect(popular).toBeLessThan(0.7);
      expect((await area(true))[0]).toBeLessThan(0.7);
    },
  );
});

describe('a recommender that reads histories', () => {
  it('keeps what validation finds best, by the list or by the error', async () => {
    const planted = tastes();
    for (const name of ['multi-dae', 'autorec of items']) {
      await using recommender = made(name, { epochs: 12 });
      const { history, bestEpoch, bestLoss } = await recommender.fit(planted.ratings, planted.heldOut);
      expect(bestLoss).toBe(Math.min(...history.map(({ validationLoss }) => validationLoss as number)));
      expect(history[bestEpoch]?.validationLoss).toBe(bestLoss);
      if (name === 'autorec of items') expect(bestLoss).toBeCloseTo((await errorOf(recommender, planted)) ** 2, 2);
    }
  });

  it('stopped in the middle of an epoch and resumed ends with the same weights, bit by bit', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'reelflow-histories-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const { ratings } = tastes();
    const options = { epochs: 4, batchSize: 8 };
    await using whole = made('multi-vae', options);
    await whole.fit(ratings);
    const checkpoint = { path: join(directory, 'checkpoint'), data: 'tastes', everySteps: 3 };
    const stopping = new AbortController();
    let progress = 0;
    await using stopped = made('multi-vae', {
      ...{ ...options, checkpoint, signal: stopping.signal },
      onProgress: () => {
        if (++progress === 6) stopping.abort(new Error('stopped'));
      },
    });
    await expect(stopped.fit(ratings)).rejects.toThrow('stopped');
    await using resumed = made('multi-vae', { ...options, checkpoint });
    const { resumedFrom } = await resumed.fit(ratings);
    expect(resumedFrom).toBeDefined();
    expect(await resumed.weights()).toEqual(await whole.weights());
    await using other = made('multi-dae', { ...options, checkpoint });
    await expect(other.fit(ratings)).rejects.toThrow();
  });

  it('says the mean, or the least, of an item that nobody has rated', async () => {
    const { ratings } = tastes();
    const more = { ...ratings, itemCount: ratings.itemCount + 1 };
    const all = Int32Array.from(new Array(more.itemCount).keys());
    for (const name of ['autorec of users', 'multi-dae']) {
      await using recommender = made(name, { epochs: 2 });
      await recommender.fit(more);
      const scores = await recommender.score(new Int32Array(all.length), all);
      const [unknown, known] = [scores.at(-1) as number, scores.subarray(0, -1)];
      const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
      expect(unknown).toBeCloseTo(recommender.predicts === 'scores' ? Math.min(...known) : mean, 4);
    }
  });

  it('refuses what needs more memory than it may take, before it takes it', async () => {
    const { ratings } = tastes();
    await using recommender = made('multi-vae', { memory: 10_000 });
    await expect(recommender.fit(ratings)).rejects.toMatchObject({
      code: 'memory-too-small',
      message: expect.stringMatching(/^multi-vae needs 1 MiB to train \d+ weights/),
    });
  });

  it('serves a new user where histories of users are read, and no other', async () => {
    const { ratings } = tastes();
    const own = { items: Int32Array.of(1, 2), values: Float32Array.of(5, 1) };
    await using items = made('autorec of items', { epochs: 1 });
    await items.fit(ratings);
    expect(items.servesNewUsers).toBe(false);
    await expect(items.scoreNewUser(own, Int32Array.of(3))).rejects.toMatchObject({ code: 'no-new-users' });
    await using users = made('autorec of users', { epochs: 1 });
    await users.fit(ratings);
    expect(users.servesNewUsers).toBe(true);
    expect(await users.scoreNewUser(own, Int32Array.of(3))).toHaveLength(1);
  });
});

describe('the judgement of a list', () => {
  it('is 1 less the NDCG of what is learnt and not in the history, or of what is new', () => {
    const judge = judgeList(2, Uint8Array.of(1, 1, 1, 1, 0));
    const history = { others: Int32Array.of(0), values: Float32Array.of(5) };
    const wrong = (row: number[], columns: number[]) =>
      judge(Float32Array.from(row), { columns, values: [] }, history).wrong;
    // Item 0 is in the history and item 4 unknown: neither stands before item 2.
    expect(wrong([9, 1, 5, 1, 9], [2])).toBe(0);
    expect(wrong([9, 6, 5, 1, 9], [2])).toBeCloseTo(1 - 1 / Math.log2(3), 12);
    expect(wrong([9, 6, 5, 5, 9], [2])).toBe(1);
    expect(wrong([9, 0, 5, 5, 9], [2, 3])).toBe(0);
    // Item 4 is new, and there is no other new one.
    expect(wrong([9, 9, 9, 9, 1], [4])).toBe(0);
  });
});
