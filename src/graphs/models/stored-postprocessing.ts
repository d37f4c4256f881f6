import { ModelError } from '../../core/errors.ts';
import type { StoredModel } from '../../io/model-store/model-store.ts';
import { storedWeights } from './stored-weights.ts';
import { postprocessingName } from './weight-names.ts';

/**
 * The stored file of VGGish's post-processing parameters.
 *
 * @throws ModelError `weights` when none is stored, or it is damaged.
 */
export function storedPostprocessing(): StoredModel {
  const stored = storedWeights(postprocessingName);
  if (stored) return stored;
  throw new ModelError(
    'weights',
    `no parameters of VGGish's post-processing are stored under '${postprocessingName}'`,
    {
      remedy: `Bring them in: \`reelflow models pull ${postprocessingName}\`, or \`reelflow models import ${postprocessingName} FILE\`.`,
    },
  );
}
