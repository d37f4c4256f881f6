import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/**
 * Mean of (prediction - target)^2 over all values, a scalar; its gradient is 2 (prediction -
 * target) / n.
 */
export function meanSquaredError(tape: Tape, prediction: Tensor, target: Tensor): Tensor {
  if (prediction.shape.join() !== target.shape.join()) {
    throw new UsageError(`meanSquaredError: shapes must be equal, but are [${prediction.shape}] and [${target.shape}]`);
  }
  const { graph } = tape;
  const error = graph.subtract(prediction, target);
  const loss = graph.emit('ReduceMean', [graph.multiply(error, error)], [], { keepdims: 0 });
  return tape.record([prediction, target], loss, (gradient) => {
    const count = graph.cast(graph.emit('Size', [error], [], {}, 'int64'), 'real');
    const slope = () => graph.multiply(error, graph.divide(graph.multiply(gradient, graph.real(2)), count));
    tape.add(prediction, slope);
    tape.add(target, () => graph.emit('Neg', [slope()], target.shape));
  });
}

/**
 * Mean of weight * (prediction - target)^2 over all values, a scalar. Only the gradient with
 * respect to the prediction is written.
 */
export function weightedSquaredError(tape: Tape, prediction: Tensor, target: Tensor, weights: Tensor): Tensor {
  const { graph } = tape;
  const error = graph.subtract(prediction, target);
  const weighted = graph.multiply(error, weights);
  const loss = graph.emit('ReduceMean', [graph.multiply(error, weighted)], [], { keepdims: 0 });
  return tape.record([prediction], loss, (gradient) => {
    tape.add(prediction, () => {
      const count = graph.cast(graph.emit('Size', [error], [], {}, 'int64'), 'real');
      return graph.multiply(weighted, graph.divide(graph.multiply(gradient, graph.real(2)), count));
    });
  });
}

/**
 * Sum of mask * (prediction - target)^2 divided by the sum of the mask (at least 1), a scalar: the
 * mean squared error over the known values. Only the gradient of the prediction is written.
 *
 * @param mask - 1 for each known value, 0 for the others.
 */
export function maskedSquaredError(tape: Tape, prediction: Tensor, target: Tensor, mask: Tensor): Tensor {
  const { graph } = tape;
  const error = graph.multiply(graph.subtract(prediction, target), mask);
  const sum = (of: Tensor): Tensor => graph.emit('ReduceSum', [of], [], { keepdims: 0 });
  const count = graph.emit('Max', [sum(mask), graph.real(1)], []);
  const loss = graph.divide(sum(graph.multiply(error, error)), count);
  return tape.record([prediction], loss, (gradient) => {
    tape.add(prediction, () => graph.multiply(error, graph.divide(graph.multiply(gradient, graph.real(2)), count)));
  });
}

/**
 * Cross-entropy of sigmoid(logits) [rows, answers] against answers of 0 and 1, summed over the
 * answers, times the row's weight, a mean over rows, a scalar. Only the gradient with respect to
 * the logits is written.
 */
export function binaryCrossEntropy(tape: Tape, logits: Tensor, answers: Tensor, weights: Tensor): Tensor {
  const { graph } = tape;
  const { shape } = logits;
  // softplus(x) - y x, which does not overflow for any logit.
  const small = graph.emit('Exp', [graph.emit('Neg', [graph.emit('Abs', [logits], shape)], shape)], shape);
  const soft = graph.add(
    graph.emit('Relu', [logits], shape),
    graph.emit('Log', [graph.add(small, graph.real(1))], shape),
  );
  const costs = graph.multiply(graph.subtract(soft, graph.multiply(logits, answers)), weights);
  const rows = graph.cast(graph.emit('Size', [weights], [], {}, 'int64'), 'real');
  const loss = graph.divide(graph.emit('ReduceSum', [costs], [], { keepdims: 0 }), rows);
  return tape.record([logits], loss, (gradient) => {
    tape.add(logits, () => {
      const slope = graph.subtract(graph.emit('Sigmoid', [logits], shape), answers);
      return graph.multiply(graph.multiply(slope, weights), graph.divide(gradient, rows));
    });
  });
}

/**
 * rate * sum of w^2 over all weights, a scalar: the L2 term of a loss. Its gradient is 2 rate w.
 */
export function l2Penalty(tape: Tape, weights: readonly Tensor[], rate: number): Tensor {
  if (!(rate >= 0 && Number.isFinite(rate)))
    throw new UsageError(`\`l2\` must be a number of at least 0, but is ${rate}`);
  if (weights.length === 0) throw new UsageError('l2Penalty: at least one weight must be given');
  const { graph } = tape;
  const squares = weights.map((weight) => graph.emit('ReduceSumSquare', [weight], [], { keepdims: 0 }));
  const sum = squares.reduce((total, square) => graph.add(total, square));
  const penalty = graph.multiply(sum, graph.real(rate));
  return tape.record(weights, penalty, (gradient) => {
    // A loss is a sum of terms, so the gradient of a term is the constant 1, and one node per
    // weight suffices.
    const slope =
      gradient.name === graph.real(1).name ? graph.real(2 * rate) : graph.multiply(gradient, graph.real(2 * rate));
    for (const weight of weights) tape.add(weight, () => graph.multiply(weight, slope));
  });
}
