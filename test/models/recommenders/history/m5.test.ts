import { describe, expect, it } from 'vitest';
import { EaseRecommender } from '../../../../src/models/recommenders/ease.ts';
import { HistoryRecommender } from '../../../../src/models/recommenders/history/history-recommender.ts';
import { type M5Options, m5 } from '../../../../src/models/recommenders/history/m5.ts';
import { chain, kindsInTurn } from './planted-histories.ts';

function made(own: M5Options, epochs: number): HistoryRecommender<M5Options> {
  const options: M5Options = { width: 16, length: 10, dropout: 0, ...own };
  return new HistoryRecommender(m5, options, { seed: 1, epochs, batchSize: 20, learningRate: 0.01 });
}

/** Share of the held-out items that are ranked before all others that the user has not met. */
async function found({ ratings, heldOut }: ReturnType<typeof chain>, score: HistoryRecommender['score']) {
  const items = Int32Array.from(new Array(ratings.itemCount).keys());
  let right = 0;
  for (const { user, item } of heldOut) {
    const met = new Set(ratings.items.filter((_, row) => ratings.users[row] === user));
    const scores = await score(new Int32Array(items.length).fill(user), items);
    const best = [...items]
      .filter((each) => !met.has(each))
      .sort((a, b) => (scores[b] as number) - (scores[a] as number));
    if (best[0] === item) right++;
  }
  return right / heldOut.length;
}

describe('m5', () => {
  it('finds what comes next by order, which ease does not; in another order it does not either', async () => {
    const shares: number[] = [];
    for (const isCut of [false, true]) {
      const planted = chain(isCut);
      await using recommender = made({ content: false }, 40);
      await recommender.fit(planted.ratings);
      shares.push(await found(planted, (users, items) => recommender.score(users, items)));
    }
    const planted = chain();
    const ease = new EaseRecommender({ regularisation: 1, likedAbove: 0 });
    await ease.fit(planted.ratings);
    const usual = await found(planted, async (users, items) => ease.predict(users, items));
    expect(shares[0]).toBeGreaterThan(usual + 0.1);
    expect(shares[1]).toBeLessThan(0.5);
  });

  it('ranks items without history by their content; where it tells nothing, by chance', async () => {
    const areas: number[] = [];
    for (const isCut of [false, true]) {
      const { ratings, content, coldItems, lastKind } = kindsInTurn(isCut);
      await using recommender = made({}, 25);
      await recommender.fit(ratings, undefined, content);
      let [won, pairs] = [0, 0];
      for (const [user, kind] of lastKind.entries()) {
        const scores = await recommender.score(new Int32Array(coldItems.length).fill(user), Int32Array.from(coldItems));
        const next = (kind + 1) % 3;
        for (const [a, one] of coldItems.entries()) {
          for (const [b, other] of coldItems.entries()) {
            if (one % 3 !== next || other % 3 === next) continue;
            pairs++;
            won += (scores[a] as number) > (scores[b] as number) ? 1 : 0;
          }
        }
      }
      areas.push(won / pairs);
    }
    expect(areas[0]).toBeGreaterThan(0.85);
    expect(areas[1]).toBeLessThan(0.65);
  });

  it('refuses a gate that is no share, and content without features', async () => {
    expect(() => made({ gate: 2 }, 1)).toThrow('`gate` must be count');
    await using recommender = made({}, 1);
    await expect(recommender.fit(chain().ratings)).rejects.toMatchObject({ code: 'missing-features' });
  });
});
