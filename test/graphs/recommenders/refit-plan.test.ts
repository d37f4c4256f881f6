import { describe, expect, it } from 'vitest';
import type { FitData, FitOptions, FittedRecommender } from '../../../src/graphs/recommenders/fit-data.ts';
import { refitFromAll } from '../../../src/graphs/recommenders/refit-plan.ts';

const [users, items, validated] = [10, 12, 4];
const pairs = Array.from({ length: users * items }, (_, row) => ({ user: row % users, item: Math.floor(row / users) }));
/** Ten users have rated all of twelve items; all ratings of the last four are held out. */
const data: FitData = {
  ratings: {
    users: Int32Array.from(pairs, ({ user }) => user),
    items: Int32Array.from(pairs, ({ item }) => item),
    values: Float32Array.from(pairs, ({ user, item }) => 1 + ((user + item) % 5)),
    timestamps: Float64Array.from(pairs.keys()),
    userIds: Array.from({ length: users }, (_, user) => String(user)),
    itemIds: Array.from({ length: items }, (_, item) => String(item)),
  },
  train: Int32Array.from(pairs.keys()).filter((row) => (pairs[row]?.item as number) < items - validated),
  validation: Int32Array.from(pairs.keys()).filter((row) => (pairs[row]?.item as number) >= items - validated),
  scale: { minimum: 1, maximum: 5 },
};

/** Pretends to fit: six epochs of these steps, the last was best. Says what it was asked. */
function pretended(steps: number) {
  const asked: { readonly data: FitData; readonly options: FitOptions }[] = [];
  let closed = 0;
  const learn = async (given: FitData, options: FitOptions): Promise<FittedRecommender> => {
    asked.push({ data: given, options });
    return {
      ...{ name: options.recommender, predicts: 'ratings', trainSeconds: 0 },
      history: Array.from({ length: 6 }, (_, epoch) => ({
        ...{ epoch, trainingLoss: 1, validationLoss: 1, steps: steps * (epoch + 1) },
        learningRate: 0.01 / (epoch + 1),
      })),
      best: { epoch: 5, loss: 1 },
      predict: async (pairs) => new Float32Array(pairs.length),
      score: async (pairs) => new Float32Array(pairs.length),
      close: async () => {
        closed++;
      },
    };
  };
  return { asked, learn, closed: () => closed };
}

const epochsOf = ({ asked }: ReturnType<typeof pretended>) => asked.at(-1)?.options.refit?.epochs;
const how = (recommender: string, options: FitOptions['options'] = {}) => ({ recommender, options, seed: 1 });

describe('a fit from training and validation rows', () => {
  it('takes the best number of steps: of histories of items more epochs have fewer steps', async () => {
    // Eight items in batches of four were two steps, twelve are three.
    const ofItems = pretended(2);
    await refitFromAll(ofItems.learn, data, how('autorec', { batch: 4 }));
    expect(epochsOf(ofItems)).toBe(4);
    expect(ofItems.asked.map(({ data: given }) => given)).toEqual([data, data]);
    expect(ofItems.asked[0]?.options.refit).toBeUndefined();
    expect(ofItems.closed()).toBe(1);
  });

  it.each([
    ['autorec', { side: 'user', batch: 4 }],
    ['multi-vae', { batch: 4 }],
    ['sasrec', { batch: 4 }],
    ['gru4rec', { batch: 4, content: true }],
  ])('takes as many epochs of %s, which reads histories of the same users', async (recommender, options) => {
    const ofUsers = pretended(3);
    await refitFromAll(ofUsers.learn, data, how(recommender, options));
    expect(epochsOf(ofUsers)).toBe(6);
    expect(ofUsers.asked.at(-1)?.options.refit?.rates[1]).toBe(0.005);
  });

  it('takes fewer epochs of a network that reads ratings, of which there are more', async () => {
    const judged = { best: { epoch: 5, loss: 1 }, history: (await pretended(3).learn(data, how('gmf'))).history };
    const network = pretended(3);
    await refitFromAll(network.learn, data, how('gmf', { batch: 30 }), judged);
    // 18 steps of 30 ratings, of which 120 make 4 an epoch; what is known is not judged again.
    expect(epochsOf(network)).toBe(5);
    expect(network.asked).toHaveLength(1);
  });

  it('is one fit of a recommender that does not train in epochs', async () => {
    const classic = pretended(1);
    await refitFromAll(classic.learn, data, how('user-mean'));
    expect(classic.asked).toHaveLength(1);
    expect(classic.asked[0]?.options.refit).toBeUndefined();
    expect(classic.asked[0]?.data.train).toHaveLength(120);
    expect(classic.asked[0]?.data.validation).toHaveLength(0);
  });
});
