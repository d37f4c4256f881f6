import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../emitter.ts';
import type { Optimiser } from './optimiser.ts';

/**
 * Stochastic gradient descent: w = w - rate g; with momentum v = momentum v + g, w = w - rate v.
 *
 * @throws UsageError unless `momentum` is at least 0 and below 1.
 */
export function sgd({ momentum = 0 }: { momentum?: number | undefined } = {}): Optimiser {
  if (!(momentum >= 0 && momentum < 1)) {
    throw new UsageError(`\`momentum\` must be at least 0 and below 1, but is ${momentum}`);
  }
  return {
    name: `sgd(${momentum})`,
    slots: momentum === 0 ? [] : ['velocity'],
    scalars: ['rate'],
    scalarsAt: (_step, learningRate) => [learningRate],
    emit(graph, weight, gradient, [velocity], [rate]) {
      const next = velocity ? graph.add(graph.multiply(velocity, graph.real(momentum)), gradient) : gradient;
      const moved = graph.subtract(weight, graph.multiply(next, rate as Tensor));
      return { weight: moved, slots: velocity ? [next] : [] };
    },
  };
}
