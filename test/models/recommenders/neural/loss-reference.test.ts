import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { Tape } from '../../../../src/models/autodiff/tape.ts';
import { encodeModel } from '../../../../src/models/onnx/write.ts';
import { judged, type LossOptions, ratingLoss } from '../../../../src/models/recommenders/neural/rating-loss.ts';

type Column = 'users' | 'ratings' | 'choices' | 'scores' | 'weights';

/** Of NumPy: loss-reference.py beside this file. */
const reference = JSON.parse(readFileSync(resolve(import.meta.dirname, 'loss-reference.json'), 'utf8')) as Record<
  Column,
  number[]
> & { losses: Record<string, number> & { 'expected ratings': number[] } };

const scale = { minimum: 0.5, maximum: 5 };

/** The loss and the output of the reference's scores. */
async function computed(options: LossOptions, { ratings, scores }: Record<'ratings' | 'scores', number[]> = reference) {
  const tape = new Tape({ training: true, precision: 'float64' });
  const score = tape.graph.input('scores', ['batch', 1]);
  tape.track(score);
  const { output, loss } = judged(tape, 'output', score, scale, ratingLoss(options));
  for (const { tensor } of tape.variables) tape.graph.input(tensor.name, tensor.shape);
  const session = await ort.InferenceSession.create(encodeModel(tape.graph.build([output, loss])));
  const rows = ratings.length;
  const column = (values: readonly number[]) => new ort.Tensor('float64', Float64Array.from(values), [rows, 1]);
  const feeds: Record<string, ort.Tensor> = {
    ...{ scores: column(scores), ratings: column(ratings), weights: column(reference.weights) },
    users: new ort.Tensor('int32', Int32Array.from(reference.users), [rows]),
  };
  for (const { shape, initialiser, tensor } of tape.variables) {
    const values = Float64Array.from(initialiser(shape, () => 0.5));
    feeds[tensor.name] = new ort.Tensor('float64', values, [...shape]);
  }
  const needed = session.inputNames.map((name) => [name, feeds[name] as ort.Tensor] as const);
  const results = await session.run(Object.fromEntries(needed));
  await session.release();
  const valuesOf = (tensor: { name: string }) => Array.from((results[tensor.name] as ort.Tensor).data as Float64Array);
  return { loss: valuesOf(loss)[0] as number, output: valuesOf(output) };
}

test.each<[string, LossOptions]>([
  ['mse', { loss: 'mse' }],
  ['mse, weighted', { loss: 'mse', weighting: 0.5 }],
  ['ordinal', { loss: 'ordinal' }],
  ['ordinal, weighted', { loss: 'ordinal', weighting: 0.5 }],
  ['mixed', { loss: 'mixed', mix: 0.3 }],
  ['mixed, weighted', { loss: 'mixed', mix: 0.3, weighting: 0.5 }],
  ['bpr', { loss: 'bpr' }],
  ['bpr of choices', { loss: 'bpr', negatives: 4 }],
  ['lambdarank', { loss: 'lambdarank' }],
  ['lambdarank of choices', { loss: 'lambdarank', negatives: 4 }],
  ['softmax', { loss: 'softmax' }],
  ['softmax of choices', { loss: 'softmax', negatives: 4 }],
  ['log', { loss: 'log' }],
])('the loss %s has the value that NumPy computes from its definition', async (name, options) => {
  const { choices, ratings, scores } = reference;
  const { loss } = await computed(options, { ratings: name.endsWith('of choices') ? choices : ratings, scores });
  expect(Math.abs(loss - (reference.losses[name] as number))).toBeLessThan(1e-9);
});

test('ordinal predicts the expected rating, as NumPy computes it from the chances of the levels', async () => {
  const { output } = await computed({ loss: 'ordinal' });
  for (const [row, value] of output.entries()) {
    expect(Math.abs(value - (reference.losses['expected ratings'][row] as number))).toBeLessThan(1e-6);
  }
});

test('lambdarank still tells pairs apart where all scores are equal, as before the first step', async () => {
  const { loss } = await computed({ loss: 'lambdarank' }, { ...reference, scores: reference.scores.map(() => 3) });
  expect(loss).toBeGreaterThan(0.1);
});
