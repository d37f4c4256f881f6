import type { CommitStore } from './commit-store.ts';
import { farDatasetOf } from './far-dataset.ts';

/** The outcome of a finished item. */
export type Outcome = 'committed' | 'dead' | 'skipped';

/**
 * The outcomes so far of the items of a dataset, whichever process finished them; undefined for an
 * unfinished item. Uses only the names of the units' files, without opening any. If an item's file
 * has changed since, the unit of its earlier content counts.
 *
 * @example
 * const outcomeOf = await outcomes(await CommitStore.open('features/'));
 * outcomeOf('heat'); // 'committed'
 */
export async function outcomes(store: CommitStore): Promise<(itemId: string) => Outcome | undefined> {
  const items = await store.items();
  await items.flush();
  const far = farDatasetOf(store.directory);
  if (far !== undefined) {
    await far.refresh();
    await items.flush();
  }
  const isCommitted = await store.hasUnits();
  const dead = new Set((await store.letters()).map(({ letter }) => letter.item));
  return (itemId) => {
    if (dead.has(itemId)) return 'dead';
    if (isCommitted(itemId)) return 'committed';
    return items.get(itemId)?.state === 'skipped' ? 'skipped' : undefined;
  };
}
