import { CachedUnits } from '../io/cache/cached-units.ts';
import { openUnitCache } from '../io/cache/open-cache.ts';
import type { UnitCache } from '../io/cache/unit-cache.ts';
import { type ItemPolicy, skipReason } from './item-policy.ts';
import type { UnitSource } from './runners/local.ts';

/** The cache of a run, if it has one; its failures are reported by `warn`. */
export async function openCache(
  options: { readonly cache?: string | UnitCache | undefined },
  graphId: string,
  warn: (sentence: string) => void,
): Promise<CachedUnits | undefined> {
  const cache = typeof options.cache === 'string' ? await openUnitCache(options.cache) : options.cache;
  return cache && new CachedUnits(cache, { graphId, warn });
}

/**
 * A cache that does not offer items that the policy skips, so that they are opened and then
 * skipped, with the reason.
 */
export function withinPolicy(cache: CachedUnits, policy: ItemPolicy): UnitSource {
  return {
    get: async (fingerprint, itemId) => {
      const unit = await cache.get(fingerprint, itemId);
      return skipReason(Number(unit?.metadata.seconds), policy) === undefined ? unit : undefined;
    },
    set: (fingerprint, unit) => cache.set(fingerprint, unit),
  };
}
