import type { Writable } from 'node:stream';
import { UnitStreamEncoder } from '../io/dataset/arrow-stream.ts';
import { compact } from '../io/dataset/compact.ts';
import { Dataset } from '../io/dataset/dataset.ts';
import { type DatasetDescription, readDatasetFile } from '../io/dataset/dataset-file.ts';
import { contentFingerprint } from '../io/dataset/fingerprint.ts';
import type { ColumnShape } from '../io/dataset/schema.ts';
import { StreamStore } from '../io/dataset/stream-store.ts';
import type { Flow } from '../operators/flow.ts';
import { OPERATORS } from './extraction-nodes.ts';
import type { RunTally } from './run-tally.ts';
import type { UnitStore } from './runners/local.ts';

/** Where the units of an extraction go. */
export interface ExtractionOutput {
  readonly store: UnitStore;
  /** SHA-256 of a file's content. @throws MediaError `unreadable`. */
  readonly fingerprint: (path: string) => Promise<string>;
  /** Aborted when nobody takes the units any more: the run ends, and that is no error. */
  readonly readerGone?: AbortSignal;
  /** After a run that did not fail. `whole` says that it was not interrupted. */
  finish(tally: RunTally, whole: boolean): Promise<void>;
  /** After any run. */
  release(): void;
}

/** A dataset in a directory; with `tables` it is compacted at the end. */
export async function datasetOutput(
  directory: string,
  description: DatasetDescription,
  tables: boolean,
): Promise<ExtractionOutput> {
  const dataset = await Dataset.open(directory, description);
  return {
    store: dataset.store,
    fingerprint: (path) => dataset.fingerprint(path),
    finish: async (tally, whole) => {
      await dataset.close();
      if (whole && tables && isOutOfDate(directory, tally)) await compact(directory, { current: tally.keys });
    },
    release: () => {},
  };
}

/** Whether the tables lack a committed unit: of this run, or of one that ended before it compacted. */
function isOutOfDate(directory: string, tally: RunTally): boolean {
  const { counts, tables } = readDatasetFile(directory);
  if (counts.videos === 0) return false;
  return tally.committed > 0 || tables.length === 0 || tables.some((table) => table.items !== counts.videos);
}

/** An Arrow IPC stream; bytes that wait for its reader count against the flow's budget. */
export async function streamOutput(
  stream: Writable,
  description: DatasetDescription,
  columns: readonly ColumnShape[],
  run: { readonly flow: Flow; readonly signal?: AbortSignal | undefined },
): Promise<ExtractionOutput> {
  const models = JSON.stringify(description.models);
  const encoder = new UnitStreamEncoder(columns, { graph: description.graphId, models });
  const waiting = run.flow.scope('output').holder(OPERATORS.commit);
  const store = new StreamStore(stream, encoder, {
    signal: run.signal,
    onWaiting: (bytes) => (bytes > 0 ? waiting.add(bytes) : waiting.remove(-bytes)),
  });
  const release = () => {
    store.release();
    waiting.close();
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
    fingerprint: contentFingerprint,
    readerGone: store.readerGone,
    finish: async (_, whole) => {
      if (!whole || store.readerGone.aborted) return;
      try {
        await store.end();
      } catch (error) {
        if (!store.readerGone.aborted) throw error;
      }
    },
    release,
  };
}
