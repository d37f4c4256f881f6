import { UsageError } from '../../../core/errors.ts';
import { checkRank, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/**
 * x + constant, where the constant is fed or fixed, and may have axes of size 1 or lack leading
 * axes of x.
 */
export function addConstant(tape: Tape, x: Tensor, constant: Tensor): Tensor {
  return tape.record([x], tape.graph.add(x, constant), (gradient) => {
    tape.add(x, () => gradient);
  });
}

/** x times a constant, which is fed or fixed and has x's shape, possibly with axes of size 1. */
export function timesConstant(tape: Tape, x: Tensor, constant: Tensor): Tensor {
  const { graph } = tape;
  return tape.record([x], graph.multiply(x, constant), (gradient) => {
    tape.add(x, () => graph.multiply(gradient, constant));
  });
}

/** x [rows, a, b] + table [a, b] in each row. */
export function addToEach(tape: Tape, x: Tensor, table: Tensor): Tensor {
  checkRank('addToEach', x, 3);
  if (x.shape.slice(1).join() !== table.shape.join()) {
    throw new UsageError(`addToEach: x [${x.shape}] does not fit the table [${table.shape}]`);
  }
  const { graph } = tape;
  return tape.record([x, table], graph.add(x, table), (gradient) => {
    tape.add(x, () => gradient);
    tape.add(table, () => graph.emit('ReduceSum', [gradient, graph.integers([0])], table.shape, { keepdims: 0 }));
  });
}
