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

/** How the temporary file's name ends that marks a dataset as open. */
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
   * How many other processes had it open for writing when it was opened, as far as the marks tell
   * that they leave.
   */
  readonly others: number;
  /** What there is to tell where it was of version 1 and has been given today's names. */
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
   * Opens the dataset of a graph in a directory, which is made if it is missing.
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
    // Of several that have made it at once, far away, one was first.
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
   * @throws as `Fingerprints.of`.
   */
  fingerprint(path: string, signal?: AbortSignal): Promise<string>;
  /** @internal */
  fingerprint(place: ContentPlace, signal?: AbortSignal): Promise<string>;
  fingerprint(place: ContentPlace, signal?: AbortSignal): Promise<string> {
    return this.#fingerprints.of(place, signal);
  }

  /** What `fingerprint` would give without reading the file, where it is remembered. */
  knownFingerprint(path: string): string | undefined;
  /** @internal */
  knownFingerprint(place: ContentPlace): string | undefined;
  knownFingerprint(place: ContentPlace): string | undefined {
    return this.#fingerprints.known(place);
  }

  /** Closes its files and takes away the mark that it is open here. `close` does so too. */
  release(): Promise<void> {
    return closeAll(
      () => this.store.closeItems(),
      () => removeIfThere(this.#mark),
    );
  }

  /**
   * Writes the table of items where it has changed, and brings the counts in `_dataset.json` up to
   * date, as they are at that moment. Damaged units are set aside, see `CommitStore.facts`.
   * Whatever fails, it is no longer open afterwards.
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
        // What others note continues: they have the places of its lines. Whoever has left before
        // this look has its lines there; nobody comes while the lock is held.
        const isAlone = (await openElsewhere(this.directory, this.#mark)) === 0;
        await items.flush();
        await writeItemsNow(this.store, assertHeld);
        if (isAlone) await items.forgetJournal();
      }
      return { ...file, ...(await countDataset(this.store, 'aside')) };
    });
  }

  /**
   * Instead of `close`, for a process that leaves others to finish: what it noted of the items is
   * on disk, and the tables are said to be out of date, unless a driver has said so before
   * (`isDriven`). Its cost does not grow with the dataset. Whatever fails, the rest is done.
   */
  async leave({ isDriven = false }: { readonly isDriven?: boolean | undefined } = {}): Promise<void> {
    await closeAll(
      async () => (await this.store.items()).flush(),
      async () => isDriven || (await this.outdate()),
      () => this.release(),
    );
  }

  /** Says that the tables are out of date, whatever becomes of the units. */
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
 * Keeps how the graph is made again, where the dataset does not tell it: it is older, or its graph
 * was written inline.
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
 * as all temporaries are.
 */
async function markOpen(directory: string): Promise<{ mark: string; others: number }> {
  const others = await openElsewhere(directory);
  const mark = `${temporaryPath(directory)}${MARK}`;
  await writeFile(mark, '').catch((error: unknown) => {
    throw directoryFailure(directory, error);
  });
  return { mark, others };
}

/** How many processes have marked a dataset as open, this one aside. */
async function openElsewhere(directory: string, own?: string): Promise<number> {
  const marks = (await readdir(directory)).filter((name) => isTemporary(name) && name.endsWith(MARK));
  return marks.filter((name) => own === undefined || name !== basename(own)).length;
}

/** Writes the table of items again from what is known and what is there. */
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

/** What stands in `_dataset.json` of the units of a dataset that are current. */
export async function countDataset(
  store: CommitStore,
  damaged: 'throw' | 'aside',
): Promise<{ counts: DatasetCounts; contents: string; software: string }> {
  const tally = new UnitTally();
  // By key, so that any order of work gives the same sums to the last bit.
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
