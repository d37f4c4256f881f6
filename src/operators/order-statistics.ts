/** Buckets of the histogram that narrows a selection down. */
const BUCKETS = 256;
/** Below this many values insertion sort is faster than another partition. */
const INSERTION_SORT_LENGTH = 12;

/**
 * Exact medians of many short columns: a histogram between the minimum and the maximum finds the
 * bucket that contains the middle, and selection (Hoare's FIND, 1961) runs only inside that bucket.
 * O(n) on average for each column, with hardly a mispredicted branch. An even number of values
 * gives the mean of the middle two. Values must be finite. One object keeps the working memory for
 * its columns; the values given are not reordered.
 */
export class MedianSelector {
  readonly #histogram = new Int32Array(BUCKETS + 1);
  #buckets = new Uint16Array(0);
  #candidates = new Float32Array(0);

  /** Bytes of working memory for columns of `length` values. */
  static byteLength(length: number): number {
    return (BUCKETS + 1) * 4 + length * 2 + (length + 1) * 4;
  }

  /** The median of `values[from]` to `values[from + length - 1]`. */
  median(values: Float32Array, from: number, length: number): number {
    let least = values[from] as number;
    let greatest = least;
    for (let index = from + 1; index < from + length; index += 1) {
      const value = values[index] as number;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    return this.#select(values, from, length, least, greatest);
  }

  /**
   * Replaces the values by their distances |value - centre| (float32) and returns the median of
   * those.
   */
  medianDistance(values: Float32Array, from: number, length: number, centre: number): number {
    let greatest = 0;
    for (let index = from; index < from + length; index += 1) {
      const distance = Math.fround(Math.abs((values[index] as number) - centre));
      values[index] = distance;
      if (distance > greatest) greatest = distance;
    }
    return this.#select(values, from, length, 0, greatest);
  }

  /** `least` and `greatest` are bounds of the values. */
  #select(values: Float32Array, from: number, length: number, least: number, greatest: number): number {
    if (least === greatest) return least;
    const scale = BUCKETS / (greatest - least);
    if (this.#buckets.length < length) {
      this.#buckets = new Uint16Array(length);
      this.#candidates = new Float32Array(length + 1);
    }
    const lower = (length - 1) >> 1;
    const upper = length >> 1;
    const buckets = this.#buckets;
    const histogram = this.#histogram;
    histogram.fill(0);
    for (let index = 0; index < length; index += 1) {
      const bucket = (((values[from + index] as number) - least) * scale) | 0;
      buckets[index] = bucket;
      histogram[bucket] = (histogram[bucket] as number) + 1;
    }
    let below = 0;
    let first = 0;
    while (below + (histogram[first] as number) <= lower) {
      below += histogram[first] as number;
      first += 1;
    }
    let last = first;
    let upTo = below + (histogram[first] as number);
    while (upTo <= upper) {
      last += 1;
      upTo += histogram[last] as number;
    }
    if (first === 0 && mostlyEqual(values, from, length, least, upper)) return least;

    const candidates = this.#candidates;
    let count = 0;
    for (let index = 0; index < length; index += 1) {
      // Always written, kept only if the index advances: no branch to mispredict.
      candidates[count] = values[from + index] as number;
      const bucket = buckets[index] as number;
      count += Number(bucket >= first) & Number(bucket <= last);
    }
    const above = select(candidates, count, upper - below);
    if (lower === upper) return above;
    let beneath = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < upper - below; index += 1) {
      if ((candidates[index] as number) > beneath) beneath = candidates[index] as number;
    }
    return (beneath + above) / 2;
  }
}

/**
 * Whether more than `upper` values equal the minimum, as is usual after a ReLU, where most values
 * are 0.
 */
function mostlyEqual(values: Float32Array, from: number, length: number, least: number, upper: number): boolean {
  let equal = 0;
  for (let index = from; index < from + length; index += 1) equal += Number(values[index] === least);
  return equal > upper;
}

/**
 * Hoare's FIND: reorders so that `values[rank]` is the value of that rank, with nothing greater
 * before it.
 */
function select(values: Float32Array, length: number, rank: number): number {
  let low = 0;
  let high = length - 1;
  while (high > low) {
    if (high - low < INSERTION_SORT_LENGTH) {
      insertionSort(values, low, high);
      break;
    }
    const pivot = middleOfThree(values[low] as number, values[(low + high) >> 1] as number, values[high] as number);
    let left = low;
    let right = high;
    while (left <= right) {
      while ((values[left] as number) < pivot) left += 1;
      while ((values[right] as number) > pivot) right -= 1;
      if (left <= right) {
        const swapped = values[left] as number;
        values[left] = values[right] as number;
        values[right] = swapped;
        left += 1;
        right -= 1;
      }
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else break;
  }
  return values[rank] as number;
}

function insertionSort(values: Float32Array, low: number, high: number): void {
  for (let index = low + 1; index <= high; index += 1) {
    const value = values[index] as number;
    let slot = index - 1;
    while (slot >= low && (values[slot] as number) > value) {
      values[slot + 1] = values[slot] as number;
      slot -= 1;
    }
    values[slot + 1] = value;
  }
}

function middleOfThree(first: number, second: number, third: number): number {
  return Math.max(Math.min(first, second), Math.min(Math.max(first, second), third));
}
