import { UsageError } from '../../core/errors.ts';
import type { Tensor } from './emitter.ts';
import { graphShape, type StateGroup } from './state.ts';
import type { Tape } from './tape.ts';

/** Turns the state tensors into inputs of a graph, and the variables into parts of them. */
export function enter(tape: Tape, groups: readonly StateGroup[]): void {
  for (const { variables, value } of groups) {
    const input = tape.graph.input(value.input, graphShape(value));
    if (input.name !== variables[0]?.tensor.name)
      tape.graph.unpack(
        input,
        variables.map(({ tensor }) => tensor),
      );
  }
}

/** A group's gradients as one tensor, in the shape of its value. */
export function gradientOf(tape: Tape, { variables, value }: StateGroup): Tensor {
  const { graph } = tape;
  const gradients = variables.map(({ name, tensor }) => {
    const gradient = tape.gradientOf(tensor);
    if (gradient === undefined) throw new UsageError(`the loss does not depend on the weights '${name}'`);
    return gradient;
  });
  if (value.shape === variables[0]?.shape) return gradients[0] as Tensor;
  const flat = gradients.map((gradient, index) => graph.reshape(gradient, [value.members[index]?.length as number]));
  return graph.concat(flat, 0, value.length);
}
