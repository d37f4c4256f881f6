import type { Payload } from './payload.ts';

/** A region of memory that one payload owns. */
interface Region {
  readonly start: number;
  readonly end: number;
  readonly owner: Payload;
}

/**
 * Who owns which memory: the regions of each buffer, ascending and never overlapping. A payload
 * with its own buffer has one region; a shared buffer may be divided into thousands. A region
 * outlives its owner's last holder until the memory has a new owner, so that a view somebody kept
 * without holding it is recognised.
 */
const regions = new WeakMap<ArrayBufferLike, Region[]>();

/** Makes a payload the owner of the memory of a view, in place of whoever had it. */
export function claimMemory(view: ArrayBufferView, owner: Payload): void {
  const region = { start: view.byteOffset, end: view.byteOffset + view.byteLength, owner };
  if (region.start === region.end) return;
  const all = regions.get(view.buffer);
  if (all === undefined) {
    regions.set(view.buffer, [region]);
    return;
  }
  const from = firstEndingAfter(all, region.start);
  let to = from;
  while (to < all.length && (all[to] as Region).start < region.end) to++;
  if (to - from === 1) all[from] = region;
  else all.splice(from, to - from, region);
}

/** Ends this payload's ownership of a view's memory. */
export function disclaimMemory(view: ArrayBufferView, owner: Payload): void {
  const all = regions.get(view.buffer);
  if (all === undefined) return;
  const at = firstEndingAfter(all, view.byteOffset);
  if (all[at]?.owner === owner) all.splice(at, 1);
}

/**
 * Calls `visit` with each payload that owns some of the memory of a view or a buffer. For a buffer
 * that was transferred away, whose views are empty, that is everyone who had a part of it.
 */
export function visitOwners(memory: ArrayBufferView | ArrayBufferLike, visit: (owner: Payload) => void): void {
  const view = ArrayBuffer.isView(memory) ? memory : undefined;
  const buffer = view?.buffer ?? (memory as ArrayBufferLike);
  const all = regions.get(buffer);
  if (all === undefined) return;
  if (view === undefined || buffer.byteLength === 0) {
    for (const { owner } of all) visit(owner);
    return;
  }
  const start = view.byteOffset;
  const end = start + view.byteLength;
  for (let at = firstEndingAfter(all, start); at < all.length; at++) {
    const region = all[at] as Region;
    if (region.start >= end) return;
    visit(region.owner);
  }
}

/** Position of the first region that ends after an offset. */
function firstEndingAfter(all: readonly Region[], offset: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((all[middle] as Region).end > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
