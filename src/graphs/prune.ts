import { existsSync } from 'node:fs';
import { DatasetError, UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { CachedUnits } from '../io/cache/cached-units.ts';
import { openUnitCache } from '../io/cache/open-cache.ts';
import type { UnitCache } from '../io/cache/unit-cache.ts';
import { CommitStore } from '../io/dataset/commit-store.ts';
import { compact } from '../io/dataset/compact.ts';
import { Dataset } from '../io/dataset/dataset.ts';
import { areTablesOutOfDate, readDatasetFile } from '../io/dataset/dataset-file.ts';
import type { ItemFacts } from '../io/dataset/item-facts.ts';
import { itemsNow } from '../io/dataset/items-now.ts';
import { atDataset } from '../io/objects/at-dataset.ts';
import { listener } from './listener.ts';
import { storageOf } from './output.ts';

/** What to remove from a dataset. */
export interface PruneOptions {
  /** Removes these items, inputs or not, instead of those that are no longer inputs. */
  readonly remove?: readonly string[] | undefined;
  /** Only reports what would be removed. */
  readonly dryRun?: boolean | undefined;
  /**
   * A cache whose entries for these items are removed too: an address that `openUnitCache` accepts,
   * or a cache of your own.
   */
  readonly cache?: string | UnitCache | undefined;
  /** Sentences a person should read. */
  readonly onMessage?: ((message: string, about?: { readonly isWarning?: boolean | undefined }) => void) | undefined;
}

/** What was, or would be, removed. */
export interface PruneSummary {
  readonly items: readonly { readonly item: string; readonly path: string | undefined }[];
  readonly units: number;
  readonly letters: number;
  /** Cache entries whose removal was requested. */
  readonly cacheEntries: number;
  /** Whether the tables were written again. */
  readonly tablesWritten: boolean;
}

const known: KnownOptions<PruneOptions> = { remove: true, dryRun: true, cache: true, onMessage: true };

/**
 * Removes items from a dataset: their units (of any content), their dead letters, and their rows in
 * the tables and in the table of items. May be killed at any point; the next call does the rest.
 *
 * @throws UsageError `dataset` when the directory is not a dataset, or has no item with a given id;
 * DatasetError `in-use` while a run works on it.
 *
 * @example
 * const { items } = await prune('features/', { dryRun: true });
 */
export async function prune(directory: string, options: PruneOptions = {}): Promise<PruneSummary> {
  checkKnownOptions('prune', options, known);
  return atDataset(directory, (at) => pruneAt(at, options));
}

async function pruneAt(directory: string, options: PruneOptions): Promise<PruneSummary> {
  const file = readDatasetFile(directory);
  const say = listener('onMessage', options.onMessage);
  if (options.dryRun) {
    const items = await chosen(directory, await CommitStore.open(directory, { readOnly: true }), options.remove);
    warnOfFiles(items, say);
    return { items: items.map(named), units: 0, letters: 0, cacheEntries: 0, tablesWritten: false };
  }
  const dataset = await Dataset.open(directory, file);
  try {
    if (dataset.modernised !== undefined) say(dataset.modernised, { isWarning: true });
    if (dataset.others > 0) {
      throw new DatasetError('in-use', `${directory} is being worked on by ${dataset.others} other process(es)`, {
        remedy: 'Run it again after they have ended.',
      });
    }
    const items = await chosen(directory, dataset.store, options.remove);
    const done = { units: 0, letters: 0, cacheEntries: await forgetCached(items, file.graphId, options, say) };
    const known = await dataset.store.items();
    for (const { id } of items) {
      const removed = await dataset.store.remove(id);
      done.units += removed.units;
      done.letters += removed.letters;
      known.forget(id);
    }
    await dataset.close();
    warnOfFiles(items, say);
    const tablesWritten = file.tables.length > 0 && areTablesOutOfDate(directory);
    if (tablesWritten) await compact(directory, storageOf(directory, {}));
    return { items: items.map(named), ...done, tablesWritten };
  } finally {
    await dataset.release();
  }
}

/** A file that still exists comes back with the next run over it. */
function warnOfFiles(items: readonly ItemFacts[], say: (text: string, about: { isWarning: boolean }) => void): void {
  for (const { id, path, state } of items) {
    if (state === 'gone' || path === undefined || !existsSync(path)) continue;
    say(`the file of '${id}' is still there (${path}): the next run over it brings it back`, { isWarning: true });
  }
}

const named = ({ id, path }: ItemFacts) => ({ item: id, path });

async function chosen(
  directory: string,
  store: CommitStore,
  remove: readonly string[] | undefined,
): Promise<ItemFacts[]> {
  const items: ItemFacts[] = [];
  const wanted = new Set(remove);
  for await (const item of itemsNow(store, 'aside')) {
    if (remove === undefined ? item.state === 'gone' : wanted.delete(item.id)) items.push(item);
  }
  if (wanted.size > 0) {
    throw new UsageError(`${directory} has no item '${[...wanted].join("', '")}'`, {
      code: 'dataset',
      option: 'remove',
      remedy: `\`datasetItems('${directory}')\` lists what it has.`,
    });
  }
  return items;
}

/** For the content that an item's file has now, or had last. @returns for how many items. */
async function forgetCached(
  items: readonly ItemFacts[],
  graphId: string,
  { cache: given }: PruneOptions,
  warn: (sentence: string) => void,
): Promise<number> {
  const cache = typeof given === 'string' ? await openUnitCache(given) : given;
  if (cache === undefined) return 0;
  const units = new CachedUnits(cache, { graphId, warn });
  try {
    const known = items.flatMap(({ hash, id }) => (hash === undefined ? [] : [{ hash, id }]));
    for (const { hash, id } of known) await units.remove(hash, id);
    return known.length;
  } finally {
    if (typeof given === 'string') await units.close();
  }
}
