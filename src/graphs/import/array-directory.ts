import { join } from 'node:path';
import { Breather } from '../../core/breather.ts';
import { eachEntry } from '../../io/directory-entries.ts';
import { doublePieces } from '../../models/weights/float-pieces.ts';
import { readWeights, type WeightTensor } from '../../models/weights/weight-file.ts';
import { featureFault } from './feature-fault.ts';
import type { FeatureFile, FeatureFileOptions } from './feature-file.ts';
import { itemIdOf } from './item-id.ts';

const EXTENSION = '.npy';

/** The arrays of a directory that has one for each item, by name; hidden files are none. */
export async function arrayNames(directory: string): Promise<string[]> {
  const names: string[] = [];
  await eachEntry(directory, ({ name }) => {
    if (name.endsWith(EXTENSION) && !name.startsWith('.')) names.push(name);
  });
  return names.sort();
}

/**
 * Opens a directory of NumPy arrays, one file for each item, whose name is the item's id:
 * `[values]` or `[subclips, values]`. One file is held at a time.
 *
 * @throws ModelError `weights` when a file is damaged; UsageError `features` when one is of another
 * shape, or an option names what a directory does not have.
 */
export async function openArrayDirectory(directory: string, options: FeatureFileOptions): Promise<FeatureFile> {
  for (const name of ['id', 'ids', 'subclip', 'column', 'columns'] as const) {
    if (options[name] === undefined) continue;
    throw featureFault(
      directory,
      `is a directory of arrays, one for each item, which have no \`${name}\``,
      'Leave it out: the names of the files are the ids.',
    );
  }
  const names = await arrayNames(directory);
  const breather = new Breather();
  let hasSubclips = false;
  for (const name of names) {
    if (rowsOf(join(directory, name)).count > 1) hasSubclips = true;
    if (breather.isDue) await breather.rest();
  }
  return {
    path: directory,
    streams: [{ name: undefined, columns: undefined }],
    hasSubclips,
    passedOver: [],
    async read(take) {
      for (const name of names) {
        const path = join(directory, name);
        const place = { file: path, unit: 'row', number: 1 } as const;
        const itemId = itemIdOf(name.slice(0, -EXTENSION.length), place, true);
        const { tensor, count, dimension } = rowsOf(path);
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

/** The one array of a file, as rows. @throws UsageError `features` when it has another shape. */
function rowsOf(path: string): { tensor: WeightTensor; count: number; dimension: number } {
  const [tensor] = readWeights(path).tensors.values();
  const [first = 0, second] = tensor?.shape ?? [];
  if (tensor === undefined || tensor.shape.length > 2 || first === 0) {
    throw featureFault(
      path,
      `is an array of [${tensor?.shape.join(', ') ?? ''}], not of [values] or [subclips, values]`,
    );
  }
  return { tensor, count: second === undefined ? 1 : first, dimension: second ?? first };
}
