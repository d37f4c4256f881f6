import { damagedModel } from '../../io/model-store/model-record.ts';
import { type StoredModel, storedModel } from '../../io/model-store/model-store.ts';
import { cacheDirectory, fileHash } from '../../models/networks/cache.ts';
import { isNetworkName } from '../../models/networks/registry.ts';

/**
 * The stored weight file of a name, or undefined when there is none. Its content is hashed (once, until the file changes) and must be what was stored.
 *
 * @throws ModelError `weights` when the record or the file is damaged.
 */
export function storedWeights(name: string): StoredModel | undefined {
  const stored = storedModel(name);
  if (stored === undefined) return undefined;
  const found = fileHash(stored.path, cacheDirectory());
  if (found !== stored.sha256) {
    throw damagedModel(name, `${stored.path} has SHA-256 ${found}, not ${stored.sha256}`);
  }
  return stored;
}

/**
 * The weights of a network that was given none: of a named one those of the model store, else `random:1`. A model card names its own.
 *
 * @throws ModelError `weights` as `storedWeights`.
 */
export function usualWeights(name: string): {
  readonly weights: string | undefined;
  readonly stored: StoredModel | undefined;
} {
  if (!isNetworkName(name)) return { weights: undefined, stored: undefined };
  const stored = storedWeights(name);
  return { weights: stored?.path ?? 'random:1', stored };
}
