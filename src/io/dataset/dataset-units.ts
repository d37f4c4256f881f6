import { farDatasetOf } from './far-dataset.ts';
import { partPath } from './layout.ts';
import { LocalUnitFiles, type UnitFiles } from './unit-files.ts';

/** The files of the units of the dataset in a directory. */
export function unitFilesOf(directory: string): UnitFiles {
  return farDatasetOf(directory)?.units ?? new LocalUnitFiles(partPath(directory, 'units'));
}
