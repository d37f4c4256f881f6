import { checkPositive } from '../../../core/check.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import { type ArchitectureOptions, architectureOf, type NeuralRecommenderName } from './architectures.ts';
import type { RatingSpace } from './branches.ts';
import { dcfAv1, dcfAv2 } from './dcf-av.ts';
import { deepCf } from './deep-cf.ts';
import { gmf } from './gmf.ts';
import { lstmAv } from './lstm-av.ts';
import { regSvdAdam } from './regsvd-adam.ts';
import { residualNetwork } from './residual.ts';

/** Weight of the squared length of looked-up embeddings in the loss of a residual module. */
const residualL2 = 0.05;

const builders = {
  ...{ 'regsvd-adam': regSvdAdam, gmf, deepcf: deepCf },
  ...{ 'dcf-av-1': dcfAv1, 'dcf-av-2': dcfAv2, 'lstm-av': lstmAv },
} as const;

/**
 * The module of a deep recommender.
 *
 * @throws UsageError if an option is out of range, or the recommender and its modalities do not
 * match.
 * @example
 * neuralModule('dcf-av-1', { userCount: 1500, itemCount: 1000, scale: { minimum: 0.5, maximum: 5 } }, {
 *   modalities: [{ name: 'visual', dimension: 600, steps: 10 }, { name: 'audio', dimension: 128, steps: 10 }],
 * });
 */
export function neuralModule(
  model: NeuralRecommenderName,
  space: RatingSpace,
  options: ArchitectureOptions & { readonly l2?: number | undefined } = {},
): TrainableModule {
  const architecture = architectureOf(model, options);
  if (architecture.form === 'thesis') return builders[model](space, architecture);
  return residualNetwork(model, space, architecture, checkPositive('l2', options.l2 ?? residualL2, { zero: true }));
}
