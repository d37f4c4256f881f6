import { TopFound } from '../../models/analysis/top-found.ts';
import { UnitRows } from '../../models/analysis/unit-length-rows.ts';

/**
 * An item's mean vector for each stream, of length 1; undefined if it has no such stream, or only
 * zeros in it.
 */
export type Summary = readonly (Float32Array | undefined)[];

/** An item's number, and its mean cosine over the streams that both items have. */
export interface NearItem {
  readonly item: number;
  readonly similarity: number;
}

/** Items that have the same streams, one row each. */
interface Group {
  readonly streams: readonly number[];
  /** The stream that each value of a row belongs to, and its place there. */
  readonly order: { readonly streams: Int32Array; readonly axes: Int32Array };
  readonly rows: UnitRows;
  readonly items: number[];
}

/**
 * Summaries of many items, compared by their mean cosine over the streams that both items have. The
 * vectors of an item are stored interleaved in one row, first the first value of each stream, then
 * the second, and so on: the cosine of two rows is that mean, except for a factor that depends on
 * the number of shared streams. Items must be added in ascending order.
 */
export class ItemDirections {
  readonly #dimensions: readonly number[];
  readonly #groups = new Map<string, Group>();
  readonly #places = new Map<number, { readonly group: Group; readonly row: number }>();

  /** @param dimensions the dimension of each stream. */
  constructor(dimensions: readonly number[]) {
    this.#dimensions = dimensions;
  }

  get bytes(): number {
    return [...this.#groups.values()].reduce((sum, { rows }) => sum + rows.bytes, 0);
  }

  has(item: number): boolean {
    return this.#places.has(item);
  }

  /** Whether an added item shares a stream with a summary. */
  haveCommon(item: number, summary: Summary): boolean {
    return this.#places.get(item)?.group.streams.some((stream) => summary[stream] !== undefined) === true;
  }

  /** Adds an item, unless it has no stream at all. */
  add(item: number, summary: Summary): void {
    const streams = [...summary.keys()].filter((stream) => summary[stream] !== undefined);
    if (streams.length === 0) return;
    const name = streams.join();
    let group = this.#groups.get(name);
    if (group === undefined) {
      const order = this.#orderOf(streams);
      group = { streams, order, rows: new UnitRows(order.axes.length), items: [] };
      this.#groups.set(name, group);
    }
    this.#places.set(item, { group, row: group.rows.count });
    group.rows.add(rowOf(summary, group));
    group.items.push(item);
  }

  /** The summary that was added for an item. */
  summaryOf(item: number): Summary | undefined {
    const place = this.#places.get(item);
    if (place === undefined) return undefined;
    const { group, row } = place;
    const values = group.rows.row(row);
    // A row has length 1, of which each stream has an equal share.
    const length = Math.sqrt(group.streams.length);
    const summary = this.#dimensions.map((dimension, stream) =>
      group.streams.includes(stream) ? new Float32Array(dimension) : undefined,
    );
    const { streams, axes } = group.order;
    for (let at = 0; at < values.length; at++) {
      const vector = summary[streams[at] as number] as Float32Array;
      vector[axes[at] as number] = (values[at] as number) * length;
    }
    return summary;
  }

  /** The `k` items most similar to one; ties by the lower number. */
  async nearest(item: number, summary: Summary, k: number): Promise<NearItem[]> {
    const found: NearItem[] = [];
    const own = this.#places.get(item);
    for (const group of this.#groups.values()) {
      const common = group.streams.filter((stream) => summary[stream] !== undefined).length;
      if (common === 0) continue;
      const without = own?.group === group ? { first: own.row, end: own.row + 1 } : undefined;
      const [near = []] = await group.rows.nearestTo([rowOf(summary, group)], k, without);
      const factor = Math.sqrt(group.streams.length / common);
      for (const { row, similarity } of near)
        found.push({ item: group.items[row] as number, similarity: Math.min(1, similarity * factor) });
    }
    const top = new TopFound<NearItem>(k);
    for (const each of found.sort((one, other) => one.item - other.item)) top.add(each);
    return top.sorted();
  }

  #orderOf(streams: readonly number[]): Group['order'] {
    const order: { readonly stream: number; readonly axis: number }[] = [];
    const longest = Math.max(...streams.map((stream) => this.#dimensions[stream] as number));
    for (let axis = 0; axis < longest; axis++)
      for (const stream of streams) if (axis < (this.#dimensions[stream] as number)) order.push({ stream, axis });
    return {
      streams: Int32Array.from(order, ({ stream }) => stream),
      axes: Int32Array.from(order, ({ axis }) => axis),
    };
  }
}

/** A summary as a row of a group, with zeros for streams that it lacks. */
function rowOf(summary: Summary, { order: { streams, axes } }: Group): Float32Array {
  const row = new Float32Array(axes.length);
  for (let at = 0; at < row.length; at++) row[at] = summary[streams[at] as number]?.[axes[at] as number] ?? 0;
  return row;
}
