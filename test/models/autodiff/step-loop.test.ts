import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FedBatch } from '../../../src/models/autodiff/feeds.ts';
import { Trainer } from '../../../src/models/autodiff/trainer.ts';
import type { TrainerOptions, TrainingData } from '../../../src/models/autodiff/trainer-options.ts';
import { NeuralRecommender } from '../../../src/models/recommenders/neural/neural-recommender.ts';
import {
  tinyFeatures,
  tinyModalities,
  tinySettings,
  tinyTraining,
  tinyValidation,
} from '../recommenders/neural/tiny-problem.ts';
import { factorModule } from './factor-problem.ts';
import { lineData, lineNetwork, lineValidation } from './line-problem.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reelflow-step-loop-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The greatest difference of weights, by name. */
function apart(left: ReadonlyMap<string, Float32Array>, right: ReadonlyMap<string, Float32Array>): number {
  expect([...left.keys()]).toEqual([...right.keys()]);
  const differences = [...left].flatMap(([name, values]) =>
    Array.from(values, (value, at) => Math.abs(value - (right.get(name)?.[at] as number))),
  );
  return Math.max(...differences);
}

async function line(options: TrainerOptions) {
  await using trainer = await Trainer.open(lineNetwork, { seed: 3, epochs: 3, learningRate: 0.01, ...options });
  const { history } = await trainer.fit(lineData, lineValidation);
  return { history, weights: await trainer.weights() };
}

it('several steps in one run give the weights and losses of as many runs of one step, dropout included', async () => {
  const [single, looped] = await Promise.all([line({}), line({ inLoop: true })]);
  expect(apart(looped.weights, single.weights)).toBeLessThan(1e-6);
  for (const [epoch, { trainingLoss }] of looped.history.entries()) {
    expect(trainingLoss).toBeCloseTo(single.history[epoch]?.trainingLoss as number, 6);
  }
});

it('steps whose batches have different numbers of items are one run too', async () => {
  const learn = async (inLoop: boolean) => {
    await using recommender = new NeuralRecommender('dcf-av-1', {
      ...{ ...tinySettings, form: 'thesis', modalities: tinyModalities, epochs: 2, dropout: 0.1, inLoop },
    });
    await recommender.fit(tinyTraining, tinyValidation, tinyFeatures());
    return recommender.weights();
  };
  const [single, looped] = [await learn(false), await learn(true)];
  expect(apart(looped, single)).toBeLessThan(1e-5);
});

it('a training that was stopped inside an epoch continues to the same bits', async () => {
  const whole = await line({ inLoop: true });
  const checkpoint = { path: join(folder, 'checkpoint'), everySteps: 5, data: 'line' };
  const options = { seed: 3, epochs: 3, learningRate: 0.01, inLoop: true, checkpoint };
  const stop = new AbortController();
  await using stopped = await Trainer.open(lineNetwork, { ...options, signal: stop.signal });
  const data: TrainingData = {
    *batches(epoch, from, buffers) {
      let index = from;
      for (const batch of lineData.batches(epoch, from, buffers) as Iterable<FedBatch>) {
        if (epoch === 1 && index++ === 8) stop.abort(new Error('enough'));
        yield batch;
      }
    },
  };
  await expect(stopped.fit(data, lineValidation)).rejects.toThrow('enough');
  await using resumed = await Trainer.open(lineNetwork, options);
  const { resumedFrom, history } = await resumed.fit(lineData, lineValidation);
  // 12 batches an epoch: 20 steps were kept.
  expect(resumedFrom).toEqual({ epoch: 1, batches: 8 });
  expect({ history, weights: await resumed.weights() }).toEqual(whole);
});

it('a card that is not there is replaced by the CPU, with a sentence; so is one for sparse embeddings', async () => {
  const said: string[] = [];
  const onMessage = (sentence: string) => void said.push(sentence);
  const onCpu = await line({});
  expect((await line({ device: 'cuda:99', onMessage })).weights).toEqual(onCpu.weights);
  expect(said).toHaveLength(1);
  await using sparse = await Trainer.open(factorModule(), { sparse: true, inLoop: true, onMessage });
  expect(said[1]).toMatch(/is trained on the CPU: .*`sparse: false`/);
  expect((await sparse.weights()).size).toBeGreaterThan(0);
  await expect(Trainer.open(lineNetwork, { device: 'webgpu' })).rejects.toMatchObject({ code: 'usage' });
});
