import { ModelError } from '../../core/errors.ts';
import type { StoredWeights } from '../../io/weights-store/weights-store.ts';
import { bringRemedy } from './weight-names.ts';
import { weightsToUse } from './weights-to-use.ts';

/**
 * The stored parameters of a network's post-processing.
 *
 * @param name - the name under which they are stored, such as `vggish-pca`.
 * @throws ModelError `weights` when none are stored, or they are damaged.
 */
export function storedPostprocessing(name: string): StoredWeights {
  const stored = weightsToUse(name);
  if (stored) return stored;
  throw new ModelError('weights', `no post-processing parameters are stored under '${name}'`, {
    remedy: bringRemedy(name),
  });
}
