import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FeedBuffers } from '../../../../src/models/autodiff/feed-buffers.ts';
import { Trainer } from '../../../../src/models/autodiff/trainer.ts';
import { EaseRecommender } from '../../../../src/models/recommenders/ease.ts';
import { bert4Rec } from '../../../../src/models/recommenders/history/bert4rec.ts';
import { gru4Rec } from '../../../../src/models/recommenders/history/gru4rec.ts';
import type { HistoryDefinition } from '../../../../src/models/recommenders/history/history-network.ts';
import { HistoryRecommender } from '../../../../src/models/recommenders/history/history-recommender.ts';
import { sasRec } from '../../../../src/models/recommenders/history/sasrec.ts';
import { type SequenceOptions, sequenceInputs } from '../../../../src/models/recommenders/history/sequences.ts';
import type { Recommender } from '../../../../src/models/recommenders/recommender.ts';
import { chain, kindsInTurn } from './planted-histories.ts';

type Contender = readonly [HistoryDefinition<never>, SequenceOptions & Record<string, unknown>];
const small = { width: 16, length: 8, dropout: 0 };
const contenders: Readonly<Record<string, Contender>> = {
  gru4rec: [gru4Rec, { ...small, hidden: 16 }],
  sasrec: [sasRec, { ...small, layers: 1, inner: 16 }],
  // A history of seven fills its places, so that all of them are learnt.
  bert4rec: [bert4Rec, { ...small, length: 7, layers: 1, inner: 16, maskRatio: 0.3 }],
};
const training = { seed: 1, epochs: 80, batchSize: 20, learningRate: 0.01 };

function made(name: string, more: SequenceOptions = {}, epochs = training.epochs): HistoryRecommender<never> {
  const [definition, options] = contenders[name] as Contender;
  return new HistoryRecommender(definition, { ...options, ...more } as never, { ...training, epochs });
}

/** Share of the users of whom the item that comes next is the best of those not met. */
async function foundFirst(recommender: Pick<Recommender, 'predict'>, { ratings, heldOut }: ReturnType<typeof chain>) {
  let found = 0;
  for (const { user, item } of heldOut) {
    const met = new Set(ratings.items.filter((_, row) => ratings.users[row] === user));
    const items = Int32Array.from(new Array(ratings.itemCount).keys()).filter((each) => !met.has(each));
    const scores = await recommender.predict(new Int32Array(items.length).fill(user), items);
    const best = items[scores.indexOf(Math.max(...scores))];
    if (best === item) found += 1 / heldOut.length;
  }
  return found;
}

const options = { length: 6, width: 4, heads: 2 };
const space = {
  ...{ userCount: 1, itemCount: 9, scale: { minimum: 0.5, maximum: 5 }, mean: 4, content: undefined },
  known: new Uint8Array(9).fill(1),
};

describe('networks with learnt places', () => {
  it.each([
    ['sasrec', sasRec.network(options, space)],
    ['bert4rec', bert4Rec.network({ ...options, ftRatio: 0.999 }, space)],
  ])('%s is asked at the last place, which a history of any length teaches', (_, network) => {
    const placesOf = (count: number, learns: boolean): number[] => {
      const items = Int32Array.from(new Array(count).keys());
      const history = { others: items, values: new Float32Array(count).fill(4) };
      const buffers = new FeedBuffers();
      const feeds = learns
        ? network.learnt([history], { uniform: () => 0.5, step: 0 }, buffers)
        : network.asked([history], buffers);
      return Array.from(feeds[sequenceInputs.asked]?.data as Int32Array);
    };
    for (const count of [0, 1, 3, 6, 9]) expect(placesOf(count, false)).toEqual([5]);
    for (const count of [2, 3, 6, 9]) expect(placesOf(count, true)).toContain(5);
  });
});

