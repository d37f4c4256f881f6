import { rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { ReelflowError } from '../core/errors.ts';
import { UnitStreamEncoder } from '../io/dataset/arrow-stream.ts';
import type { CommitStore } from '../io/dataset/commit-store.ts';
import { compact } from '../io/dataset/compact.ts';
import { Fingerprints } from '../io/dataset/content-fingerprint.ts';
import { Dataset } from '../io/dataset/dataset.ts';
import { areTablesOutOfDate, type DatasetDescription, readDatasetFile } from '../io/dataset/dataset-file.ts';
import type { Items } from '../io/dataset/items.ts';
import { partPath } from '../io/dataset/layout.ts';
import { type Outcome, outcomes } from '../io/dataset/outcomes.ts';
import { type ParquetCompression, type ParquetEncoding, parquetCompressions } from '../io/dataset/parquet.ts';
import type { ColumnShape } from '../io/dataset/schema.ts';
import { StreamStore } from '../io/dataset/stream-store.ts';
import type { UnitStore } from '../io/dataset/unit-store.ts';
import type { ContentPlace } from '../io/far/far-content.ts';
import type { Flow } from '../operators/flow.ts';
import { COMMIT } from './dataflow/nodes.ts';
import type { RunSummary } from './run-summary.ts';

/** Where the units of a run go. */
export interface RunOutput {
  readonly store: UnitStore;
  /**
   * The units of a dataset, which can answer more questions than a stream; undefined for a stream.
   */
  readonly commits?: CommitStore | undefined;
  /** What is known about the items, if the output keeps it. */
  readonly items?: Items | undefined;
  /** The items' outcomes so far, if the output keeps them: see `outcomes`. */
  readonly outcomes?: (() => Promise<(itemId: string) => Outcome | undefined>) | undefined;
  /** How many other processes write to the same place. */
  readonly others: number;
  /** SHA-256 of a file's content. @throws as `Fingerprints.of`. */
  readonly fingerprint: (place: ContentPlace, signal: AbortSignal) => Promise<string>;
  /** The same, if known without reading the file. */
  readonly knownFingerprint?: ((place: ContentPlace) => string | undefined) | undefined;
  /** Aborted when nobody reads the units any longer: the run ends, which is not an error. */
  readonly readerGone?: AbortSignal | undefined;
  /**
   * Called after a run that did not fail: it was `whole`, or `interrupted`, or others have yet to
   * finish (`unfinished`), or a driver watches over everything (`driven`). Returns the error that
   * kept the tables from being written, if any: the units are committed all the same, and the run
   * has its summary.
   */
  finish(end: 'whole' | 'interrupted' | 'unfinished' | 'driven'): Promise<ReelflowError | undefined>;
  /** The tables as they now are. */
  tables(): Pick<RunSummary, 'tables' | 'rowTables'>;
  /** Called after any run, failed or not. */
  release(): Promise<void>;
}

/**
 * A dataset in a directory; with `tables` it is compacted at the end, with the given encoding and
 * compression, or those of its existing tables.
 */
export async function datasetOutput(
  directory: string,
  description: DatasetDescription,
  options: {
    readonly tables: boolean;
    readonly encoding?: ParquetEncoding | undefined;
    readonly compression?: ParquetCompression | undefined;
    /** Whether other processes will write the units: the tables are out of date from now on. */
    readonly isDriver?: boolean | undefined;
    readonly say: (sentence: string, about?: { readonly isWarning?: boolean | undefined }) => void;
  },
): Promise<RunOutput> {
  const dataset = await Dataset.open(directory, description);
  const { tables, say } = options;
  let items: Items;
  try {
    if (options.isDriver === true) await dataset.outdate();
    if (dataset.modernised !== undefined) say(dataset.modernised, { isWarning: true });
    items = await dataset.store.items();
  } catch (error) {
    await dataset.release();
    throw error;
  }
  return {
    store: dataset.store,
    commits: dataset.store,
    items,
    outcomes: () => outcomes(dataset.store),
    others: dataset.others,
    fingerprint: (place, signal) => dataset.fingerprint(place, signal),
    knownFingerprint: (place) => dataset.knownFingerprint(place),
    finish: async (end) => {
      if (end === 'unfinished' || end === 'driven') await dataset.leave({ isDriven: end === 'driven' });
      else await dataset.close();
      for (const path of dataset.store.setAside)
        say(`${path}: was damaged and has been set aside; its item is computed again if it is still an input`);
      // With nothing left to do, any remaining claims belong to processes that died.
      if (end === 'whole') await rm(partPath(directory, 'claims'), { recursive: true, force: true });
      if (end !== 'whole' || !tables || !areTablesOutOfDate(directory, options)) return undefined;
      try {
        await compact(directory, storageOf(directory, options));
        return undefined;
      } catch (error) {
        if (error instanceof ReelflowError) return error;
        throw error;
      }
    },
    tables: () => {
      const { tables, rowTables = [] } = readDatasetFile(directory);
      return { tables, rowTables };
    },
    release: () => dataset.release(),
  };
}

/** How the tables will be stored: as requested, or like the dataset's existing tables. */
export function storageOf(
  directory: string,
  wanted: { readonly encoding?: ParquetEncoding | undefined; readonly compression?: ParquetCompression | undefined },
) {
  const { tables, rowTables = [] } = readDatasetFile(directory);
  const table = tables[0] ?? rowTables[0];
  const encoding: ParquetEncoding = table?.encoding === 'byte-stream-split' ? 'byte-stream-split' : 'plain';
  const compression = parquetCompressions.find((each) => each === table?.compression) ?? 'zstd';
  return { encoding: wanted.encoding ?? encoding, compression: wanted.compression ?? compression };
}

/** An Arrow IPC stream; bytes waiting for its reader count against the flow's budget. */
export async function streamOutput(
  stream: Writable,
  description: DatasetDescription,
  { columns, hasSeconds }: { readonly columns: readonly ColumnShape[]; readonly hasSeconds: boolean },
  run: { readonly flow: Flow; readonly signal?: AbortSignal | undefined },
): Promise<RunOutput> {
  const models = JSON.stringify(description.models);
  const encoder = new UnitStreamEncoder(columns, { graph: description.graphId, models }, { hasSeconds });
  const waiting = run.flow.scope('output').reservation(COMMIT);
  const store = new StreamStore(stream, encoder, {
    signal: run.signal,
    onWaiting: (bytes) => (bytes > 0 ? waiting.grow(bytes) : waiting.shrink(-bytes)),
  });
  const fingerprints = await Fingerprints.open();
  const release = () => {
    store.release();
    waiting.free();
  };
  try {
    await store.open();
  } catch (error) {
    if (!store.readerGone.aborted) {
      release();
      throw error;
    }
  }
  return {
    store,
    others: 0,
    fingerprint: (place, signal) => fingerprints.of(place, signal),
    readerGone: store.readerGone,
    finish: async (end) => {
      if (end === 'interrupted' || store.readerGone.aborted) return undefined;
      try {
        await store.end();
      } catch (error) {
        if (!store.readerGone.aborted) throw error;
      }
      return undefined;
    },
    tables: () => ({ tables: [], rowTables: [] }),
    release: async () => release(),
  };
}
