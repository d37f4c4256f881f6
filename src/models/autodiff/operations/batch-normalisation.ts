import { UsageError } from '../../../core/errors.ts';
import { checkRank, type Dimension, fixedSize, type Tensor } from '../emitter.ts';
import type { Tape } from '../tape.ts';

/** The variables of a batch normalisation, each [width]. */
export interface NormalisationVariables {
  readonly gamma: Tensor;
  readonly beta: Tensor;
  /** Running statistics, used when not training. */
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * Batch normalisation of x [rows, width] (Ioffe and Szegedy 2015): gamma (x - mean) /
 * sqrt(variance + epsilon) + beta, with mean and (biased) variance of the batch while training,
 * which also update the running ones: running = momentum running + (1 - momentum) batch.
 */
export function batchNormalisation(
  tape: Tape,
  x: Tensor,
  { gamma, beta, mean, variance }: NormalisationVariables,
  { momentum = 0.99, epsilon = 1e-3 }: { momentum?: number | undefined; epsilon?: number | undefined } = {},
): Tensor {
  checkRank('batchNormalisation', x, 2);
  const width = fixedSize(x, 1);
  for (const variable of [gamma, beta, mean, variance]) {
    if (variable.shape.join() !== String(width)) {
      throw new UsageError(
        `batchNormalisation: ${variable.name} must have shape [${width}], but has [${variable.shape}]`,
      );
    }
  }
  const { graph } = tape;
  const meanOfRows = (tensor: Tensor): Tensor =>
    graph.emit('ReduceMean', [tensor], [tensor.shape[1] as Dimension], { axes: [0], keepdims: 0 });
  const batchMean = tape.training ? meanOfRows(x) : mean;
  const centred = graph.subtract(x, batchMean);
  const batchVariance = tape.training ? meanOfRows(graph.multiply(centred, centred)) : variance;
  const deviation = graph.emit('Sqrt', [graph.add(batchVariance, graph.real(epsilon))], [width]);
  const normal = graph.divide(centred, deviation);
  const y = graph.add(graph.multiply(normal, gamma), beta);
  if (tape.training) {
    const moved = (running: Tensor, batch: Tensor): Tensor =>
      graph.add(graph.multiply(running, graph.real(momentum)), graph.multiply(batch, graph.real(1 - momentum)));
    tape.update(mean, moved(mean, batchMean));
    tape.update(variance, moved(variance, batchVariance));
  }
  return tape.record([x, gamma, beta], y, (gradient) => {
    tape.add(beta, () => graph.sumRows(gradient));
    tape.add(gamma, () => graph.sumRows(graph.multiply(gradient, normal)));
    tape.add(x, () => {
      const factor = graph.divide(gamma, deviation);
      if (!tape.training) return graph.multiply(gradient, factor);
      const inner = graph.subtract(
        graph.subtract(gradient, meanOfRows(gradient)),
        graph.multiply(normal, meanOfRows(graph.multiply(gradient, normal))),
      );
      return graph.multiply(inner, factor);
    });
  });
}
