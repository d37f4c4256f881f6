import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../emitter.ts';
import type { Optimiser } from './optimiser.ts';

/** Constants of Adam. */
export interface AdamOptions {
  readonly beta1?: number | undefined;
  readonly beta2?: number | undefined;
  readonly epsilon?: number | undefined;
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1). Its moments are kept divided by 1 - beta, which saves a
 * pass over each: m = beta1 m + g, v = beta2 v + g^2, w = w - rate m / (sqrt(v) + epsilon), where
 * rate and epsilon include the bias corrections and the omitted factors.
 *
 * @throws UsageError if a constant is out of range.
 */
export function adam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions = {}): Optimiser {
  for (const [name, value] of Object.entries({ beta1, beta2 })) {
    if (!(value >= 0 && value < 1)) throw new UsageError(`\`${name}\` must be at least 0 and below 1, but is ${value}`);
  }
  if (!(epsilon > 0)) throw new UsageError(`\`epsilon\` must be above 0, but is ${epsilon}`);
  return {
    name: `adam(${beta1},${beta2},${epsilon})`,
    slots: ['first', 'second'],
    scalars: ['rate', 'epsilon'],
    scalarsAt(step, learningRate) {
      const secondScale = Math.sqrt((1 - beta2 ** step) / (1 - beta2));
      return [(learningRate * secondScale * (1 - beta1)) / (1 - beta1 ** step), epsilon * secondScale];
    },
    emit(graph, weight, gradient, [first, second], [rate, offset]) {
      const firstNext = graph.add(graph.multiply(first as Tensor, graph.real(beta1)), gradient);
      const squared = graph.multiply(gradient, gradient);
      const secondNext = graph.add(graph.multiply(second as Tensor, graph.real(beta2)), squared);
      const root = graph.emit('Sqrt', [secondNext], weight.shape);
      const direction = graph.divide(firstNext, graph.add(root, offset as Tensor));
      return {
        weight: graph.subtract(weight, graph.multiply(direction, rate as Tensor)),
        slots: [firstNext, secondNext],
      };
    },
  };
}
