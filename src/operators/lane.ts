import type { Subscriber } from 'rxjs';
import type { Original } from './duplicates.ts';
import type { Fifo } from './fifo.ts';
import type { Duplicate, LaneDuplicates } from './lane-duplicates.ts';
import type { Station } from './ledger.ts';
import type { Bytes } from './payload.ts';

/** An element on its way through a batcher. */
export interface Item<A, R> {
  readonly value: A;
  readonly bytes: Bytes;
  readonly lane: Lane<A, R>;
  /** What this element is the first of, where duplicates are looked for. */
  readonly original: Original<A, R> | undefined;
  result: { readonly value: R } | undefined;
  /** Bytes of its result, which is held while it waits for its elders. */
  waiting: Bytes | undefined;
}

/** A batch that runs. */
export interface Batch<A, R> {
  readonly items: readonly Item<A, R>[];
  /** Where bytes are reserved for its results, and how many. */
  readonly station: Station;
  readonly promised: Bytes;
  timer: NodeJS.Timeout | undefined;
  /** Its time was up: nobody waits for it any more. */
  late: boolean;
}

/** One pipeline that shares the batcher. */
export interface Lane<A, R> {
  readonly station: Station;
  readonly out: Subscriber<R>;
  /** Its elements without an emitted result, in order. */
  readonly line: Fifo<Item<A, R> | Duplicate<A, R>>;
  /** Where duplicates are looked for. */
  readonly duplicates: LaneDuplicates<A, R> | undefined;
  ended: boolean;
  stopped: boolean;
}
