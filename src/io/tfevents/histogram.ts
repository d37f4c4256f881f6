import { doubleField, doublesField, type Pieces } from '../../core/protobuf-writer.ts';

const bucketCount = 30;

/** The distribution of values. */
export interface Histogram {
  readonly minimum: number;
  readonly maximum: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /**
   * Upper end of each bucket, ascending; the first bucket is empty and ends where the second
   * starts.
   */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/**
 * The distribution of values in 30 buckets of equal width from the lowest to the highest (for equal
 * values, one unit around them). Values that are not finite are left out.
 */
export function histogramOf(values: Float32Array): Histogram {
  let [minimum, maximum, count, sum, sumOfSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
    count++;
    sum += value;
    sumOfSquares += value * value;
  }
  if (count === 0) return { minimum: 0, maximum: 0, count, sum, sumOfSquares, limits: [0], counts: [0] };
  const [first, last] = minimum < maximum ? [minimum, maximum] : aroundOne(minimum);
  const width = (last - first) / bucketCount;
  const limits = Array.from({ length: bucketCount + 1 }, (_, bucket) => first + bucket * width);
  limits[bucketCount] = last;
  const counts = new Array<number>(bucketCount + 1).fill(0);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const bucket = 1 + Math.min(bucketCount - 1, Math.max(0, Math.floor((value - first) / width)));
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  return { minimum, maximum, count, sum, sumOfSquares, limits, counts };
}

/** A `HistogramProto`. */
export function encodeHistogram(histogram: Histogram): Pieces {
  const { minimum, maximum, count, sum, sumOfSquares, limits, counts } = histogram;
  const totals = [minimum, maximum, count, sum, sumOfSquares].flatMap((value, index) => doubleField(index + 1, value));
  return [...totals, ...doublesField(6, limits), ...doublesField(7, counts)];
}

/**
 * The ends of the buckets around equal values: one unit wide, or wide enough for float64 to
 * distinguish 30 buckets.
 */
function aroundOne(value: number): [number, number] {
  const half = Math.max(0.5, Math.abs(value) * 1e-12);
  return [value - half, value + half];
}
