import { checkRank, type Dimension, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** The same values with a different shape; at most one of its axes may be named. */
export function reshape(tape: Tape, x: Tensor, shape: readonly Dimension[]): Tensor {
  const { graph } = tape;
  return tape.record([x], graph.reshape(x, shape), (gradient) => {
    tape.add(x, () => graph.reshape(gradient, x.shape));
  });
}

/** The axes of x in another order: axis n of the result is axis `order[n]` of x. */
export function transpose(tape: Tape, x: Tensor, order: readonly number[]): Tensor {
  checkRank('transpose', x, order.length);
  const { graph } = tape;
  const moved = (tensor: Tensor, perm: readonly number[]): Tensor =>
    graph.emit(
      'Transpose',
      [tensor],
      perm.map((axis) => tensor.shape[axis] as Dimension),
      { perm: [...perm] },
    );
  return tape.record([x], moved(x, order), (gradient) => {
    const back = order.map((_, axis) => order.indexOf(axis));
    tape.add(x, () => moved(gradient, back));
  });
}
