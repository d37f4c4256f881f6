import { describe, expect, test } from 'vitest';
import { neuralRecommenderNames, readsFeatures } from '../../../../src/models/recommenders/neural/architectures.ts';
import type { FeatureSource } from '../../../../src/models/recommenders/neural/feature-source.ts';
import { NeuralRecommender } from '../../../../src/models/recommenders/neural/neural-recommender.ts';
import type { TrainingSet } from '../../../../src/models/recommenders/neural/training-set.ts';
import { hashOf, tinyFeatures, tinyModalities, tinySettings, tinyTraining, tinyValidation } from './tiny-problem.ts';

const optionsOf = (model: (typeof neuralRecommenderNames)[number]) => ({
  ...tinySettings,
  form: readsFeatures(model) ? ('thesis' as const) : undefined,
  modalities: readsFeatures(model) ? tinyModalities : undefined,
});

async function trained(model: (typeof neuralRecommenderNames)[number], more: object = {}) {
  const recommender = new NeuralRecommender(model, { ...optionsOf(model), ...more });
  const features = readsFeatures(model) ? tinyFeatures() : undefined;
  const result = await recommender.fit(tinyTraining, tinyValidation, features);
  const weights = await recommender.weights();
  return { recommender, result, weights };
}

test.each(neuralRecommenderNames)(
  '%s learns a planted taste (synthetic) and gives the same weights bit by bit again',
  async (model) => {
    const first = await trained(model);
    const second = await trained(model);
    const variance = 0.81;
    expect(first.result.bestLoss as number).toBeLessThan(0.1 * variance);
    expect(hashOf(second.weights)).toBe(hashOf(first.weights));
    await first.recommender.close();
    await second.recommender.close();
  },
);

test('predictions are those of the best epoch, in the order asked, and inside the range of ratings', async () => {
  const { recommender, result } = await trained('dcf-av-1', { epochs: 12, patience: 3, learningRate: 0.05 });
  const predictions = await recommender.predict(tinyValidation.users, tinyValidation.items);
  let sum = 0;
  for (const [row, value] of predictions.entries()) sum += (value - (tinyValidation.values[row] as number)) ** 2;
  expect(sum / predictions.length).toBeCloseTo(result.bestLoss as number, 5);
  const losses = result.history.map(({ validationLoss }) => validationLoss as number);
  expect(result.bestLoss).toBe(Math.min(...losses));
  expect(result.bestEpoch).toBe(losses.indexOf(Math.min(...losses)));
  for (const value of predictions) expect(value >= 1 && value <= 5).toBe(true);
  await recommender.close();
});

test('an item without sound is given zeros and counted', async () => {
  const { recommender } = await trained('lstm-av', { epochs: 1 });
  expect(recommender.missing.get('audio')).toBe(1);
  expect(recommender.missing.get('visual')).toBe(0);
  await recommender.close();
});

test('features are read a batch at a time, each item of a batch once', async () => {
  const reads: number[] = [];
  const recommender = new NeuralRecommender('lstm-av', { ...optionsOf('lstm-av'), epochs: 1, batchSize: 8 });
  await recommender.fit(tinyTraining, undefined, tinyFeatures(reads));
  expect(reads.length).toBe(Math.ceil(tinyTraining.users.length / 8));
  expect(Math.max(...reads)).toBeLessThan(9);
  await recommender.close();
});

test('item-grouped batches read fewer items per epoch', async () => {
  const itemsRead = async (batching: 'random' | 'item-grouped') => {
    const reads: number[] = [];
    const options = { ...optionsOf('lstm-av'), epochs: 1, batching, itemsPerGroup: 4 };
    const recommender = new NeuralRecommender('lstm-av', options);
    await recommender.fit(tinyTraining, undefined, tinyFeatures(reads));
    await recommender.close();
    return reads.reduce((sum, count) => sum + count, 0);
  };
  expect(await itemsRead('item-grouped')).toBeLessThan(0.6 * (await itemsRead('random')));
});

test('dcf-av-2 starts from the weights of deepcf and lstm-av', async () => {
  const widths = { widths: [8, 6, 4], epochs: 2 };
  const cf = await trained('deepcf', widths);
  const av = await trained('lstm-av', { ...widths, widths: [8, 6] });
  const pretrained = { collaborative: cf.weights, content: av.weights };
  // A learning rate of almost zero: what the network has after training is what it started from.
  const { weights, recommender } = await trained('dcf-av-2', { ...widths, epochs: 1, learningRate: 1e-12, pretrained });
  for (const [name, values] of weights) {
    const source = name.startsWith('collaborative/')
      ? cf.weights
      : name.startsWith('content/')
        ? av.weights
        : undefined;
    if (!source) continue;
    const expected = source.get(name) as Float32Array;
    expect(values.length).toBe(expected.length);
    for (const [index, value] of values.entries())
      expect(Math.abs(value - (expected[index] as number))).toBeLessThan(1e-6);
  }
  const narrow = new NeuralRecommender('dcf-av-2', { ...optionsOf('dcf-av-2'), pretrained });
  await expect(narrow.fit(tinyTraining, undefined, tinyFeatures())).rejects.toThrow(/must have shape/);
  for (const each of [cf.recommender, av.recommender, recommender]) await each.close();
});

