import { checkFunction, checkInteger, checkPositive, checkString } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import type { Bytes } from './payload.ts';
import type { DuplicateRules } from './recent-elements.ts';

/** When a batch runs, and what runs it. */
export interface MicroBatchOptions<A, R> {
  /** Name in metrics and errors. */
  readonly name: string;
  /** Maximum number of elements in a batch. */
  readonly maxCount: number;
  /** Maximum bytes in a batch of more than one element; default no limit. */
  readonly maxBytes?: Bytes | undefined;
  /** Milliseconds the oldest element may wait for the batch to fill. */
  readonly maxDelay: number;
  /** Number of batches that may be in flight at once; default 1. */
  readonly maxInFlight?: number | undefined;
  /**
   * Milliseconds a batch may take before the pipelines with elements in it fail with FlowError
   * `timeout`; default no limit.
   */
  readonly timeout?: number | undefined;
  /** Bytes an element that is not a payload keeps alive; default `bytesOf`. */
  readonly cost?: ((value: A) => Bytes) | undefined;
  /** Bytes a result that is not a payload keeps alive; default a fair guess. */
  readonly resultCost?: ((result: R) => Bytes) | undefined;
  /**
   * The result does not refer to the element, which is released before its result is emitted.
   * Default false.
   */
  readonly releaseFirst?: boolean | undefined;
  /**
   * Elements equal to a recent one of their pipeline take its result instead of a place in a batch.
   * Requires `releaseFirst`. Default: duplicates are computed.
   */
  readonly duplicates?: DuplicateRules<A, R> | undefined;
  /** Must return one result per element, in the same order. */
  readonly run: (batch: readonly A[]) => Promise<readonly R[]>;
}

/** A batch that has run. */
export interface RanBatch {
  readonly operator: string;
  /** Number of elements in it. */
  readonly size: number;
  /** Names of the scopes they came from, and how many came from each. */
  readonly scopes: ReadonlyMap<string, number>;
  /** In milliseconds of `performance.now()`. */
  readonly started: number;
  readonly ended: number;
  readonly failed: boolean;
}

/** @throws UsageError if an option is invalid. */
export function checkMicroBatch<A, R>(options: MicroBatchOptions<A, R>): void {
  checkString('name', options.name);
  checkInteger('maxCount', options.maxCount);
  if (options.maxBytes !== undefined) checkInteger('maxBytes', options.maxBytes);
  checkPositive('maxDelay', options.maxDelay, { zero: true });
  if (options.timeout !== undefined) checkPositive('timeout', options.timeout);
  checkFunction('run', options.run);
  const { duplicates } = options;
  if (duplicates === undefined) return;
  if (options.releaseFirst !== true) {
    throw new UsageError('`duplicates` need `releaseFirst`, because their results must not refer to the elements');
  }
  checkInteger('duplicates.recent', duplicates.recent);
  checkInteger('duplicates.resultBytes', duplicates.resultBytes, 0);
  checkInteger('duplicates.unheld', duplicates.maxUnheld ?? 0, 0);
}
