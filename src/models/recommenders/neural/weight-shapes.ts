import { Tape } from '../../autodiff/tape.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';

/**
 * The shapes of a module's weights and running statistics by name, in the order in which it makes
 * them.
 */
export function weightShapes(module: TrainableModule): Map<string, readonly number[]> {
  const tape = new Tape({ training: false });
  module.build(tape);
  return new Map(tape.variables.map(({ name, shape }) => [name, shape]));
}
