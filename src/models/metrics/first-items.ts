/** Whether one item is listed before another. */
type Before = (one: number, other: number) => boolean;

/**
 * The first `k` of some items in order, best first; a heap of k items, so the others are never
 * sorted.
 *
 * @param before - a total order: of two different items, one is before the other.
 */
export function firstItems(items: Int32Array, k: number, before: Before): Int32Array {
  const heap = items.slice(0, k);
  const { length } = heap;
  for (let index = (length >> 1) - 1; index >= 0; index--) sink(heap, index, length, before);
  for (let index = length; index < items.length; index++) {
    const item = items[index] as number;
    if (!before(item, heap[0] as number)) continue;
    heap[0] = item;
    sink(heap, 0, length, before);
  }
  return heap.sort((one, other) => (before(one, other) ? -1 : 1));
}

/** Moves an item down until those below it are all before it: the worst is at the top. */
function sink(heap: Int32Array, from: number, length: number, before: Before): void {
  const item = heap[from] as number;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    if (child + 1 < length && before(heap[child] as number, heap[child + 1] as number)) child++;
    if (!before(item, heap[child] as number)) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = item;
}