describe('recommenders that follow sequences', () => {
  it.each(Object.keys(contenders))(
    '%s finds what comes next where a chain decides it, and ease cannot',
    async (name) => {
      const planted = chain();
      const ease = new EaseRecommender({ likedAbove: 0, regularisation: 10 });
      await ease.fit(planted.ratings);
      // It learns of two items in three what the others learn of all at once.
      await using recommender = made(name, {}, name === 'bert4rec' ? 140 : 80);
      await recommender.fit(planted.ratings);
      expect(await foundFirst(recommender, planted)).toBeGreaterThan(0.9);
      expect(await foundFirst(ease, planted)).toBeLessThan(0.7);
    },
  );

  it('finds no more than ease when the order is cut', async () => {
    const planted = chain(true);
    await using recommender = made('sasrec');
    await recommender.fit(planted.ratings);
    expect(await foundFirst(recommender, planted)).toBeLessThan(0.7);
  });

  it.each([
    ['gru4rec', { content: true }],
    ['sasrec', { id: false }],
    ['bert4rec', { content: true }],
  ] as const)(
    '%s knows of items without history by their content what comes next, and not by that of others',
    async (name, more) => {
      const area = async (isCut: boolean): Promise<number> => {
        const { ratings, content, coldItems, lastKind } = kindsInTurn(isCut);
        await using recommender = made(name, more, 40);
        await recommender.fit(ratings, undefined, content);
        const items = Int32Array.from(coldItems);
        let [won, pairs] = [0, 0];
        for (const [user, kind] of lastKind.entries()) {
          const scores = await recommender.score(new Int32Array(items.length).fill(user), items);
          for (const [a, one] of coldItems.entries()) {
            for (const [b, other] of coldItems.entries()) {
              if (one % 3 !== (kind + 1) % 3 || other % 3 === (kind + 1) % 3) continue;
              pairs++;
              won += (scores[a] as number) > (scores[b] as number) ? 1 : 0;
            }
          }
        }
        return won / pairs;
      };
      expect(await area(false)).toBeGreaterThan(0.9);
      expect(await area(true)).toBeLessThan(0.7);
    },
  );

  it('predicts of a saved recommender, and of a user by name or by ratings, the same', async () => {
    const { ratings, content } = kindsInTurn();
    await using trained = made('sasrec', { content: true }, 3);
    await trained.fit(ratings, undefined, content);
    await using restored = made('sasrec', { content: true }, 3);
    await restored.restore(ratings, await trained.weights());
    const items = Int32Array.from(new Array(ratings.itemCount).keys());
    const users = new Int32Array(items.length).fill(3);
    const scores = await trained.score(users, items);
    expect(await restored.score(users, items)).toEqual(scores);
    const rows = [...ratings.users.keys()]
      .filter((row) => ratings.users[row] === 3)
      .sort((a, b) => (ratings.times?.[a] as number) - (ratings.times?.[b] as number));
    const own = {
      items: Int32Array.from(rows, (row) => ratings.items[row] as number),
      values: Float32Array.from(rows, (row) => ratings.values[row] as number),
    };
    expect(await restored.scoreNewUser(own, items)).toEqual(scores);
    // The order counts, and of nobody nothing is said.
    const turned = { items: own.items.toReversed(), values: own.values };
    expect(await restored.scoreNewUser(turned, items)).not.toEqual(scores);
    const nobody = { items: new Int32Array(0), values: new Float32Array(0) };
    expect(new Set(await restored.scoreNewUser(nobody, items))).toEqual(new Set([0]));
  });

  it('gives an item without ratings and content the least of the scores, none that ranks', async () => {
    const { ratings, content, coldItems } = kindsInTurn();
    const nothing = coldItems.at(-1) as number;
    const vectors = content.vectors.slice();
    vectors.fill(0, 3 * nothing, 3 * nothing + 3);
    const all = Int32Array.from(new Array(ratings.itemCount).keys());
    const users = new Int32Array(all.length).fill(3);
    await using trained = made('sasrec', { content: true }, 3);
    await trained.fit(ratings, undefined, { ...content, vectors });
    await using restored = made('sasrec', { content: true }, 3);
    await restored.restore(ratings, await trained.weights());
    for (const recommender of [trained, restored]) {
      const scores = await recommender.score(users, all);
      expect(scores[nothing]).toBe(Math.min(...scores.filter((_, item) => item !== nothing)));
      expect(new Set(coldItems.map((item) => scores[item])).size).toBeGreaterThan(2);
    }
  });

  it('refuses ratings without times before it starts a thread, and items that nothing is known of', async () => {
    const { ratings } = chain();
    const untimed = { ...ratings, times: undefined };
    await using trained = made('gru4rec', {}, 1);
    await trained.fit(ratings);
    const weights = await trained.weights();
    const opened = vi.spyOn(Trainer, 'open');
    onTestFinished(() => opened.mockRestore());
    const refusal = { code: 'ratings', message: expect.stringContaining('needs their times') };
    await using recommender = made('gru4rec');
    await expect(recommender.fit(untimed)).rejects.toMatchObject(refusal);
    await expect(recommender.restore(untimed, weights)).rejects.toMatchObject(refusal);
    expect(opened).not.toHaveBeenCalled();
    expect(() => made('sasrec', { id: false, content: false })).toThrow('leaves only content to represent items');
    expect(() => made('sasrec', { width: 15 })).toThrow('multiple of `heads`');
  });
});
