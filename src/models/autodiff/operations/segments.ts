import { checkRank, type Dimension, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** Keeps a segment whose scores are all far below the largest from being divided by 0. */
const least = 1e-30;

function summed(tape: Tape, x: Tensor, segments: Tensor, count: number): Tensor {
  const { graph } = tape;
  const shape = [count, fixedSize(x, 1)];
  // The value of ConstantOfShape is float32 zero by default.
  const zeros = graph.emit('ConstantOfShape', [graph.integers(shape)], shape, {}, 'real');
  const start = graph.precision === 'float32' ? zeros : graph.cast(zeros, 'real');
  const places = graph.reshape(segments, [x.shape[0] as Dimension, 1]);
  return graph.emit('ScatterND', [start, places, x], shape, { reduction: { text: 'add' } });
}

function given(tape: Tape, x: Tensor, segments: Tensor): Tensor {
  return tape.graph.emit('Gather', [x, segments], [segments.shape[0] as Dimension, fixedSize(x, 1)]);
}

/**
 * The sum of the rows of each segment: x [rows, width] to [count, width], zeros for a segment
 * without rows. Each row gets the gradient of its segment.
 *
 * @param segments int64 [rows]: the segment of each row, below `count`.
 */
export function segmentSums(tape: Tape, x: Tensor, segments: Tensor, count: number): Tensor {
  checkRank('segmentSums', x, 2);
  checkRank('segmentSums', segments, 1);
  return tape.record([x], summed(tape, x, segments, count), (gradient) => {
    tape.add(x, () => given(tape, gradient, segments));
  });
}

/**
 * Softmax of each column over the rows of each segment: the numbers of a segment add up to 1. A
 * score that is 80 below the largest of its column counts as nothing. dx = y (dy - sum of y dy over
 * the segment).
 *
 * @param segments int64 [rows]: the segment of each row, below `count`.
 */
export function segmentSoftmax(tape: Tape, x: Tensor, segments: Tensor, count: number): Tensor {
  checkRank('segmentSoftmax', x, 2);
  checkRank('segmentSoftmax', segments, 1);
  const { graph } = tape;
  const largest = graph.emit('ReduceMax', [x], [1, fixedSize(x, 1)], { axes: [0], keepdims: 1 });
  const powers = graph.emit('Exp', [graph.subtract(x, largest)], x.shape);
  const sums = graph.add(summed(tape, powers, segments, count), graph.real(least));
  const y = graph.divide(powers, given(tape, sums, segments));
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => {
      const pulled = graph.multiply(gradient, y);
      const along = given(tape, summed(tape, pulled, segments, count), segments);
      return graph.subtract(pulled, graph.multiply(y, along));
    });
  });
}
