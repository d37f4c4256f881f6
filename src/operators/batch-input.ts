import type { Subscriber } from 'rxjs';
import type { Fifo } from './fifo.ts';
import type { Duplicate, InputDuplicates } from './input-duplicates.ts';
import type { OperatorInstance } from './memory-pool.ts';
import type { Bytes } from './payload.ts';
import type { Original } from './recent-elements.ts';

/** An element on its way through a batcher. */
export interface BatchItem<A, R> {
  readonly value: A;
  readonly bytes: Bytes;
  readonly input: BatchInput<A, R>;
  /** What this element is the first of, where duplicates are looked for. */
  readonly original: Original<A, R> | undefined;
  result: { readonly value: R } | undefined;
  /** Bytes of its result, which is held while it waits for its elders. */
  waiting: Bytes | undefined;
}

/** A batch that runs. */
export interface Batch<A, R> {
  readonly items: readonly BatchItem<A, R>[];
  /** Where bytes are reserved for its results, and how many. */
  readonly instance: OperatorInstance;
  readonly promised: Bytes;
  /** When it began, in milliseconds of `performance.now()`. */
  readonly started: number;
  callOff: (() => void) | undefined;
  /** Its time was up: nobody waits for it any more. */
  late: boolean;
}

/** One pipeline that shares the batcher. */
export interface BatchInput<A, R> {
  readonly instance: OperatorInstance;
  readonly out: Subscriber<R>;
  /** Its elements without an emitted result, in order. */
  readonly queue: Fifo<BatchItem<A, R> | Duplicate<A, R>>;
  /** Where duplicates are looked for. */
  readonly duplicates: InputDuplicates<A, R> | undefined;
  ended: boolean;
  stopped: boolean;
}
