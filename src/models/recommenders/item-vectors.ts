import { checkInteger, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';

/**
 * One vector for each item number, for recommenders that read content as fixed vectors.
 */
export interface ItemVectors {
  /** float32[items x dimension], row-major; zeros for an item without content. */
  readonly vectors: Float32Array;
  readonly dimension: number;
}

/** @throws UsageError when they are not whole vectors of finite numbers. */
export function checkVectors({ vectors, dimension }: ItemVectors): void {
  checkInteger('dimension', dimension);
  if (!(vectors instanceof Float32Array) || vectors.length % dimension !== 0) {
    throw new UsageError(
      `\`vectors\` must be a Float32Array of ${dimension} values for each item, but is ${shown(vectors)}`,
    );
  }
  const bad = vectors.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new UsageError(`\`vectors\`[${bad}] must be a finite number, but is ${vectors[bad]}`);
}

/** @throws UsageError when there are not as many vectors as items. */
export function checkVectorCount({ vectors, dimension }: ItemVectors, itemCount: number): void {
  if (vectors.length === itemCount * dimension) return;
  throw new UsageError(
    `\`vectors\` must have a vector for each of ${itemCount} items, but has ${vectors.length / dimension}`,
  );
}

/** The vectors scaled to length 1; zero vectors stay zero. */
export function unitVectors({ vectors, dimension }: ItemVectors): Float32Array {
  const units = Float32Array.from(vectors);
  for (let start = 0; start < units.length; start += dimension) {
    let squares = 0;
    for (let at = start; at < start + dimension; at++) squares += (units[at] as number) ** 2;
    if (squares === 0) continue;
    const factor = 1 / Math.sqrt(squares);
    for (let at = start; at < start + dimension; at++) units[at] = (units[at] as number) * factor;
  }
  return units;
}

/** The product of the vectors that begin at these places. */
export function dot(
  left: Float32Array | Float64Array,
  from: number,
  right: Float32Array | Float64Array,
  to: number,
  length: number,
): number {
  let sum = 0;
  for (let at = 0; at < length; at++) sum += (left[from + at] as number) * (right[to + at] as number);
  return sum;
}
