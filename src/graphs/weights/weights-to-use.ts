import { damagedWeights } from '../../io/weights-store/weights-record.ts';
import { type StoredWeights, storedWeights } from '../../io/weights-store/weights-store.ts';
import { cacheDirectory, fileHash } from '../../models/networks/cache.ts';
import { isNetworkName } from '../../models/networks/network-registry.ts';

/**
 * The stored weight file for a name, or undefined if there is none. Its content is hashed (once,
 * until the file changes) and must match what was stored.
 *
 * @throws ModelError `weights` when the record or the file is damaged.
 */
export function weightsToUse(name: string): StoredWeights | undefined {
  const stored = storedWeights(name);
  if (stored === undefined) return undefined;
  const found = fileHash(stored.path, cacheDirectory());
  if (found !== stored.sha256) {
    throw damagedWeights(name, `${stored.path} has SHA-256 ${found}, not ${stored.sha256}`);
  }
  return stored;
}

/**
 * The weights of a network if no option gives any: for a named network those in the weights store,
 * else `random:1`. A network card names its own.
 *
 * @throws ModelError `weights` as in `storedWeights`.
 */
export function usualWeights(name: string): {
  readonly weights: string | undefined;
  readonly stored: StoredWeights | undefined;
} {
  if (!isNetworkName(name)) return { weights: undefined, stored: undefined };
  const stored = weightsToUse(name);
  return { weights: stored?.path ?? 'random:1', stored };
}
