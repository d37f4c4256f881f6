import { join } from 'node:path';
import { replaceFile } from '../../core/atomic-file.ts';
import { csvField } from '../../core/csv-field.ts';
import type { FetchedRecord } from './fetch-record.ts';

/** File name of the manifest in the directory of fetched files. */
export const MANIFEST = 'manifest.csv';

/**
 * Writes the list of fetched files in the form of `extract`'s option `manifest`, whole or not at
 * all. Columns: path (relative to the manifest), item_id (the id in the list, by which a trailer
 * list finds its movies), movie_ids (separated by `|`).
 *
 * @returns the manifest's path.
 * @throws SystemError `disk-full`.
 */
export async function writeManifest(directory: string, records: readonly FetchedRecord[]): Promise<string> {
  const lines = records.map(({ file, id, movieIds }) => [file, id, movieIds.join('|')].map(csvField).join(','));
  const path = join(directory, MANIFEST);
  await replaceFile(path, `${['path,item_id,movie_ids', ...lines].join('\n')}\n`);
  return path;
}
