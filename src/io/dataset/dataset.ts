import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createOnce,
  isTemporary,
  makeDirectory,
  removeIfThere,
  removeStaleTemporaries,
  temporaryPath,
} from '../../core/atomic-file.ts';
import { Breather } from '../../core/breather.ts';
import { checkString } from '../../core/check.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { CommitStore } from './commit-store.ts';
import {
  checkDirectory,
  type DatasetCounts,
  type DatasetDescription,
  type DatasetFile,
  datasetFilePath,
  updateDatasetFile,
} from './dataset-file.ts';
import { Fingerprints } from './fingerprint.ts';
import { withoutCard } from './provenance.ts';
import { softwareVersion } from './software.ts';
import type { PlannedUnit } from './table-plan.ts';

/** How the temporary file's name ends that marks a dataset as open. */
const MARK = '~open';
const NOTHING: DatasetCounts = {
  videos: 0,
  frames: 0,
  patches: 0,
  videoSeconds: 0,
  partial: 0,
  dead: 0,
  without: {},
};

/**
 * A feature dataset open for writing: its commit store, and the content hashes of its inputs. Any number of processes
 * may have it open, as long as they run the same graph.
 *
 * @example
 * const dataset = await Dataset.open('features/', { graphId, name: 'extraction', params, models });
 * await dataset.store.commit(key, table);
 * await dataset.close();
 */
export class Dataset {
  readonly directory: string;
  readonly store: CommitStore;
  /** How many other processes had it open for writing when it was opened, as far as the marks tell that they leave. */
  readonly others: number;
  readonly #fingerprints: Fingerprints;
  readonly #mark: string;

  private constructor(
    directory: string,
    store: CommitStore,
    fingerprints: Fingerprints,
    processes: { readonly mark: string; readonly others: number },
  ) {
    this.directory = directory;
    this.store = store;
    this.others = processes.others;
    this.#fingerprints = fingerprints;
    this.#mark = processes.mark;
  }

  /**
   * Opens the dataset of a graph in a directory, which is made if it is missing.
   *
   * @throws UsageError `dataset` when the directory holds another graph's dataset (both ids and what differs are in the
   * message) or other files.
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
    const metadata = { graph: description.graphId, models: JSON.stringify(description.models.map(withoutCard)) };
    await removeStaleTemporaries(directory);
    const processes = await markOpen(directory);
    try {
      const store = await CommitStore.open(directory, { metadata });
      const fingerprints = await Fingerprints.open(join(directory, 'fingerprints.txt'));
      return new Dataset(directory, store, fingerprints, processes);
    } catch (error) {
      await removeIfThere(processes.mark);
      throw error;
    }
  }

  /** SHA-256 of a file's content, remembered in the dataset. @throws MediaError `unreadable`; FlowError `aborted`. */
  fingerprint(path: string, signal?: AbortSignal): Promise<string> {
    return this.#fingerprints.of(path, signal);
  }

  /** Takes away the mark that it is open here. `close` does so too. */
  release(): Promise<void> {
    return removeIfThere(this.#mark);
  }

  /** Brings the counts in `dataset.json` up to date, as they are at that moment. Damaged units are set aside, see `CommitStore.facts`. */
  async close(): Promise<void> {
    await this.release();
    await updateDatasetFile(this.directory, async (file) => ({
      ...file,
      ...(await countDataset(this.store, 'aside')).counted,
    }));
  }
}

/** Marks a dataset as open in this process, by a temporary file: those of dead processes are removed as all temporaries are. */
async function markOpen(directory: string): Promise<{ mark: string; others: number }> {
  const others = (await readdir(directory)).filter((name) => isTemporary(name) && name.endsWith(MARK)).length;
  const mark = `${temporaryPath(directory)}${MARK}`;
  await writeFile(mark, '').catch((error: unknown) => {
    throw directoryFailure(directory, error);
  });
  return { mark, others };
}

/** The units of a dataset that are current, and what of them stands in `dataset.json`. */
export async function countDataset(
  store: CommitStore,
  damaged: 'throw' | 'aside',
): Promise<{
  readonly units: readonly PlannedUnit[];
  readonly counted: Required<Pick<DatasetFile, 'counts' | 'contents' | 'software'>>;
}> {
  const units = await store.currentUnits(damaged);
  const counts = await countUnits(units, await store.countLetters());
  return { units, counted: { counts, contents: await contentsOf(units), software: softwareVersion() } };
}

/** What a set of units is known by, given by key. */
export async function contentsOf(units: readonly PlannedUnit[]): Promise<string> {
  const hash = createHash('sha256');
  const breather = new Breather();
  for (const { key } of units) {
    hash.update(key);
    if (breather.isDue) await breather.rest();
  }
  return hash.digest('hex');
}

/**
 * Counts units that are given in ascending order of their keys, so that any order of work gives the same sums to the
 * last bit.
 */
async function countUnits(units: Iterable<PlannedUnit>, dead: number): Promise<DatasetCounts> {
  const breather = new Breather();
  const counts = { ...NOTHING, dead };
  const having = new Map<string, number>();
  for (const { facts } of units) {
    if (breather.isDue) await breather.rest();
    counts.videos += 1;
    counts.frames += facts.frames;
    counts.patches += facts.patches;
    counts.videoSeconds += facts.seconds;
    counts.partial += facts.partial ? 1 : 0;
    for (const { stream } of facts.columns) having.set(stream, having.get(stream) ?? 0);
    for (const stream of new Set(facts.columns.filter((column) => column.vectors > 0).map(({ stream }) => stream))) {
      having.set(stream, (having.get(stream) ?? 0) + 1);
    }
  }
  const without = [...having].sort(([left], [right]) => (left < right ? -1 : 1));
  return { ...counts, without: Object.fromEntries(without.map(([stream, units]) => [stream, counts.videos - units])) };
}

function fileOf(description: DatasetDescription, counts: DatasetCounts, tables: DatasetFile['tables']): DatasetFile {
  return {
    format: 'reelflow-dataset',
    formatVersion: 1,
    software: softwareVersion(),
    ...description,
    counts,
    tables,
  };
}
