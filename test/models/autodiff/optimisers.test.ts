import ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { GraphEmitter } from '../../../src/models/autodiff/emitter.ts';
import { adam } from '../../../src/models/autodiff/optimisers/adam.ts';
import type { Optimiser } from '../../../src/models/autodiff/optimisers/optimiser.ts';
import { sgd } from '../../../src/models/autodiff/optimisers/sgd.ts';
import { encodeModel } from '../../../src/models/onnx/write.ts';

const STEPS = 20;
const RATE = 0.1;
const gradientAt = (step: number): number[] => [Math.sin(step), 0.01 * step, -1 / step];

/** Where a weight that starts at (1, 2, 3) is after twenty steps of an optimiser's graph. */
async function run(optimiser: Optimiser): Promise<number[]> {
  const graph = new GraphEmitter('float64');
  const input = (name: string) => graph.input(name, [3]);
  const scalars = optimiser.scalars.map((name) => graph.input(name, [1]));
  const next = optimiser.emit(graph, input('weight'), input('gradient'), optimiser.slots.map(input), scalars);
  const outputs = [next.weight, ...next.slots];
  const session = await ort.InferenceSession.create(encodeModel(graph.build(outputs)));
  const names = ['weight', ...optimiser.slots];
  const values: Float64Array[] = names.map((_, index) =>
    index === 0 ? Float64Array.of(1, 2, 3) : new Float64Array(3),
  );
  for (let step = 1; step <= STEPS; step++) {
    const feeds: Record<string, ort.Tensor> = {
      gradient: new ort.Tensor('float64', Float64Array.from(gradientAt(step)), [3]),
    };
    for (const [index, name] of names.entries())
      feeds[name] = new ort.Tensor('float64', values[index] as Float64Array, [3]);
    for (const [index, value] of optimiser.scalarsAt(step, RATE).entries()) {
      feeds[optimiser.scalars[index] as string] = new ort.Tensor('float64', Float64Array.of(value), [1]);
    }
    const results = await session.run(feeds);
    for (const [index, { name }] of outputs.entries()) values[index] = results[name]?.data as Float64Array;
  }
  await session.release();
  return [...(values[0] as Float64Array)];
}

/** Kingma and Ba's algorithm 1 as it is printed. */
function printedAdam(beta1: number, beta2: number, epsilon: number): number[] {
  return [1, 2, 3].map((start, at) => {
    let [weight, m, v] = [start, 0, 0];
    for (let step = 1; step <= STEPS; step++) {
      const gradient = gradientAt(step)[at] as number;
      m = beta1 * m + (1 - beta1) * gradient;
      v = beta2 * v + (1 - beta2) * gradient ** 2;
      weight -= (RATE * (m / (1 - beta1 ** step))) / (Math.sqrt(v / (1 - beta2 ** step)) + epsilon);
    }
    return weight;
  });
}

test.each([
  [0.9, 0.999, 1e-7],
  [0.8, 0.95, 1e-2],
])('Adam with %f, %f, %f moves as the printed algorithm', async (beta1, beta2, epsilon) => {
  const expected = printedAdam(beta1, beta2, epsilon);
  for (const [at, weight] of (await run(adam({ beta1, beta2, epsilon }))).entries()) {
    expect(weight).toBeCloseTo(expected[at] as number, 9);
  }
});

test.each([0, 0.9])('gradient descent with momentum %f moves as its definition says', async (momentum) => {
  const expected = [1, 2, 3].map((start, at) => {
    let [weight, velocity] = [start, 0];
    for (let step = 1; step <= STEPS; step++) {
      velocity = momentum * velocity + (gradientAt(step)[at] as number);
      weight -= RATE * velocity;
    }
    return weight;
  });
  for (const [at, weight] of (await run(sgd({ momentum }))).entries())
    expect(weight).toBeCloseTo(expected[at] as number, 9);
});

test('constants out of range are usage errors', () => {
  expect(() => adam({ beta1: 1 })).toThrow('`beta1` must be at least 0 and below 1, but is 1');
  expect(() => sgd({ momentum: -1 })).toThrow('`momentum` must be at least 0 and below 1, but is -1');
});
