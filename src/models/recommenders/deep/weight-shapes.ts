import type { TrainableNetwork } from '../../autodiff/plan.ts';
import { Tape } from '../../autodiff/tape.ts';

/** The shapes of a network's weights and running statistics by name, in the order in which it makes them. */
export function weightShapes(network: TrainableNetwork): Map<string, readonly number[]> {
  const tape = new Tape({ training: false });
  network.build(tape);
  return new Map(tape.variables.map(({ name, shape }) => [name, shape]));
}
