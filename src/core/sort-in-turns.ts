import { Breather } from './breather.ts';

/** Number of elements sorted at once. */
const RUN = 4096;

/**
 * A sorted copy, like `[...values].sort(compare)`, but other work continues between its steps.
 *
 * @example
 * await sortInTurns(['heat', 'ran'], (left, right) => (left < right ? -1 : 1));
 */
export async function sortInTurns<Value>(
  values: readonly Value[],
  compare: (left: Value, right: Value) => number,
): Promise<Value[]> {
  const breather = new Breather();
  let sorted: Value[][] = [];
  for (let first = 0; first < values.length; first += RUN) {
    sorted.push(values.slice(first, first + RUN).sort(compare));
    if (breather.isDue) await breather.rest();
  }
  while (sorted.length > 1) {
    const merged: Value[][] = [];
    for (let first = 0; first < sorted.length; first += 2) {
      merged.push(await merge(sorted[first] as Value[], sorted[first + 1] ?? [], compare, breather));
    }
    sorted = merged;
  }
  return sorted[0] ?? [];
}

/** Equal elements from the left come first. */
async function merge<Value>(
  left: readonly Value[],
  right: readonly Value[],
  compare: (left: Value, right: Value) => number,
  breather: Breather,
): Promise<Value[]> {
  const merged: Value[] = [];
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const isLeft = r >= right.length || (l < left.length && compare(left[l] as Value, right[r] as Value) <= 0);
    merged.push((isLeft ? left[l++] : right[r++]) as Value);
    if (merged.length % 1024 === 0 && breather.isDue) await breather.rest();
  }
  return merged;
}
