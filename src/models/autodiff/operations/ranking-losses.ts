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
 * Sum of weight_ab * -ln sigmoid(s_a - s_b) over all pairs of rows, divided by a number, a scalar.
 *
 * @param scores [rows, 1]; its gradient is written.
 * @param weights [rows, rows], constant.
 * @param divisor a scalar, constant.
 */
function pairCosts(tape: Tape, scores: Tensor, weights: Tensor, divisor: Tensor): Tensor {
  const { graph } = tape;
  const { shape } = weights;
  const lead = graph.emit('Sub', [scores, transposed(tape, scores)], shape);
  // softplus(-lead), which does not overflow for any lead.
  const small = graph.emit('Exp', [graph.emit('Neg', [graph.emit('Abs', [lead], shape)], shape)], shape);
  const behind = graph.emit('Relu', [graph.emit('Neg', [lead], shape)], shape);
  const costs = graph.add(behind, graph.emit('Log', [graph.add(small, graph.real(1))], shape));
  const loss = graph.divide(total(tape, graph.multiply(weights, costs)), divisor);
  return tape.record([scores], loss, (gradient) => {
    tape.add(scores, () => {
      const doubt = graph.emit('Sigmoid', [graph.emit('Neg', [lead], shape)], shape);
      const pull = graph.multiply(graph.multiply(weights, doubt), graph.divide(gradient, divisor));
      return graph.subtract(transposed(tape, sumOver(tape, pull, 0)), sumOver(tape, pull, 1));
    });
  });
}

/** real [rows, rows]: 1 where both rows are in a group, and the first is rated higher. */
function higherPairs(tape: Tape, same: Tensor, ratings: Tensor): Tensor {
  const { graph } = tape;
  const higher = graph.emit('Greater', [ratings, transposed(tape, ratings)], same.shape, {}, 'bool');
  return graph.multiply(same, graph.cast(higher, 'real'));
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
  const pairs = higherPairs(tape, sameGroup(tape, groups), ratings);
  return pairCosts(tape, scores, pairs, graph.emit('Max', [total(tape, pairs), graph.real(1)], []));
}

/** The number of groups: each row counts one n-th of a group of n rows. */
function groupCountOf(tape: Tape, same: Tensor): Tensor {
  return total(tape, tape.graph.emit('Reciprocal', [sumOver(tape, same, 1)], [same.shape[0] as Dimension, 1]));
}

/**
 * 1 / log2(1 + rank) of each row, [rows, 1]: its rank in its group, highest value first, from 1. Of
 * equal values the earlier row ranks higher.
 */
function discounts(tape: Tape, same: Tensor, values: Tensor): Tensor {
  const { graph } = tape;
  const { shape } = same;
  const column = values.shape;
  const others = transposed(tape, values);
  const ones = graph.emit('Exp', [graph.subtract(values, values)], column);
  const places = graph.emit('CumSum', [ones, graph.integers([0])], column);
  const compared = (operation: string, a: Tensor, b: Tensor): Tensor =>
    graph.cast(graph.emit(operation, [a, b], shape, {}, 'bool'), 'real');
  const earlier = graph.multiply(
    compared('Equal', others, values),
    compared('Greater', places, transposed(tape, places)),
  );
  const ahead = graph.multiply(same, graph.add(compared('Greater', others, values), earlier));
  const rank = graph.add(sumOver(tape, ahead, 1), graph.real(1));
  return graph.divide(graph.real(Math.LN2), graph.emit('Log', [graph.add(rank, graph.real(1))], column));
}

/**
 * The pairs of `pairwiseRanking`, each weighted by how much the NDCG of its group would change if
 * the two changed places in the present order of the scores (Burges 2010, "LambdaRank"): summed
 * over the pairs of a group, a mean over groups, a scalar. The weights are constants of a step.
 *
 * @param scores [rows, 1]; its gradient is written.
 * @param gains [rows, 1], at least 0: a row with a higher gain belongs before one with a lower.
 * @param groups int64 [rows].
 */
export function lambdaRanking(tape: Tape, scores: Tensor, gains: Tensor, groups: Tensor): Tensor {
  const { graph } = tape;
  const same = sameGroup(tape, groups);
  const { shape } = same;
  const apart = (column: Tensor): Tensor =>
    graph.emit('Abs', [graph.emit('Sub', [column, transposed(tape, column)], shape)], shape);
  const ideal = graph.emit('MatMul', [same, graph.multiply(gains, discounts(tape, same, gains))], gains.shape);
  // A group without gains has no pairs.
  const whole = graph.emit('Max', [ideal, graph.real(1e-6)], gains.shape);
  const changes = graph.multiply(apart(gains), apart(discounts(tape, same, scores)));
  const weights = graph.divide(graph.multiply(higherPairs(tape, same, gains), changes), whole);
  return pairCosts(tape, scores, weights, groupCountOf(tape, same));
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
  const groupCount = groupCountOf(tape, same);
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
