import { UsageError } from '../../../core/errors.ts';
import { checkRank, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** Prevents division by 0 for a constant row. */
const epsilon = 1e-5;

/**
 * Layer normalisation (Ba et al. 2016) of each row of x [rows, width]: gamma (x - mean) / deviation
 * + beta, with the row's mean and deviation.
 *
 * @param gamma [width].
 * @param beta [width].
 */
export function layerNormalisation(tape: Tape, x: Tensor, gamma: Tensor, beta: Tensor): Tensor {
  checkRank('layerNormalisation', x, 2);
  const width = fixedSize(x, 1);
  if (gamma.shape.join() !== String(width) || beta.shape.join() !== String(width)) {
    throw new UsageError(
      `layerNormalisation: x [${x.shape}] does not fit gamma [${gamma.shape}] and beta [${beta.shape}]`,
    );
  }
  const { graph } = tape;
  const column = x.shape.with(1, 1);
  const meanOf = (of: Tensor): Tensor => graph.emit('ReduceMean', [of], column, { axes: [1], keepdims: 1 });
  const centred = graph.subtract(x, meanOf(x));
  const variance = meanOf(graph.multiply(centred, centred));
  const deviation = graph.emit('Sqrt', [graph.add(variance, graph.real(epsilon))], column);
  const normal = graph.divide(centred, deviation);
  const y = graph.add(graph.multiply(normal, gamma), beta);
  return tape.record([x, gamma, beta], y, (gradient) => {
    tape.add(gamma, () => graph.sumRows(graph.multiply(gradient, normal)));
    tape.add(beta, () => graph.sumRows(gradient));
    tape.add(x, () => {
      const pulled = graph.multiply(gradient, gamma);
      const along = graph.multiply(normal, meanOf(graph.multiply(pulled, normal)));
      return graph.divide(graph.subtract(graph.subtract(pulled, meanOf(pulled)), along), deviation);
    });
  });
}
