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
  /** The record of this element as an original, if the batcher recognises duplicates. */
  readonly original: Original<A, R> | undefined;
  result: { readonly value: R } | undefined;
  /** Bytes of its result, which is held while earlier elements have none. */
  waiting: Bytes | undefined;
}

/** A running batch. */
export interface Batch<A, R> {
  readonly items: readonly BatchItem<A, R>[];
  /** Where bytes are reserved for its results, and how many. */
  readonly instance: OperatorInstance;
  readonly promised: Bytes;
  /** When it began, in milliseconds of `performance.now()`. */
  readonly started: number;
  callOff: (() => void) | undefined;
  /** It timed out: nobody is waiting for it any more. */
  late: boolean;
}

/** One pipeline that shares the batcher. */
export interface BatchInput<A, R> {
  readonly instance: OperatorInstance;
  readonly out: Subscriber<R>;
  /** Its elements whose results have not been emitted, in order. */
  readonly queue: Fifo<BatchItem<A, R> | Duplicate<A, R>>;
  /** Set if the batcher recognises duplicates. */
  readonly duplicates: InputDuplicates<A, R> | undefined;
  ended: boolean;
  stopped: boolean;
}
