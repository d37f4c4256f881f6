import { FlowError, UsageError } from '../../core/errors.ts';
import { fitExact } from '../../models/pca/exact.ts';
import type { Pca } from '../../models/pca/fitted-pca.ts';
import { IncrementalPca } from '../../models/pca/incremental.ts';
import { Moments } from '../../models/pca/moments.ts';
import type { Fit } from './reduce-options.ts';

/**
 * Some rows of vectors: `rows * dimension` values, of which those in rows that are not `valid` are
 * meaningless.
 */
export interface VectorRows {
  readonly values: Float32Array;
  readonly valid: Uint8Array;
  readonly rows: number;
}

/** Vectors to fit to, in a fixed order. */
export interface VectorSource {
  /** Name for messages. */
  readonly name: string;
  batches(): AsyncIterable<VectorRows & { readonly dimension: number }>;
}

/**
 * Fits a PCA to the vectors of a source; rows without a vector are left out. Memory: what the
 * algorithm holds, plus one batch.
 *
 * @throws UsageError when there are too few rows, or they do not fit each other; FlowError
 *   `aborted`.
 */
export async function fitPca(source: VectorSource, how: Fit, signal: AbortSignal | undefined): Promise<Pca> {
  let moments: Moments | undefined;
  const incremental =
    how.algorithm === 'incremental' && 'components' in how
      ? new IncrementalPca({ components: how.components })
      : undefined;
  let rows = 0;
  for await (const batch of source.batches()) {
    checkAborted(signal);
    const { values, count } = validOnly(batch);
    if (count === 0) continue;
    rows += count;
    if (incremental !== undefined) await incremental.add(values, count);
    else {
      moments ??= new Moments(batch.dimension);
      await moments.add(values, count);
    }
  }
  if (rows < 2) {
    throw new UsageError(`${source.name} has ${rows} vectors, but a PCA needs at least 2`, {
      remedy: 'Extract more items, or more subclips of each.',
    });
  }
  if (incremental !== undefined) return incremental.finish();
  return fitExact(moments as Moments, how);
}

/** Only the vectors, without the rows that have none; a view if all rows have one. */
export function validOnly(batch: VectorRows & { readonly dimension: number }): { values: Float32Array; count: number } {
  const { values, valid, rows, dimension } = batch;
  const count = valid.reduce((sum, flag) => sum + flag, 0);
  if (count === rows) return { values, count };
  const kept = new Float32Array(count * dimension);
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    if (valid[row] === 0) continue;
    kept.set(values.subarray(row * dimension, (row + 1) * dimension), at);
    at += dimension;
  }
  return { values: kept, count };
}

/** The inverse of `validOnly`: values for all rows, with zeros where a row has no vector. */
export function spread(kept: Float32Array, valid: Uint8Array, dimension: number): Float32Array {
  if (kept.length === valid.length * dimension) return kept;
  const values = new Float32Array(valid.length * dimension);
  let at = 0;
  for (const [row, flag] of valid.entries()) {
    if (flag === 0) continue;
    values.set(kept.subarray(at, at + dimension), row * dimension);
    at += dimension;
  }
  return values;
}

/** @throws FlowError `aborted` once the signal is aborted. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new FlowError('aborted', 'the reduction was stopped', { cause: signal.reason });
}
