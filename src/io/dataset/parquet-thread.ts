import { Worker } from 'node:worker_threads';
import { damagedTable, reasonOf } from './table-error.ts';

/** What is asked of the thread that reads Parquet. */
export type ParquetRequest = { readonly id: number; readonly path: string } & ParquetQuestion;

type ParquetQuestion =
  | { readonly type: 'facts' }
  | {
      readonly type: 'rows';
      readonly group: number;
      readonly offset: number;
      readonly limit: number;
      readonly columns: readonly string[] | undefined;
    };

/** What the footer of a Parquet file says. */
export interface ParquetFacts {
  /** The schema as an Arrow IPC stream without batches. */
  readonly schema: Uint8Array;
  readonly metadata: readonly (readonly [string, string])[];
  readonly groups: readonly RowGroupFacts[];
}

/** A row group, and the size of each of its leaf columns before compression. */
export interface RowGroupFacts {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly bytes: number; readonly values: number }[];
}

interface Waiting {
  readonly path: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly alarm: NodeJS.Timeout;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A row group takes seconds; only damage can keep the decoder busy for so long. */
const STALL_MILLISECONDS = 300_000;

/**
 * A worker thread with parquet-wasm in it. Damaged files can make that panic or never return: then the thread ends, the
 * request fails with a UsageError `dataset`, and the next request starts a new thread. Starts when first asked.
 */
export class ParquetThread {
  #worker: Worker | undefined;
  #next = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** What the footer of a file says. @throws UsageError `dataset` when it is damaged. */
  async facts(path: string): Promise<ParquetFacts> {
    return (await this.#ask(path, { type: 'facts' })) as ParquetFacts;
  }

  /** Rows of a row group as an Arrow IPC stream. @throws UsageError `dataset` when they are damaged. */
  async rows(
    path: string,
    rows: { readonly group: number; readonly offset: number; readonly limit: number },
    columns: readonly string[] | undefined,
  ): Promise<Uint8Array> {
    return (await this.#ask(path, { type: 'rows', ...rows, columns })) as Uint8Array;
  }

  /** Ends the thread; its memory and its open file go with it. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #ask(path: string, question: ParquetQuestion): Promise<unknown> {
    const worker = this.#worker ?? this.#start();
    this.#next += 1;
    const id = this.#next;
    return new Promise((resolve, reject) => {
      const alarm = setTimeout(() => {
        this.#fail(worker, `reading it made no progress for ${STALL_MILLISECONDS / 1000} s`);
        void worker.terminate();
      }, STALL_MILLISECONDS);
      this.#waiting.set(id, { path, resolve, reject, alarm });
      // An idle thread must not keep the process alive, one that is waited for must.
      worker.ref();
      worker.postMessage({ id, path, ...question } satisfies ParquetRequest);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./parquet-reading-worker.js', import.meta.url));
    worker.on('message', (reply: Reply) => this.#settle(worker, reply));
    worker.on('error', (error) => this.#fail(worker, `the decoder gave up (${reasonOf(error)})`, error));
    worker.on('exit', (code) => this.#fail(worker, `the decoder ended with code ${code}`));
    this.#worker = worker;
    return worker;
  }

  #settle(worker: Worker, { id, value, error }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) worker.unref();
    if (waiting === undefined) return;
    clearTimeout(waiting.alarm);
    if (error === undefined) waiting.resolve(value);
    else waiting.reject(damagedTable(waiting.path, reasonOf(error)));
  }

  #fail(worker: Worker, what: string, cause?: unknown): void {
    if (this.#worker !== worker && this.#worker !== undefined) return;
    this.#worker = undefined;
    for (const { path, reject, alarm } of this.#waiting.values()) {
      clearTimeout(alarm);
      reject(damagedTable(path, what, cause));
    }
    this.#waiting.clear();
  }
}
