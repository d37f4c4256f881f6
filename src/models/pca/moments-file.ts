import { ModelError } from '../../core/errors.ts';
import { floatTensor, floatValues, readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import { Moments } from './moments.ts';
import { SymmetricTiles } from './symmetric-tiles.ts';

const format = 'reelflow-moments-1';
const dimensionLimit = 65_536;

/**
 * Moments as bytes (safetensors: `shift`, `sum`, and the tiles of one triangle of the products), to
 * send to another process or to keep. Waiting rows are computed first. The same moments give the
 * same bytes. Memory: the bytes, as much again as the moments.
 */
export async function encodeMoments(moments: Moments): Promise<Uint8Array> {
  await moments.settle();
  const { count, shift, sum, products } = moments.values;
  const tiles = products.tiles.map((tile, index) => [tileName(index), floatTensor(tile, [tile.length])] as const);
  return writeSafetensors(
    {
      shift: floatTensor(shift, [shift.length]),
      sum: floatTensor(sum, [sum.length]),
      ...Object.fromEntries(tiles),
    },
    { format, count: String(count), dimension: String(moments.dimension) },
  );
}

/**
 * The moments of `encodeMoments`.
 *
 * @throws ModelError `weights` or `shape` if the bytes are anything else, or contain NaN or
 * infinity.
 */
export function decodeMoments(bytes: Uint8Array): Moments {
  const file = readSafetensors(bytes);
  const { metadata } = file;
  const [count, dimension] = [Number(metadata.count), Number(metadata.dimension)];
  const valid =
    Number.isSafeInteger(count) &&
    count >= 0 &&
    Number.isInteger(dimension) &&
    dimension >= 1 &&
    dimension <= dimensionLimit;
  // The bytes must exist before memory is allocated for a claimed dimension.
  if (metadata.format !== format || !valid || bytes.byteLength < 4 * dimension ** 2) {
    throw new ModelError(
      'weights',
      `these are not the moments of ${metadata.count} rows of ${metadata.dimension} values`,
      {
        remedy: 'Check that the file is complete and was written by this version.',
      },
    );
  }
  const products = new SymmetricTiles(dimension);
  for (const [index, tile] of products.tiles.entries()) {
    tile.set(floatValues(file, tileName(index), 'F64', [tile.length]));
  }
  const shift = floatValues(file, 'shift', 'F64', [dimension]);
  const sum = floatValues(file, 'sum', 'F64', [dimension]);
  return Moments.of({ count, shift, sum, products });
}

function tileName(index: number): string {
  return `products.${String(index).padStart(5, '0')}`;
}
