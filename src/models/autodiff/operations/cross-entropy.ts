import { checkRank, type Dimension, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** ln softmax of each row. */
function logSoftmax(tape: Tape, logits: Tensor): Tensor {
  checkRank('crossEntropy', logits, 2);
  return tape.graph.emit('LogSoftmax', [logits], logits.shape, { axis: 1 });
}

/** The number of rows of a matrix, as a scalar. */
function rowCount(tape: Tape, matrix: Tensor): Tensor {
  const { graph } = tape;
  const shape = graph.emit('Shape', [matrix], [2], {}, 'int64');
  const rows = graph.emit('Gather', [shape, graph.integers([0])], [1], {}, 'int64');
  return graph.cast(graph.emit('Squeeze', [rows, graph.integers([0])], [] as Dimension[], {}, 'int64'), 'real');
}

/**
 * - sum of t ln softmax(logits) over the classes, a mean over rows, a scalar: for counts t the
 * multinomial log likelihood (Liang et al. 2018). Only the gradient of the logits is written.
 *
 * @param targets [rows, classes].
 */
export function multinomialLoss(tape: Tape, logits: Tensor, targets: Tensor): Tensor {
  const { graph } = tape;
  const logs = logSoftmax(tape, logits);
  const rows = rowCount(tape, logits);
  const total = graph.emit('ReduceSum', [graph.multiply(logs, targets)], [], { keepdims: 0 });
  const loss = graph.emit('Neg', [graph.divide(total, rows)], []);
  return tape.record([logits], loss, (gradient) => {
    tape.add(logits, () => {
      const column = targets.shape.with(1, 1);
      const counts = graph.emit('ReduceSum', [targets, graph.integers([1])], column, { keepdims: 1 });
      const shares = graph.emit('Exp', [logs], logs.shape);
      const slope = graph.subtract(graph.multiply(shares, counts), targets);
      return graph.multiply(slope, graph.divide(gradient, rows));
    });
  });
}

/**
 * - ln softmax(logits) at the class of each row, a mean over rows, a scalar.
 *
 * @param classes int64 [rows].
 */
export function classLoss(tape: Tape, logits: Tensor, classes: Tensor): Tensor {
  const { graph } = tape;
  const logs = logSoftmax(tape, logits);
  const rows = rowCount(tape, logits);
  const count = logits.shape[0] as Dimension;
  const places = graph.reshape(classes, [count, 1]);
  const own = graph.emit('GatherElements', [logs, places], [count, 1], { axis: 1 });
  const loss = graph.emit('Neg', [graph.divide(graph.emit('ReduceSum', [own], [], { keepdims: 0 }), rows)], []);
  return tape.record([logits], loss, (gradient) => {
    tape.add(logits, () => {
      const shares = graph.emit('Exp', [logs], logs.shape);
      const less = graph.subtract(
        graph.emit('GatherElements', [shares, places], [count, 1], { axis: 1 }),
        graph.real(1),
      );
      const slope = graph.emit('ScatterElements', [shares, places, less], logs.shape, { axis: 1 });
      return graph.multiply(slope, graph.divide(gradient, rows));
    });
  });
}

/**
 * Divergence of Normal(mean, exp(logVariance)) from Normal(0, 1), summed over the columns, a mean
 * over rows, times a factor, a scalar (Kingma and Welling 2014, appendix B).
 *
 * @param factor [1], fed.
 */
export function normalDivergence(tape: Tape, mean: Tensor, logVariance: Tensor, factor: Tensor): Tensor {
  const { graph } = tape;
  const rows = rowCount(tape, mean);
  const variance = graph.emit('Exp', [logVariance], logVariance.shape);
  const squares = graph.add(graph.multiply(mean, mean), graph.subtract(variance, logVariance));
  const total = graph.emit('ReduceSum', [graph.subtract(squares, graph.real(1))], [], { keepdims: 0 });
  const weight = graph.divide(graph.emit('Squeeze', [factor, graph.integers([0])], []), rows);
  const loss = graph.multiply(graph.multiply(total, graph.real(0.5)), weight);
  return tape.record([mean, logVariance], loss, (gradient) => {
    const pull = graph.multiply(gradient, weight);
    tape.add(mean, () => graph.multiply(mean, pull));
    tape.add(logVariance, () =>
      graph.multiply(graph.multiply(graph.subtract(variance, graph.real(1)), graph.real(0.5)), pull),
    );
  });
}
