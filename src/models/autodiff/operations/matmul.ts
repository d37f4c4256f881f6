import { UsageError } from '../../../core/errors.ts';
import type { Dimension, GraphEmitter, Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** A tensor with its last two axes swapped. */
function turned(graph: GraphEmitter, x: Tensor): Tensor {
  const rank = x.shape.length;
  const perm = x.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return graph.emit(
    'Transpose',
    [x],
    perm.map((axis) => x.shape[axis] as Dimension),
    { perm },
  );
}

/**
 * Batched matrix product: a [..., rows, inner] times b [..., inner, columns], with the same leading
 * axes.
 */
export function matmul(tape: Tape, a: Tensor, b: Tensor): Tensor {
  const [before, other] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  if (before.join() !== other.join() || a.shape.at(-1) !== b.shape.at(-2)) {
    throw new UsageError(`matmul: a [${a.shape}] does not fit b [${b.shape}]`);
  }
  const { graph } = tape;
  const product = (left: Tensor, right: Tensor): Tensor =>
    graph.emit('MatMul', [left, right], [...before, left.shape.at(-2) as Dimension, right.shape.at(-1) as Dimension]);
  return tape.record([a, b], product(a, b), (gradient) => {
    tape.add(a, () => product(gradient, turned(graph, b)));
    tape.add(b, () => product(turned(graph, a), gradient));
  });
}
