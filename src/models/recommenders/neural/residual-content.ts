import type { Tensor } from '../../autodiff/emitter.ts';
import { filled } from '../../autodiff/initialisers.ts';
import { lstmLayer } from '../../autodiff/layers.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { NeuralArchitecture, ReadModality } from './architectures.ts';
import { attentionPool } from './attention-pool.ts';
import { factNames } from './fact-names.ts';
import { inputNames } from './input-names.ts';

/** The input from one stream; it has no trained weights. */
export interface ReducedStream {
  readonly modality: ReadModality;
  /** Mean over the subclips: [unique, components]. */
  readonly mean: Tensor;
  /** The subclips of each item: [unique, steps, components]. */
  readonly values: Tensor;
}

/**
 * The streams of the batch's items: columns clipped, centred, divided by their deviations and
 * reduced to principal components, as the facts say; zeros for an item that lacks the stream.
 */
export function reducedStreams(tape: Tape, { modalities }: NeuralArchitecture): readonly ReducedStream[] {
  const { graph } = tape;
  return modalities.map((modality) => {
    const { name, steps, dimension, components } = modality;
    const features = graph.input(inputNames.features(name), ['unique', steps, dimension]);
    const present = graph.input(inputNames.present(name), ['unique', 1, 1]);
    const fact = (of: string) => tape.statistic(of, [dimension], filled(0));
    const raised = graph.emit('Max', [features, fact(factNames.minimum(name))], features.shape);
    const clipped = graph.emit('Min', [raised, fact(factNames.maximum(name))], features.shape);
    const centred = graph.subtract(clipped, fact(factNames.mean(name)));
    const projection = tape.statistic(factNames.projection(name), [dimension, components], filled(0));
    const reduced = graph.emit('MatMul', [centred, projection], ['unique', steps, components]);
    const values = graph.multiply(reduced, present);
    return {
      modality,
      mean: graph.emit('ReduceMean', [values], ['unique', components], { axes: [1], keepdims: 0 }),
      values,
    };
  });
}

/**
 * Features of each item in one fit: the means of the streams over the subclips, and the output of
 * its LSTM layers, which read their order; or means with learnt weights: [unique, width].
 */
export function contentSummary(tape: Tape, prefix: string, streams: readonly ReducedStream[]): Tensor {
  const { graph } = tape;
  const parts = streams.flatMap(({ modality: { name, steps, components, lstm, pool }, mean, values }) => {
    if (pool === 'attention' && steps > 1) return [attentionPool(tape, `${prefix}/${name}`, values)];
    if (lstm.length === 0) return [mean];
    const sequence = graph.emit('Transpose', [values], [steps, 'unique', components], { perm: [1, 0, 2] });
    const last = lstm.reduce(
      (x, units, layer) =>
        lstmLayer(
          tape,
          `${prefix}/${name}/lstm-${layer + 1}`,
          x,
          units,
          layer === lstm.length - 1 ? 'last' : 'sequence',
        ),
      sequence,
    );
    return [mean, last];
  });
  return concat(tape, parts);
}
