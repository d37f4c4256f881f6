import { Breather } from '../../core/breather.ts';
import { doublePieces } from '../../models/weights/float-pieces.ts';
import type { WeightTensor } from '../../models/weights/weight-file.ts';
import { featureFault } from './feature-fault.ts';
import type { FeatureFile, FeatureFileOptions } from './feature-file.ts';
import { itemIdOf } from './row-id.ts';

/** The array of one item. */
export interface ItemArray {
  /** The item's id. */
  readonly id: string;
  /** The file and, in an archive, the array; for messages. */
  readonly place: string;
  /** Opens the array when it is read. */
  readonly open: () => WeightTensor;
}

/**
 * Opens features in which every item has its own array: `[values]` or `[subclips, values]`. Other
 * dimensions of 1, as networks leave them, are ignored. One array is held at a time.
 *
 * @throws UsageError `features` when an array has another shape, or an option does not apply to
 * such arrays; what `open` throws.
 */
export async function openItemArrays(
  path: string,
  arrays: readonly ItemArray[],
  options: FeatureFileOptions,
): Promise<FeatureFile> {
  for (const name of ['id', 'ids', 'subclip', 'column', 'columns'] as const) {
    if (options[name] === undefined) continue;
    throw featureFault(
      path,
      `has an array for each item, and no \`${name}\``,
      'Leave it out: the names of the arrays are the ids.',
    );
  }
  const breather = new Breather();
  let hasSubclips = false;
  for (const array of arrays) {
    if (rowsOf(array).count > 1) hasSubclips = true;
    if (breather.isDue) await breather.rest();
  }
  return {
    path,
    streams: [{ name: undefined, columns: undefined }],
    hasSubclips,
    passedOver: [],
    async read(take) {
      for (const array of arrays) {
        const place = { file: array.place, unit: 'row', number: 1 } as const;
        const itemId = itemIdOf(array.id, place, true);
        const { tensor, count, dimension } = rowsOf(array);
        const values = new Float64Array(count * dimension);
        let filled = 0;
        for (const piece of doublePieces(tensor)) {
          values.set(piece, filled);
          filled += piece.length;
        }
        for (let row = 0; row < count; row++) {
          const vectors = [values.subarray(row * dimension, (row + 1) * dimension)];
          take({ itemId, subclip: hasSubclips ? row : undefined, vectors, place: { ...place, number: row + 1 } });
        }
        if (breather.isDue) await breather.rest();
      }
    },
  };
}

/** An array as rows. @throws UsageError `features` when it has another shape. */
function rowsOf({ place, open }: ItemArray): { tensor: WeightTensor; count: number; dimension: number } {
  const tensor = open();
  const { shape } = tensor;
  const own = shape.length > 2 ? shape.filter((size) => size !== 1) : shape;
  const [first = shape.length > 2 ? 1 : 0, second] = own;
  if (own.length > 2 || first === 0) {
    throw featureFault(
      place,
      `is an array of [${shape.join(', ')}], not of [values] or [subclips, values]`,
      'Save the vectors of each item as such an array.',
    );
  }
  return { tensor, count: second === undefined ? 1 : first, dimension: second ?? first };
}
