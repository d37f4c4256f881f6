import { checkRank, type Dimension, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';
import { dense } from './dense.ts';

/** The sum of each row: [rows, width] to [rows, 1]. */
export function rowSums(tape: Tape, x: Tensor): Tensor {
  checkRank('rowSums', x, 2);
  const width = fixedSize(x, 1);
  return dense(tape, x, tape.graph.real(new Array<number>(width).fill(1), [width, 1]));
}

/** Sum of x^2 over all values, a scalar; its gradient is 2 x. */
export function sumOfSquares(tape: Tape, x: Tensor): Tensor {
  const { graph } = tape;
  const sum = graph.emit('ReduceSumSquare', [x], [], { keepdims: 0 });
  return tape.record([x], sum, (gradient) => {
    tape.add(x, () => graph.multiply(x, graph.multiply(gradient, graph.real(2))));
  });
}

/**
 * Mean over a matrix's rows of the sum of squares of a row, a scalar; its gradient is 2 x / rows.
 */
export function meanSquaredLength(tape: Tape, x: Tensor): Tensor {
  checkRank('meanSquaredLength', x, 2);
  const { graph } = tape;
  const shape = graph.emit('Shape', [x], [2], {}, 'int64');
  const rows = graph.emit('Gather', [shape, graph.integers([0])], [1], {}, 'int64');
  const count = graph.cast(graph.emit('Squeeze', [rows, graph.integers([0])], [] as Dimension[]), 'real');
  const mean = graph.divide(graph.emit('ReduceSumSquare', [x], [], { keepdims: 0 }), count);
  return tape.record([x], mean, (gradient) => {
    tape.add(x, () => graph.multiply(x, graph.divide(graph.multiply(gradient, graph.real(2)), count)));
  });
}
