import type { FeedBuffers } from './feed-buffers.ts';
import type { BatchFeed, Feeds } from './feeds.ts';

/** Name of the input with the values of all units, one after another. */
export function allOf(name: string): string {
  return `all/${name}`;
}

/** Name of the input with the offsets at which units begin and end, int32 [units + 1]. */
export function offsetsOf(name: string): string {
  return `offsets/${name}`;
}

/** Name of the input with the units' numbers, int32 [units]. */
export const unitsName = 'units';

/** A unit of a private step: its number, which its masks follow from, and its own feeds. */
export interface UnitFeeds {
  readonly unit: number;
  readonly feeds: Feeds;
}

/**
 * The feeds of a private step: those of its units, each a batch of its own, one after another.
 *
 * @param shape feeds of any unit, for the shapes if the step has no units.
 */
export function joinUnits(units: readonly UnitFeeds[], shape: Feeds, buffers: FeedBuffers): Feeds {
  const numbers = Int32Array.from(units, ({ unit }) => unit);
  const joined: Record<string, BatchFeed> = { [unitsName]: { data: numbers, shape: [numbers.length] } };
  for (const [name, { data: first, shape: dimensions }] of Object.entries(shape)) {
    const own = units.map(({ feeds }) => feeds[name] as BatchFeed);
    const width = dimensions.slice(1).reduce((product, size) => product * size, 1);
    const offsets = new Int32Array(units.length + 1);
    for (const [at, feed] of own.entries()) offsets[at + 1] = (offsets[at] as number) + (feed.shape[0] as number);
    const rows = offsets.at(-1) as number;
    const data = first instanceof Int32Array ? buffers.integers(rows * width) : buffers.reals(rows * width);
    for (const [at, feed] of own.entries()) data.set(feed.data, (offsets[at] as number) * width);
    joined[allOf(name)] = { data, shape: [rows, ...dimensions.slice(1)] };
    joined[offsetsOf(name)] = { data: offsets, shape: [offsets.length] };
    for (const feed of own) buffers.give(feed.data.buffer as ArrayBuffer);
  }
  return joined;
}
