import { checkRank, type Dimension, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** How the gradient of looked-up rows reaches its table. */
export type RowGradient = 'scatter' | 'one-hot';

function zerosLike(tape: Tape, table: Tensor): Tensor {
  const { graph } = tape;
  const shape = graph.emit('Shape', [table], [table.shape.length], {}, 'int64');
  // The value of ConstantOfShape is float32 zero by default.
  const zeros = graph.emit('ConstantOfShape', [shape], table.shape, {}, 'real');
  return graph.precision === 'float32' ? zeros : graph.cast(zeros, 'real');
}

function oneHot(tape: Tape, indices: Tensor, depth: Tensor, columns: Dimension): Tensor {
  const { graph } = tape;
  const values = graph.emit('Cast', [graph.real([0, 1], [2])], [2], { to: 1 }, 'real');
  const rows = indices.shape[0] as Dimension;
  const hot = graph.emit('OneHot', [indices, depth, values], [rows, columns], { axis: -1 }, 'real');
  return graph.precision === 'float32' ? hot : graph.cast(hot, 'real');
}

/**
 * The rows of `table` [n, width] that `indices` [m] (int64) name: an embedding, or one result per
 * item distributed to all ratings of that item. Its gradient adds each row of dy to the row it came
 * from: by `ScatterND` (`scatter`; cost grows with the indices), or as the product of a one-hot
 * matrix with dy (`one-hot`; cost grows with n times m, for small tables).
 */
export function rows(tape: Tape, table: Tensor, indices: Tensor, method: RowGradient = 'scatter'): Tensor {
  checkRank('rows', table, 2);
  checkRank('rows', indices, 1);
  const { graph } = tape;
  const width = fixedSize(table, 1);
  const count = indices.shape[0] as Dimension;
  const y = graph.emit('Gather', [table, indices], [count, width]);
  return tape.record([table], y, (gradient) => {
    tape.accumulate(table, (before) => {
      if (method === 'one-hot' || !tape.scatters) {
        const shape = graph.emit('Shape', [table], [2], {}, 'int64');
        const depth = graph.emit('Gather', [shape, graph.integers([0])], [1], {}, 'int64');
        const hot = oneHot(tape, indices, depth, table.shape[0] as Dimension);
        return graph.product(hot, gradient, { transposeA: true, addend: before });
      }
      const places = graph.reshape(indices, [count, 1]);
      return graph.emit('ScatterND', [before ?? zerosLike(tape, table), places, gradient], table.shape, {
        reduction: { text: 'add' },
      });
    });
  });
}
