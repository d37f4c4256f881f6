import { checkInteger, checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkStreamName } from './schema.ts';

/**
 * The shape that all items of a training store share: the same number of subclips, and the same
 * streams with the same dimensions.
 */
export interface ItemShape {
  /** Rows per item. */
  readonly subclips: number;
  /** Its vector columns, in the order of the file. */
  readonly streams: readonly { readonly name: string; readonly dimension: number }[];
}

/** The features of one item. */
export interface Item {
  readonly itemId: string;
  /**
   * For each stream, `subclips * dimension` float32 values, row-major; undefined if the item has no
   * such stream (no sound).
   */
  readonly vectors: Readonly<Record<string, Float32Array | undefined>>;
}

/** An item is read in one call, whose length is a 32-bit integer. */
const MAX_ITEM_BYTES = 2 ** 30;

/**
 * Checks that a store can have this shape.
 *
 * @throws UsageError when the number of subclips or a dimension is not a positive integer, there is
 * no stream, a name cannot be a column's or occurs twice, or an item would have more than 1 GiB.
 */
export function checkItemShape(shape: ItemShape): ItemShape {
  const subclips = checkInteger('shape.subclips', shape?.subclips);
  if (!Array.isArray(shape.streams) || shape.streams.length === 0) {
    throw new UsageError(`\`shape.streams\` must list at least one stream, but is ${shown(shape.streams)}`);
  }
  const streams = shape.streams.map(({ name, dimension }) => {
    checkStreamName(checkString('name', name));
    return { name, dimension: checkInteger(`dimension of ${name}`, dimension) };
  });
  const names = new Set(streams.map(({ name }) => name));
  if (names.size < streams.length) throw new UsageError('`shape.streams` must not have two streams of one name');
  const bytes = streams.reduce((sum, { dimension }) => sum + 4 * subclips * dimension, 0);
  if (bytes > MAX_ITEM_BYTES) {
    throw new UsageError(`an item must have at most ${MAX_ITEM_BYTES} bytes, but ${bytes} are asked for`);
  }
  return { subclips, streams };
}

/**
 * Checks that an item has the shape: it has all its subclips, and all vectors of each stream or
 * none.
 *
 * @throws UsageError `item` when the id is missing, a stream is unknown, no stream has vectors, or
 * vectors are not exactly subclips * dimension finite floats.
 */
export function checkItem(shape: ItemShape, item: Item): Item {
  const { itemId, vectors } = item;
  if (/\p{Surrogate}/u.test(checkString('itemId', itemId))) throw itemFault(itemId, 'its id is not valid Unicode');
  const { subclips, streams } = shape;
  const unknown = Object.keys(vectors).find((name) => !streams.some((stream) => stream.name === name));
  if (unknown !== undefined) throw itemFault(itemId, `the store has no stream '${unknown}'`);
  if (streams.every(({ name }) => vectors[name] === undefined)) throw itemFault(itemId, 'it has no vectors at all');
  for (const { name, dimension } of streams) {
    const values = vectors[name];
    if (values === undefined) continue;
    if (!(values instanceof Float32Array) || values.length !== subclips * dimension) {
      const size = `${subclips} x ${dimension} = ${subclips * dimension} floats`;
      const what = values instanceof Float32Array ? `${values.length} floats` : shown(values);
      throw itemFault(itemId, `'${name}' must be ${size}, but is ${what}`);
    }
    const place = values.findIndex((value) => !Number.isFinite(value));
    if (place >= 0) {
      const where = `subclip ${Math.floor(place / dimension)}, component ${place % dimension}`;
      throw itemFault(itemId, `'${name}' must have finite floats, but has ${values[place]} in ${where}`);
    }
  }
  return item;
}

/** The error for an item that cannot go into a store. */
export function itemFault(itemId: string, what: string): UsageError {
  return new UsageError(`item '${itemId}' cannot go into the store: ${what}`, {
    code: 'item',
    remedy: 'Every item must have the same number of subclips, and all vectors of each stream or none.',
  });
}
