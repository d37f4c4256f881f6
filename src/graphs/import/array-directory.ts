import { extname, join } from 'node:path';
import { eachEntry } from '../../io/directory-entries.ts';
import { readWeights, type WeightTensor } from '../../models/weights/weight-file.ts';
import { featureFault, listed } from './feature-fault.ts';
import type { FeatureFile, FeatureFileOptions } from './feature-file.ts';
import { openItemArrays } from './item-arrays.ts';
import { pickleDirectoryRemedy } from './other-formats.ts';

const ARRAYS: readonly string[] = ['.npy', '.npz'];
const TABLES: readonly string[] = ['.parquet', '.arrow'];
const PICKLES: readonly string[] = ['.pkl', '.pickle'];

/**
 * Whether a directory has an array for each item, or is a table in parts; hidden files are ignored.
 *
 * @throws UsageError `features` when it is neither.
 */
export async function directoryFormat(directory: string): Promise<'array-directory' | 'table'> {
  const ends = new Set<string>();
  const folders: string[] = [];
  await eachEntry(directory, (entry) => {
    if (entry.name.startsWith('.')) return;
    if (entry.isDirectory()) folders.push(entry.name);
    else ends.add(extname(entry.name).toLowerCase());
  });
  if (ARRAYS.some((end) => ends.has(end))) return 'array-directory';
  if (TABLES.some((end) => ends.has(end)) || folders.some((name) => name.includes('='))) return 'table';
  const there = [...[...ends].map((end) => `*${end}`), ...folders.map((name) => `${name}/`)].sort();
  const pickles = PICKLES.find((end) => ends.has(end));
  throw featureFault(
    directory,
    `has no file of features (${[...ARRAYS, ...TABLES].map((end) => `*${end}`).join(', ')}); it has ${listed(there, String)}`,
    pickles === undefined
      ? 'Name the directory that has the files themselves.'
      : pickleDirectoryRemedy(directory, pickles),
  );
}

/**
 * Opens a directory of NumPy files, one for each item, named after the item's id.
 *
 * @throws ModelError `weights` when a file is damaged; UsageError `features` when one has several
 * arrays; what `openItemArrays` throws.
 */
export async function openArrayDirectory(directory: string, options: FeatureFileOptions): Promise<FeatureFile> {
  const names: string[] = [];
  await eachEntry(directory, ({ name }) => {
    if (ARRAYS.includes(extname(name)) && !name.startsWith('.')) names.push(name);
  });
  const arrays = names.sort().map((name) => {
    const path = join(directory, name);
    return { id: name.slice(0, -extname(name).length), place: path, open: () => onlyArray(path) };
  });
  return openItemArrays(directory, arrays, options);
}

function onlyArray(path: string): WeightTensor {
  const { tensors } = readWeights(path);
  const [tensor] = tensors.values();
  if (tensor !== undefined && tensors.size === 1) return tensor;
  throw featureFault(
    path,
    `has ${tensors.size} arrays, but a directory of items is one stream`,
    'Keep one array in each file, or save all items in one .npz: an array of the ids, and one for each stream.',
  );
}