test('depth, join point, a learnt beta, batch normalisation and a third modality are options', async () => {
  const third = { name: 'third', dimension: 2, steps: 2, lstm: [3] };
  const base = tinyFeatures();
  const features = {
    modalities: [...tinyModalities, third],
    async read(items: Int32Array, into: Readonly<Record<string, Float32Array>>) {
      into.third?.fill(0.5);
      return { ...(await base.read(items, into)), third: new Uint8Array(items.length).fill(1) };
    },
  };
  const recommender = new NeuralRecommender('dcf-av-1', {
    ...{ ...tinySettings, form: 'thesis', epochs: 2, widths: [12, 6] },
    ...{ join: 0, beta: 'learnt', batchNormalisation: true },
    modalities: [...tinyModalities, third],
  });
  await recommender.fit(tinyTraining, tinyValidation, features);
  const weights = await recommender.weights();
  // Joined at once: two embeddings of 8, and LSTM outputs of 4, 4 and 3.
  expect(weights.get('joint/dense-1/kernel')?.length).toBe((8 + 8 + 4 + 4 + 3) * 12);
  expect(weights.get('joint/beta')?.[0]).not.toBe(1);
  expect(weights.get('joint/dense-1/normalisation/variance')?.[0]).not.toBe(1);
  await recommender.close();
});

test('the statistics of a batch normalisation are those of items, without rows of padding', async () => {
  const alike: FeatureSource = {
    modalities: tinyModalities,
    async read(items, into) {
      for (const values of Object.values(into)) values.fill(0.5);
      return Object.fromEntries(tinyModalities.map(({ name }) => [name, new Uint8Array(items.length).fill(1)]));
    },
  };
  const few = [0, 1, 2];
  const training = {
    ...{ users: Int32Array.from(few), items: Int32Array.from(few), values: Float32Array.of(2, 3, 5) },
    ...{ userCount: 3, itemCount: 3, scale: tinyTraining.scale },
  };
  const recommender = new NeuralRecommender('dcf-av-1', {
    ...{ ...tinySettings, form: 'thesis', epochs: 2, widths: [12, 6], dropout: 0, join: 2 },
    ...{ batchNormalisation: true, modalities: tinyModalities },
  });
  await recommender.fit(training, undefined, alike);
  const variances = [...(await recommender.weights())].filter(([name]) =>
    /content.*normalisation\/variance$/.test(name),
  );
  expect(variances.length).toBeGreaterThan(0);
  // All items are alike, so each of two steps moves a running variance of 1 towards none.
  for (const [, values] of variances) for (const value of values) expect(value).toBeCloseTo(0.99 ** 2, 6);
  await recommender.close();
});

test('wrong arguments are named before anything is trained', async () => {
  expect(() => new NeuralRecommender('dcf-av-1')).toThrow('`modalities` must name at least one stream');
  expect(() => new NeuralRecommender('gmf', { modalities: tinyModalities })).toThrow('which uses ratings only');
  expect(() => new NeuralRecommender('deepcf', { dropout: 1 })).toThrow('`dropout` must be at least 0 and below 1');
  expect(() => new NeuralRecommender('deepcf', { join: 4 })).toThrow('`join` must be an integer from 0 to 3, but is 4');
  const recommender = new NeuralRecommender('deepcf');
  await expect(recommender.predict(new Int32Array(1), new Int32Array(1))).rejects.toThrow('must be fitted first');
  const users = tinyTraining.users.with(3, 20);
  await expect(recommender.fit({ ...tinyTraining, users })).rejects.toThrow('`training.users[3]` must be from 0 to 19');
  const content = new NeuralRecommender('lstm-av', { modalities: tinyModalities });
  await expect(content.fit(tinyTraining)).rejects.toThrow('`features` must be given');
  const other = { ...tinyFeatures(), modalities: [] };
  await expect(content.fit(tinyTraining, undefined, other)).rejects.toThrow("a stream 'visual' of 4 x 3 values");
});

