import { checkPositive } from '../../../core/check.ts';
import type { TrainableNetwork } from '../../autodiff/plan.ts';
import type { RatingSpace } from './branches.ts';
import { dcfAv1, dcfAv2 } from './dcf-av.ts';
import { deepCf } from './deep-cf.ts';
import { gmf } from './gmf.ts';
import { lstmAv } from './lstm-av.ts';
import { type ArchitectureOptions, architectureOf, type DeepModel } from './options.ts';
import { residualNetwork } from './residual.ts';

/** Weight of the squared length of looked-up embeddings in the loss of a residual network. */
const residualL2 = 0.05;

const builders = { gmf, deepcf: deepCf, 'dcf-av-1': dcfAv1, 'dcf-av-2': dcfAv2, 'lstm-av': lstmAv } as const;

/**
 * The network of a deep recommender.
 *
 * @throws UsageError when an option is out of range, or the model and its modalities do not fit.
 * @example
 * deepNetwork('dcf-av-1', { userCount: 1500, itemCount: 1000, scale: { minimum: 0.5, maximum: 5 } }, {
 *   modalities: [{ name: 'visual', dimension: 600, steps: 10 }, { name: 'audio', dimension: 128, steps: 10 }],
 * });
 */
export function deepNetwork(
  model: DeepModel,
  space: RatingSpace,
  options: ArchitectureOptions & { readonly l2?: number | undefined } = {},
): TrainableNetwork {
  const architecture = architectureOf(model, options);
  if (architecture.form === 'thesis') return builders[model](space, architecture);
  return residualNetwork(model, space, architecture, checkPositive('l2', options.l2 ?? residualL2, { zero: true }));
}
