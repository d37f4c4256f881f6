import { DatasetError } from '../core/errors.ts';
import type { UnitTable } from '../io/dataset/schema.ts';
import { isPartial } from '../io/dataset/unit-columns.ts';
import type { UnitStore } from '../io/dataset/unit-store.ts';
import type { VideoGraph } from './dataflow/dataflow.ts';
import { unitKey } from './graph.ts';
import { skipReason } from './item-policy.ts';
import type { RunItems } from './run-items.ts';
import type { LocalRun } from './runners/local.ts';

/** A store whose units can be read. */
interface ReadableStore extends UnitStore {
  read(key: string): Promise<UnitTable>;
}

/**
 * The units of items whose files have been renamed, under the files' new ids: what the values were
 * computed from is the same. Only for `extract`, whose values cannot depend on an item's name; a
 * dataflow of one's own may read it. As in a cache, units of media that decoded only in part are
 * computed again, and those that the policy skips are opened and skipped.
 *
 * @returns undefined if the values may depend on the name.
 */
export function formerUnits(
  { spec, policy }: Pick<VideoGraph, 'spec' | 'policy'>,
  graphId: string,
  { store, items }: { readonly store: ReadableStore; readonly items: Pick<RunItems, 'formerItems' | 'noteTakeOver'> },
): LocalRun<unknown, unknown>['formerUnit'] {
  if (spec.kind !== 'extraction') return undefined;
  return async (fingerprint, itemId) => {
    for (const former of await items.formerItems(fingerprint)) {
      const unit = await readUnit(store, unitKey(graphId, former, fingerprint));
      if (unit === undefined || isPartial(unit.metadata)) continue;
      if (skipReason(Number(unit.metadata.seconds), policy) !== undefined) continue;
      items.noteTakeOver(itemId, former);
      return { ...unit, itemId };
    }
    return undefined;
  };
}

async function readUnit(store: ReadableStore, key: string): Promise<UnitTable | undefined> {
  try {
    return (await store.has(key)) ? await store.read(key) : undefined;
  } catch (error) {
    // Another process may have removed it; a damaged one has been set aside.
    if (error instanceof DatasetError) return undefined;
    throw error;
  }
}
