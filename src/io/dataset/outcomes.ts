import type { CommitStore } from './commit-store.ts';
import { farDatasetOf } from './far-dataset.ts';

/** The outcome of a finished item. */
export type Outcome = 'committed' | 'dead' | 'skipped';

/**
 * What has become of the items of a dataset by now, whichever process did it; undefined for one
 * that is not finished. By the names of the files that units have: none is opened. Of an item whose
 * file has changed since, the unit of what it was counts.
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
