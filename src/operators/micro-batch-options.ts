import { checkFunction, checkInteger, checkPositive, checkString } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import type { Bytes } from './payload.ts';
import type { DuplicateRules } from './recent-elements.ts';

/** When a batch is run, and by what. */
export interface MicroBatchOptions<A, R> {
  /** Names it in metrics and errors. */
  readonly name: string;
  /** The most elements in a batch. */
  readonly maxCount: number;
  /** The most bytes in a batch of more than one element; default no limit. */
  readonly maxBytes?: Bytes | undefined;
  /** Milliseconds the oldest element may wait for the batch to fill. */
  readonly maxDelay: number;
  /** Batches that may be in flight at once; default 1. */
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
   * The result does not refer to the element: let go of the element before its result is emitted.
   * Default false.
   */
  readonly releaseFirst?: boolean | undefined;
  /**
   * Elements equal to a recent one of their pipeline take its result instead of a place in a batch.
   * Needs `releaseFirst`. Default: none do.
   */
  readonly duplicates?: DuplicateRules<A, R> | undefined;
  /** Must give one result per element, in their order. */
  readonly run: (batch: readonly A[]) => Promise<readonly R[]>;
}

/** A batch that has run. */
export interface RanBatch {
  readonly operator: string;
  /** Elements in it. */
  readonly size: number;
  /** Names of the scopes that these were of, and how many of each. */
  readonly scopes: ReadonlyMap<string, number>;
  /** In milliseconds of `performance.now()`. */
  readonly started: number;
  readonly ended: number;
  readonly failed: boolean;
}

/** @throws UsageError when an option is not as described. */
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
