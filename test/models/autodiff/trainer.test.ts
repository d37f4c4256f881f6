import { expect, test } from 'vitest';
import { concurrently } from '../../../src/models/autodiff/concurrently.ts';
import type { FedBatch } from '../../../src/models/autodiff/feeds.ts';
import { sgd } from '../../../src/models/autodiff/optimisers/sgd.ts';
import { Trainer } from '../../../src/models/autodiff/trainer.ts';
import type { EpochProgress, TrainingData } from '../../../src/models/autodiff/trainer-options.ts';
import { lineData, lineNetwork, lineValidation } from './line-problem.ts';

test('training stops when the validation loss no longer falls, and the best weights come back', async () => {
  // A learning rate that overshoots: the loss of plain gradient descent grows after the first
  // epochs.
  const options = {
    seed: 1,
    epochs: 30,
    patience: 3,
    patienceSteps: 0,
    plateau: false as const,
    optimiser: sgd(),
    learningRate: 0.9,
    l2: 0,
  };
  const trainer = await Trainer.open(lineNetwork, options);
  const { history, bestEpoch, bestLoss } = await trainer.fit(lineData, lineValidation);
  const losses = history.map(({ validationLoss }) => validationLoss as number);
  expect(bestLoss).toBe(Math.min(...losses));
  expect(history.length).toBe(bestEpoch + 1 + 3);
  expect(losses.at(-1) as number).toBeGreaterThan(bestLoss as number);
  expect(await trainer.validate(lineValidation)).toBe(bestLoss);
  await trainer.close();
});

test('the learning rate is lowered on a plateau', async () => {
  const plateau = { factor: 0.1, patience: 1, patienceSteps: 0, minimumChange: 100, minimum: 1e-4 };
  const trainer = await Trainer.open(lineNetwork, { epochs: 5, patience: 9, learningRate: 0.01, plateau });
  const { history } = await trainer.fit(lineData, lineValidation);
  const expected = [0.01, 0.01, 0.001, 0.0001, 0.0001];
  for (const [epoch, { learningRate }] of history.entries())
    expect(learningRate).toBeCloseTo(expected[epoch] as number, 9);
  await trainer.close();
});

test('progress is told inside an epoch, with the rows learnt and their mean loss', async () => {
  const told: EpochProgress[] = [];
  const data: TrainingData = {
    rows: 40 * 8,
    *batches(epoch, from, buffers) {
      for (let part = 0; part < 4; part++)
        yield* [...(lineData.batches(epoch, from, buffers) as Iterable<FedBatch>)].slice(0, 10);
    },
  };
  const trainer = await Trainer.open(lineNetwork, { epochs: 1, onProgress: (progress) => told.push(progress) });
  const { history } = await trainer.fit(data);
  await trainer.close();
  expect(told.map(({ epoch, rows, of }) => [epoch, rows, of])).toEqual(
    [8, 24, 56, 120, 248, 320].map((rows) => [0, rows, 320]),
  );
  expect(told.at(-1)?.loss).toBe(history[0]?.trainingLoss);
});

test('without validation data all epochs are made', async () => {
  const trainer = await Trainer.open(lineNetwork, { epochs: 3 });
  const { history, bestLoss } = await trainer.fit(lineData);
  expect(history.map(({ epoch, validationLoss }) => [epoch, validationLoss])).toEqual(
    [0, 1, 2].map((epoch) => [epoch, null]),
  );
  expect(bestLoss).toBe(null);
  await trainer.close();
});

test('an abort ends training between batches with the reason of the signal', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const trainer = await Trainer.open(lineNetwork, { signal: stop.signal, onEpoch: () => stop.abort(reason) });
  await expect(trainer.fit(lineData, lineValidation)).rejects.toBe(reason);
  await trainer.close();
});

test('a loss that is no longer a number ends training with a remedy', async () => {
  const trainer = await Trainer.open(lineNetwork, { optimiser: sgd(), learningRate: 1e20 });
  await expect(trainer.fit(lineData, lineValidation)).rejects.toMatchObject({ code: 'weights' });
  await trainer.close();
});

test('a batch that does not fit the network fails the training, naming the input', async () => {
  const trainer = await Trainer.open(lineNetwork);
  const data = { batches: () => [{ rows: 2, feeds: { x: { data: new Float32Array(4), shape: [2, 2] } } }] };
  await expect(trainer.fit(data)).rejects.toThrow("'x' must have shape [batch,3], but has [2,2]");
  await trainer.close();
});

test('trainings run side by side, and give what they give alone', async () => {
  const train = (seed: number) => async () => {
    const trainer = await Trainer.open(lineNetwork, { seed, epochs: 2 });
    const { history } = await trainer.fit(lineData, lineValidation);
    await trainer.close();
    return history;
  };
  const together = await concurrently([train(1), train(2)], 2);
  expect(together).toEqual([await train(1)(), await train(2)()]);
});

test('concurrently keeps the order of results and the limit, and throws the first failure', async () => {
  let [running, most] = [0, 0];
  const task = (value: number) => async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5 - value));
    running--;
    if (value === 9) throw new Error('nine');
    return value;
  };
  expect(await concurrently([0, 1, 2, 3, 4].map(task), 2)).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
  await expect(concurrently([task(9), task(1)], 1)).rejects.toThrow('nine');
});
