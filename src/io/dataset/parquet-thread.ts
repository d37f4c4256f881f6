import { Worker } from 'node:worker_threads';
import type { ParquetCompression, ParquetEncoding } from './parquet.ts';

/** A request to the thread of parquet-wasm. */
export type ParquetRequest = { readonly id: number; readonly path: string } & ParquetQuestion;

/** A request about the file at a path. */
export type ParquetQuestion =
  | { readonly type: 'facts' }
  | ({ readonly type: 'rows' } & ParquetRows)
  | { readonly type: 'create'; readonly properties: ParquetProperties }
  | { readonly type: 'write'; readonly bytes: Uint8Array }
  | { readonly type: 'close' }
  | { readonly type: 'abort'; readonly reason: string };

/** Rows of a row group. */
export interface ParquetRows {
  readonly group: number;
  readonly offset: number;
  readonly limit: number;
  readonly columns: readonly string[] | undefined;
}

/** The content of a Parquet file's footer. */
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

/** How to write a file. */
export interface ParquetProperties {
  readonly rowGroupRows: number;
  readonly metadata: string;
  readonly createdBy: string;
  readonly encoding: ParquetEncoding;
  readonly compression: ParquetCompression;
  readonly scalarColumns: readonly string[];
}

/** Thrown when the thread could not fulfil a request. */
export class ParquetFault extends Error {
  /** The code of the operating system's error, if it was one. */
  readonly code: string | undefined;
  /** The operating system's call, if it was one. */
  readonly syscall: string | undefined;
  /** Whether parquet-wasm failed: the thread has ended, and everything open in it is lost. */
  readonly ended: boolean;

  constructor(
    message: string,
    facts: { readonly code?: string | undefined; readonly ended?: boolean | undefined; cause?: unknown },
  ) {
    super(message, { cause: facts.cause });
    this.code = facts.code;
    this.syscall = facts.code === undefined ? undefined : 'write';
    this.ended = facts.ended ?? false;
  }
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly alarm: NodeJS.Timeout;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly code: string | undefined } | undefined;
}

/** A row group takes seconds; only damage can keep the decoder busy for this long. */
const STALL_MILLISECONDS = 300_000;

/**
 * A worker thread with parquet-wasm in it. Damaged files, and types that it cannot write, can make
 * it panic or never return: then the thread ends, pending requests fail with a ParquetFault, and
 * the next request starts a new thread. The thread starts with the first request.
 */
export class ParquetThread {
  /** Maximum memory of parquet-wasm. */
  readonly mostBytes: number;
  #worker: Worker | undefined;
  #next = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** @param mostBytes maximum memory of parquet-wasm, at most 4 GiB */
  constructor(mostBytes: number) {
    this.mostBytes = mostBytes;
  }

  /**
   * Sends a request about a file. `transfer` is handed over to the thread.
   * @throws ParquetFault.
   */
  ask(path: string, question: ParquetQuestion, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    const worker = this.#worker ?? this.#start();
    this.#next += 1;
    const id = this.#next;
    return new Promise((resolve, reject) => {
      const alarm = setTimeout(() => {
        this.#fail(worker, `it made no progress for ${STALL_MILLISECONDS / 1000} s`);
        void worker.terminate();
      }, STALL_MILLISECONDS);
      this.#waiting.set(id, { resolve, reject, alarm });
      // An idle thread must not keep the process alive; one that is being waited for must.
      worker.ref();
      worker.postMessage({ id, path, ...question } satisfies ParquetRequest, [...transfer]);
    });
  }

  /** Ends the thread; this frees its memory and closes its files. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./parquet-worker.js', import.meta.url), {
      workerData: { mostBytes: this.mostBytes },
    });
    worker.on('message', (reply: Reply) => this.#settle(worker, reply));
    worker.on('error', (error) => this.#fail(worker, error instanceof Error ? error.message : String(error), error));
    worker.on('exit', (code) => this.#fail(worker, `its thread ended with code ${code}`));
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
    else waiting.reject(new ParquetFault(error.message, { code: error.code }));
  }

  #fail(worker: Worker, what: string, cause?: unknown): void {
    if (this.#worker !== worker && this.#worker !== undefined) return;
    this.#worker = undefined;
    for (const { reject, alarm } of this.#waiting.values()) {
      clearTimeout(alarm);
      reject(new ParquetFault(what, { ended: true, cause }));
    }
    this.#waiting.clear();
  }
}
