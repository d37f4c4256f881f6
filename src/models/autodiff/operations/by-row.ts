import { UsageError } from '../../../core/errors.ts';
import { checkRank, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** x [rows, width], each row times its own number of factors [rows, 1]. */
export function timesColumn(tape: Tape, x: Tensor, factors: Tensor): Tensor {
  checkRank('timesColumn', x, 2);
  if (factors.shape.length !== 2 || factors.shape[1] !== 1 || factors.shape[0] !== x.shape[0]) {
    throw new UsageError(`timesColumn: x [${x.shape}] does not fit the factors [${factors.shape}]`);
  }
  const { graph } = tape;
  return tape.record([x, factors], graph.multiply(x, factors), (gradient) => {
    tape.add(x, () => graph.multiply(gradient, factors));
    tape.add(factors, () =>
      graph.emit('ReduceSum', [graph.multiply(gradient, x), graph.integers([1])], factors.shape, { keepdims: 1 }),
    );
  });
}

/** Matrices of one width, each with as many rows as is known, one below the other. */
export function stack(tape: Tape, parts: readonly Tensor[]): Tensor {
  for (const part of parts) checkRank('stack', part, 2);
  const { graph } = tape;
  const counts = parts.map((part) => fixedSize(part, 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  return tape.record(parts, graph.concat(parts, 0, total), (gradient) => {
    const pieces = graph.split(gradient, 0, counts);
    for (const [index, part] of parts.entries()) tape.add(part, () => pieces[index] as Tensor);
  });
}

/**
 * The largest of each column over the steps: [rows, steps, width] to [rows, width]. Steps that are
 * equally large share the gradient.
 */
export function maximumOverSteps(tape: Tape, x: Tensor): Tensor {
  checkRank('maximumOverSteps', x, 3);
  const { graph } = tape;
  const [rows, , width] = x.shape;
  const kept = graph.emit('ReduceMax', [x], x.shape.with(1, 1), { axes: [1], keepdims: 1 });
  const y = graph.reshape(kept, [rows as string, width as number]);
  return tape.record([x], y, (gradient) => {
    tape.add(x, () => {
      const isLargest = graph.cast(graph.emit('Equal', [x, kept], x.shape, {}, 'bool'), 'real');
      const alike = graph.emit('ReduceSum', [isLargest, graph.integers([1])], kept.shape, { keepdims: 1 });
      const spread = graph.divide(graph.reshape(gradient, kept.shape), alike);
      return graph.multiply(isLargest, spread);
    });
  });
}
