import { farDatasetOf } from './far-dataset.ts';
import { partPath } from './layout.ts';
import { LocalUnitFiles, type UnitFiles } from './unit-files.ts';

/** Where the units of the dataset of a directory are. */
export function unitFilesOf(directory: string): UnitFiles {
  return farDatasetOf(directory)?.units ?? new LocalUnitFiles(partPath(directory, 'units'));
}
