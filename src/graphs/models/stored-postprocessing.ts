import { ModelError } from '../../core/errors.ts';
import type { StoredModel } from '../../io/model-store/model-store.ts';
import { storedWeights } from './stored-weights.ts';
import { bringRemedy } from './weight-names.ts';

/**
 * The stored parameters of a network's post-processing.
 *
 * @param name - the name that they are stored under, such as `vggish-pca`.
 * @throws ModelError `weights` when none are stored, or they are damaged.
 */
export function storedPostprocessing(name: string): StoredModel {
  const stored = storedWeights(name);
  if (stored) return stored;
  throw new ModelError('weights', `no parameters of post-processing are stored under '${name}'`, {
    remedy: bringRemedy(name),
  });
}
