import { readdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  createOnce,
  isTemporary,
  makeDirectory,
  removeIfThere,
  removeStaleTemporaries,
  temporaryPath,
} from '../../core/atomic-file.ts';
import { checkString } from '../../core/check.ts';
import { closeAll } from '../../core/close-all.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import type { ContentPlace } from '../far/far-content.ts';
import { CommitStore } from './commit-store.ts';
import { Fingerprints } from './content-fingerprint.ts';
import {
  checkDirectory,
  type DatasetCounts,
  type DatasetDescription,
  type DatasetFile,
  datasetFilePath,
  readDatasetFile,
  updateDatasetFile,
} from './dataset-file.ts';
import type { ItemFacts } from './item-facts.ts';
import { itemBatches, writeItems } from './items-file.ts';
import { itemsNow } from './items-now.ts';
import { modernise, partPath, underDatasetLock } from './layout.ts';
import { withoutCard } from './provenance.ts';
import { softwareVersion } from './software.ts';
import { NOTHING, UnitTally } from './unit-tally.ts';

/** The end of the name of the temporary file that marks a dataset as open. */
const MARK = '~open';
/**
 * A feature dataset open for writing: its commit store, and the content hashes of its inputs. Any
 * number of processes may have it open, as long as they run the same graph.
 *
 * @example
 * declare const made: DatasetDescription;
 * declare const table: UnitTable;
 * const dataset = await Dataset.open('features/', made);
 * await dataset.store.commit('ab'.repeat(32), table);
 * await dataset.close();
 */
export class Dataset {
  readonly directory: string;
  readonly store: CommitStore;
  /**
   * How many other processes had it open for writing when it was opened, judging by the marks that
   * they leave.
   */
  readonly others: number;
  /** A message if it had version 1 and was converted to the current names. */
  readonly modernised: string | undefined;
  readonly #fingerprints: Fingerprints;
  readonly #mark: string;

  private constructor(
    directory: string,
    store: CommitStore,
    fingerprints: Fingerprints,
    opened: { readonly mark: string; readonly others: number; readonly modernised: string | undefined },
  ) {
    this.directory = directory;
    this.store = store;
    this.others = opened.others;
    this.modernised = opened.modernised;
    this.#fingerprints = fingerprints;
    this.#mark = opened.mark;
  }

  /**
   * Opens the dataset of a graph in a directory, which is created if it is missing.
   *
   * @throws UsageError `dataset` when the directory holds another graph's dataset (both ids and
   * what differs are in the message) or other files.
   */
  static async open(directory: string, description: DatasetDescription): Promise<Dataset> {
    checkString('directory', directory);
    checkString('graphId', description.graphId);
    if (!checkDirectory(directory, description)) {
      await makeDirectory(directory);
      const file = fileOf(description, NOTHING, []);
      await createOnce(datasetFilePath(directory), Buffer.from(`${JSON.stringify(file, null, 2)}\n`));
      // Another process may have been first, with another graph.
      checkDirectory(directory, description);
    }
    const modernised = await modernise(directory);
    await keepSpec(directory, description);
    const metadata = { graph: description.graphId, models: JSON.stringify(description.models.map(withoutCard)) };
    await removeStaleTemporaries(directory);
    const processes = await underDatasetLock(directory, () => markOpen(directory));
    // If several processes created it remotely at the same time, one was first.
    checkDirectory(directory, description);
    try {
      const store = await CommitStore.open(directory, { metadata });
      const fingerprints = await Fingerprints.open(partPath(directory, 'fingerprints'));
      return new Dataset(directory, store, fingerprints, { ...processes, modernised });
    } catch (error) {
      await removeIfThere(processes.mark);
      throw error;
    }
  }

  /**
   * SHA-256 of a file's content, remembered in the dataset.
   * @throws what `Fingerprints.of` throws.
   */
  fingerprint(path: string, signal?: AbortSignal): Promise<string>;
  /** @internal */
  fingerprint(place: ContentPlace, signal?: AbortSignal): Promise<string>;
  fingerprint(place: ContentPlace, signal?: AbortSignal): Promise<string> {
    return this.#fingerprints.of(place, signal);
  }

  /** What `fingerprint` would return without reading the file, if it is remembered. */
  knownFingerprint(path: string): string | undefined;
  /** @internal */
  knownFingerprint(place: ContentPlace): string | undefined;
  knownFingerprint(place: ContentPlace): string | undefined {
    return this.#fingerprints.known(place);
  }

