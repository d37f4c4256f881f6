import { CachedUnits } from '../io/cache/cached-units.ts';
import { openUnitCache } from '../io/cache/open-cache.ts';
import type { UnitCache } from '../io/cache/unit-cache.ts';
import { tooLong } from './duration-limit.ts';
import type { UnitSource } from './runners/local.ts';

/** The cache of a run, where it has one; what it cannot do is reported by `warn`. */
export async function openCache(
  options: { readonly cache?: string | UnitCache | undefined },
  graphId: string,
  warn: (sentence: string) => void,
): Promise<CachedUnits | undefined> {
  const cache = typeof options.cache === 'string' ? await openUnitCache(options.cache) : options.cache;
  return cache && new CachedUnits(cache, { graphId, warn });
}

/**
 * A cache that has no items longer than an option allows: those are opened, and then skipped with
 * their reason.
 */
export function withinDuration(cache: CachedUnits, maxDuration: number | undefined): UnitSource {
  return {
    get: async (fingerprint, itemId) => {
      const unit = await cache.get(fingerprint, itemId);
      return tooLong(Number(unit?.metadata.seconds), maxDuration) === undefined ? unit : undefined;
    },
    set: (fingerprint, unit) => cache.set(fingerprint, unit),
  };
}
