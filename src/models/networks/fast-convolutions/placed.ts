import type { GraphWriter } from './graph-writer.ts';

/**
 * The memory layout of an activation with the places of a picture first: [rows, N * channels], with
 * the same place of all pictures in one row.
 */
export interface Placement {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** The row of each place, from left to right and from top to bottom. */
  readonly places: readonly number[];
  /** Number of rows, some of which may belong to no place. */
  readonly rows: number;
  /** The row of zeros, if there is one. */
  readonly zero?: number | undefined;
}

/** A tensor in that layout. */
export interface Placed extends Placement {
  readonly tensor: string;
}

/** [N, channels, height, width] with the places first. */
export function toPlaced(writer: GraphWriter, tensor: string, shape: readonly number[]): Placed {
  const [, channels, height, width] = shape as [number, number, number, number];
  const rows = height * width;
  const flat = writer.reshape(tensor, [-1, rows]);
  const turned = writer.append('Transpose', [flat], { perm: [1, 0] });
  return { tensor: turned, channels, height, width, rows, places: Array.from({ length: rows }, (_, place) => place) };
}

/** The same with the pictures first, under the given name. */
export function fromPlaced(writer: GraphWriter, placed: Placed, output: string): void {
  const { channels, height, width, places, rows } = placed;
  const isInOrder = rows === places.length && places.every((row, place) => row === place);
  const ordered = isInOrder ? placed.tensor : gathered(writer, placed.tensor, [places.length], places);
  const turned = writer.append('Transpose', [ordered], { perm: [1, 0] });
  writer.reshape(turned, [-1, channels, height, width], output);
}

/** The same with a row of zeros. */
export function withZero(writer: GraphWriter, placed: Placed): Placed & { readonly zero: number } {
  const { zero, rows } = placed;
  if (zero !== undefined) return { ...placed, zero };
  const pads = writer.integers([4], [0, 0, 1, 0]);
  return { ...placed, tensor: writer.append('Pad', [placed.tensor, pads]), rows: rows + 1, zero: rows };
}

/**
 * The rows of a tensor in the given order; `shape` is that of the axes that replace the row axis.
 */
export function gathered(
  writer: GraphWriter,
  tensor: string,
  shape: readonly number[],
  rows: readonly number[],
): string {
  return writer.append('Gather', [tensor, writer.integers(shape, rows)], { axis: 0 });
}