describe('the residual form', () => {
  const residual = { ...tinySettings, modalities: tinyModalities, fits: 2, patienceSteps: 0 };
  /** Ratings of the items from the twelfth on are never learnt. */
  const isNew = (item: number) => item >= 12;
  const warm = rowsWhere(tinyTraining, (item) => !isNew(item));
  const cold = rowsWhere(tinyTraining, isNew);
  const squaredError = (predictions: Float32Array, values: Float32Array) =>
    predictions.reduce((sum, value, row) => sum + (value - (values[row] as number)) ** 2, 0) / values.length;

  test.each(['dcf-av-1', 'dcf-av-2', 'lstm-av'] as const)(
    '%s predicts items that nobody has rated from their content (synthetic), and gives the same weights again',
    async (model) => {
      const learn = async () => {
        const recommender = new NeuralRecommender(model, { ...residual, epochs: 60 });
        await recommender.fit({ ...tinyTraining, ...warm }, undefined, tinyFeatures());
        return recommender;
      };
      const [first, second] = [await learn(), await learn()];
      expect(hashOf(await first.weights())).toBe(hashOf(await second.weights()));
      const mean = warm.values.reduce((sum, value) => sum + value, 0) / warm.values.length;
      const chance = squaredError(new Float32Array(cold.values.length).fill(mean), cold.values);
      expect(squaredError(await first.predict(cold.users, cold.items), cold.values)).toBeLessThan(0.3 * chance);
      await first.close();
      await second.close();
    },
  );

  test('the score of an unrated item is what users and content say, whatever its embedding; of a rated one it is not', async () => {
    const recommender = new NeuralRecommender('dcf-av-1', { ...residual, epochs: 5 });
    await recommender.fit({ ...tinyTraining, ...warm }, undefined, tinyFeatures());
    const alone = (pairs: typeof cold) => recommender.score(pairs.users, pairs.items, { content: true });
    expect(await recommender.score(cold.users, cold.items)).toEqual(await alone(cold));
    expect(await recommender.score(warm.users, warm.items)).not.toEqual(await alone(warm));
    await recommender.close();
  });

  test('a neural recommender that has learnt nothing predicts the mean of each user, drawn towards the mean of all', async () => {
    const recommender = new NeuralRecommender('lstm-av', { ...residual, epochs: 1, learningRate: 1e-12, embedding: 1 });
    const [users, items] = [Int32Array.of(0, 0, 0, 1), Int32Array.of(0, 1, 2, 0)];
    const set = { ...tinyTraining, users, items, values: Float32Array.of(5, 5, 4, 2) };
    await recommender.fit(set, undefined, tinyFeatures());
    // mu = 4; user 0: 4 + 2 / (3 + 5), user 1: 4 - 2 / (1 + 5), user 2 is not known.
    const scores = await recommender.score(Int32Array.of(0, 1, 2), Int32Array.of(3, 3, 3));
    for (const [row, expected] of [4.25, 4 - 2 / 6, 4].entries()) {
      expect(Math.abs((scores[row] as number) - expected)).toBeLessThan(0.15);
    }
    await recommender.close();
  });

  test('predictions are the scores, clipped to the range of ratings', async () => {
    const recommender = new NeuralRecommender('lstm-av', { ...residual, epochs: 30, l2: 0 });
    await recommender.fit(tinyTraining, undefined, tinyFeatures());
    const { users, items } = tinyTraining;
    const scores = await recommender.score(users, items);
    const clipped = scores.map((value) => Math.min(5, Math.max(1, value)));
    expect(await recommender.predict(users, items)).toEqual(clipped);
    await recommender.close();
  });

  test('options of the other form are refused, with the way to that form', () => {
    const make = (options: object) => () => new NeuralRecommender('dcf-av-1', { ...residual, ...options });
    expect(make({ join: 0 })).toThrow(
      "`join` is an option of the form 'thesis', but the network has the form 'residual'",
    );
    expect(make({ form: 'thesis', fits: 2 })).toThrow("`fits` is an option of the form 'residual'");
    expect(make({ form: 'other' })).toThrow("`form` must be one of 'residual', 'thesis'");
    expect(make({ pretrained: {} })).toThrow('`pretrained` is an option of the form');
    expect(() => new NeuralRecommender('deepcf', { form: 'residual' })).toThrow(
      "`form` of recommender 'deepcf' must be 'thesis'",
    );
  });
});

function rowsWhere({ users, items, values }: TrainingSet, keep: (item: number) => boolean) {
  const rows = Int32Array.from(items.keys()).filter((row) => keep(items[row] as number));
  return {
    users: Int32Array.from(rows, (row) => users[row] as number),
    items: Int32Array.from(rows, (row) => items[row] as number),
    values: Float32Array.from(rows, (row) => values[row] as number),
  };
}
