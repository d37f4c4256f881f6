import type { ItemShape } from './item-shape.ts';

/** Arrow recommends that buffers start at multiples of 64 bytes, and all of ours do. */
export const ALIGNMENT = 64;

/** Where a buffer is in the body of a record batch, in bytes, without its padding. */
export interface BufferPlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * Where everything is in the body of an item's record batch. It follows only from the shape and the
 * length of the id, so an item is found and read without its metadata.
 */
export interface ItemLayout {
  /** int32[subclips + 1]: where the id of each row begins. */
  readonly idOffsets: BufferPlace;
  /** The id, repeated for each row, in UTF-8. */
  readonly ids: BufferPlace;
  /** int32[subclips]. */
  readonly subclip: BufferPlace;
  /**
   * For each stream, one bit per row that says whether there is a vector, and the vectors:
   * float32[subclips * dimension].
   */
  readonly streams: readonly { readonly validity: BufferPlace; readonly values: BufferPlace }[];
  /** Length of the body, padding included. */
  readonly bodyBytes: number;
}

/** The layout of an item whose id has `idBytes` bytes. */
export function itemLayout(shape: ItemShape, idBytes: number): ItemLayout {
  const { subclips } = shape;
  let end = 0;
  const place = (length: number): BufferPlace => {
    const offset = end;
    end = offset + padded(length);
    return { offset, length };
  };
  return {
    idOffsets: place(4 * (subclips + 1)),
    ids: place(idBytes * subclips),
    subclip: place(4 * subclips),
    streams: shape.streams.map(({ dimension }) => ({
      validity: place(Math.ceil(subclips / 8)),
      values: place(4 * subclips * dimension),
    })),
    bodyBytes: end,
  };
}

/** A length rounded up to include its padding. */
export function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
