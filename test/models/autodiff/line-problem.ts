import type { FeedBuffers } from '../../../src/models/autodiff/feed-buffers.ts';
import { seededUniform } from '../../../src/models/autodiff/initialisers.ts';
import { denseLayer } from '../../../src/models/autodiff/layers.ts';
import { dropout } from '../../../src/models/autodiff/operations/dropout.ts';
import { relu } from '../../../src/models/autodiff/operations/elementwise.ts';
import { meanSquaredError } from '../../../src/models/autodiff/operations/losses.ts';
import type { TrainingData, ValidationData } from '../../../src/models/autodiff/trainer-options.ts';
import type { TrainableModule } from '../../../src/models/autodiff/training-plan.ts';

const WIDTH = 3;
const ROWS = 8;
const BATCHES = 12;

/** Two dense layers with dropout between them, for y = 1 + 2 x1 - x2 + x3. */
export const lineNetwork: TrainableModule = {
  name: 'line',
  build(tape) {
    const x = tape.graph.input('x', ['batch', WIDTH]);
    const hidden = dropout(tape, relu(tape, denseLayer(tape, 'hidden', x, 16)), 0.2);
    const output = denseLayer(tape, 'output', hidden, 1);
    return { output, loss: meanSquaredError(tape, output, tape.graph.input('y', ['batch', 1])) };
  },
};

function batch(name: string, buffers: FeedBuffers) {
  const uniform = seededUniform(1, name);
  const x = buffers.reals(ROWS * WIDTH);
  const y = buffers.reals(ROWS);
  for (const at of x.keys()) x[at] = 2 * uniform() - 1;
  for (const row of y.keys()) {
    const [a = 0, b = 0, c = 0] = x.subarray(row * WIDTH, (row + 1) * WIDTH);
    y[row] = 1 + 2 * a - b + c;
  }
  const feeds = { x: { data: x, shape: [ROWS, WIDTH] }, y: { data: y, shape: [ROWS, 1] } };
  return { rows: ROWS, feeds, targets: y.slice() };
}

/** Twelve batches per epoch, others in each epoch. */
export const lineData: TrainingData = {
  *batches(epoch, from, buffers) {
    for (let index = from; index < BATCHES; index++) yield batch(`training ${epoch} ${index}`, buffers);
  },
};

export const lineValidation: ValidationData = {
  *batches(buffers) {
    for (let index = 0; index < 3; index++) yield batch(`validation ${index}`, buffers);
  },
};