  /** Closes its files and removes the mark that it is open here. `close` does this too. */
  release(): Promise<void> {
    return closeAll(
      () => this.store.closeItems(),
      () => removeIfThere(this.#mark),
    );
  }

  /**
   * Writes the table of items if it has changed, and updates the counts in `_dataset.json` to the
   * current state. Damaged units are set aside, see `CommitStore.facts`. Even if this fails, the
   * dataset is no longer open afterwards.
   */
  async close(): Promise<void> {
    await closeAll(
      () => this.#writeItems(),
      () => this.release(),
    );
  }

  async #writeItems(): Promise<void> {
    const items = await this.store.itemsInUse();
    await items?.flush();
    await updateDatasetFile(this.directory, async (file, assertHeld) => {
      if (items?.isUnwritten) {
        // Other processes keep appending to the journal and remember the places of its lines. The
        // lines of a process that left before this check are in it, and no process can join while
        // the lock is held.
        const isAlone = (await openElsewhere(this.directory, this.#mark)) === 0;
        await items.flush();
        await writeItemsNow(this.store, assertHeld);
        if (isAlone) await items.forgetJournal();
      }
      return { ...file, ...(await countDataset(this.store, 'aside')) };
    });
  }

  /**
   * Used instead of `close` by a process that leaves others to finish: what it recorded about the
   * items is put on disk, and the tables are marked as out of date, unless a driver has already
   * done so (`isDriven`). Its cost does not grow with the dataset. If one step fails, the others
   * are still done.
   */
  async leave({ isDriven = false }: { readonly isDriven?: boolean | undefined } = {}): Promise<void> {
    await closeAll(
      async () => (await this.store.items()).flush(),
      async () => isDriven || (await this.outdate()),
      () => this.release(),
    );
  }

  /** Marks the tables as out of date, whatever happens to the units. */
  async outdate(): Promise<void> {
    if (readDatasetFile(this.directory).contents === undefined) return;
    await updateDatasetFile(this.directory, async ({ contents: _outdated, ...file }) => file);
  }

  /** Closes it at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Stores how the graph can be made again, if the dataset lacks this because it is older or its
 * graph was inline.
 */
async function keepSpec(directory: string, { spec }: DatasetDescription): Promise<void> {
  const kindOf = (value: unknown) => (value as { readonly kind?: string | undefined } | undefined)?.kind ?? 'inline';
  const says = (file: DatasetFile) =>
    file.spec !== undefined && (kindOf(file.spec) !== 'inline' || kindOf(spec) === 'inline');
  if (spec === undefined || says(readDatasetFile(directory))) return;
  await updateDatasetFile(directory, async (file) => (says(file) ? undefined : { ...file, spec }));
}

/**
 * Marks a dataset as open in this process, by a temporary file: those of dead processes are removed
 * like all temporary files.
 */
async function markOpen(directory: string): Promise<{ mark: string; others: number }> {
  const others = await openElsewhere(directory);
  const mark = `${temporaryPath(directory)}${MARK}`;
  await writeFile(mark, '').catch((error: unknown) => {
    throw directoryFailure(directory, error);
  });
  return { mark, others };
}

/** How many processes have marked a dataset as open, not counting this one. */
async function openElsewhere(directory: string, own?: string): Promise<number> {
  const marks = (await readdir(directory)).filter((name) => isTemporary(name) && name.endsWith(MARK));
  return marks.filter((name) => own === undefined || name !== basename(own)).length;
}

/** Rewrites the table of items from what is known about them and what exists. */
export async function writeItemsNow(
  store: CommitStore,
  assertHeld: () => Promise<void>,
  isKept: (item: ItemFacts) => boolean = () => true,
): Promise<void> {
  const items = await store.items();
  const kept = async function* () {
    for await (const item of itemsNow(store, 'aside')) if (isKept(item)) yield item;
  };
  await writeItems(partPath(store.directory, 'items'), itemBatches(kept(), items.moreColumns), assertHeld);
}

/** The counts and hash of a dataset's current units for `_dataset.json`. */
export async function countDataset(
  store: CommitStore,
  damaged: 'throw' | 'aside',
): Promise<{ counts: DatasetCounts; contents: string; software: string }> {
  const tally = new UnitTally();
  // In the order of keys, so that any order of work gives bit-identical sums.
  await store.eachCurrentUnit(damaged, (unit) => tally.add(unit));
  const { counts, contents } = tally.end(await store.countLetters());
  return { counts, contents, software: softwareVersion() };
}

function fileOf(description: DatasetDescription, counts: DatasetCounts, tables: DatasetFile['tables']): DatasetFile {
  return {
    format: 'reelflow-dataset',
    formatVersion: 2,
    software: softwareVersion(),
    ...description,
    counts,
    tables,
  };
}
