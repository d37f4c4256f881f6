import type { Dimension, Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** real [rows, rows]: 1 where two rows are in the same group. */
function sameGroup(tape: Tape, groups: Tensor): Tensor {
  const { graph } = tape;
  const rows = groups.shape[0] as Dimension;
  const [down, across] = [
    graph.reshape(groups, [rows, 1]),
    graph.emit('Unsqueeze', [groups, graph.integers([0])], [1, rows]),
  ];
  return graph.cast(graph.emit('Equal', [down, across], [rows, rows], {}, 'bool'), 'real');
}

/** A column [rows, 1] as a row [1, rows]. */
function transposed(tape: Tape, column: Tensor): Tensor {
  return tape.graph.emit('Transpose', [column], [1, column.shape[0] as Dimension], { perm: [1, 0] });
}

/** Sums over an axis of a matrix, which is kept with size 1. */
function sumOver(tape: Tape, matrix: Tensor, axis: 0 | 1): Tensor {
  const { graph } = tape;
  return graph.emit('ReduceSum', [matrix, graph.integers([axis])], matrix.shape.with(axis, 1), { keepdims: 1 });
}

/** Sum of all values, a scalar. */
function total(tape: Tape, x: Tensor): Tensor {
  return tape.graph.emit('ReduceSum', [x], [], { keepdims: 0 });
}

/**
 * Mean of -ln sigmoid(s_a - s_b) over the pairs of rows of a group in which a is rated higher than
 * b (Rendle et al. 2009, "BPR", over rated pairs), a scalar; 0 if there is no such pair.
 *
 * @param scores [rows, 1]; its gradient is written.
 * @param ratings [rows, 1].
 * @param groups int64 [rows].
 */
export function pairwiseRanking(tape: Tape, scores: Tensor, ratings: Tensor, groups: Tensor): Tensor {
  const { graph } = tape;
  const rows = scores.shape[0] as Dimension;
  const shape = [rows, rows];
  const higher = graph.emit('Greater', [ratings, transposed(tape, ratings)], shape, {}, 'bool');
  const pairs = graph.multiply(sameGroup(tape, groups), graph.cast(higher, 'real'));
  const count = graph.emit('Max', [total(tape, pairs), graph.real(1)], []);
  const lead = graph.emit('Sub', [scores, transposed(tape, scores)], shape);
  // softplus(-lead), which does not overflow for any lead.
  const small = graph.emit('Exp', [graph.emit('Neg', [graph.emit('Abs', [lead], shape)], shape)], shape);
  const behind = graph.emit('Relu', [graph.emit('Neg', [lead], shape)], shape);
  const costs = graph.add(behind, graph.emit('Log', [graph.add(small, graph.real(1))], shape));
  const loss = graph.divide(total(tape, graph.multiply(pairs, costs)), count);
  return tape.record([scores], loss, (gradient) => {
    tape.add(scores, () => {
      const doubt = graph.emit('Sigmoid', [graph.emit('Neg', [lead], shape)], shape);
      const pull = graph.multiply(graph.multiply(pairs, doubt), graph.divide(gradient, count));
      return graph.subtract(transposed(tape, sumOver(tape, pull, 0)), sumOver(tape, pull, 1));
    });
  });
}

/**
 * Cross-entropy of the softmax of a group's scores against its gains, divided by their sum (Cao et
 * al. 2007, "ListNet", top one), a scalar: the mean over groups.
 *
 * @param scores [rows, 1]; its gradient is written.
 * @param gains [rows, 1], above 0.
 * @param groups int64 [rows].
 */
export function listwiseRanking(tape: Tape, scores: Tensor, gains: Tensor, groups: Tensor): Tensor {
  const { graph } = tape;
  const rows = scores.shape[0] as Dimension;
  const column = [rows, 1];
  const same = sameGroup(tape, groups);
  const groupCount = total(tape, graph.emit('Reciprocal', [sumOver(tape, same, 1)], column));
  const wanted = graph.divide(gains, graph.emit('MatMul', [same, gains], column));
  // Scores of other groups are masked.
  const away = graph.multiply(graph.subtract(same, graph.real(1)), graph.real(1e9));
  const own = graph.emit('Add', [away, transposed(tape, scores)], [rows, rows]);
  const top = graph.emit('ReduceMax', [own], column, { axes: [1], keepdims: 1 });
  const sums = sumOver(tape, graph.emit('Exp', [graph.emit('Sub', [own, top], [rows, rows])], [rows, rows]), 1);
  const surprise = graph.subtract(graph.add(graph.emit('Log', [sums], column), top), scores);
  const loss = graph.divide(total(tape, graph.multiply(wanted, surprise)), groupCount);
  return tape.record([scores], loss, (gradient) => {
    tape.add(scores, () => {
      const shares = graph.emit('Exp', [graph.emit('Neg', [surprise], column)], column);
      return graph.multiply(graph.subtract(shares, wanted), graph.divide(gradient, groupCount));
    });
  });
}
