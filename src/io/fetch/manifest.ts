import { join } from 'node:path';
import { replaceFile } from '../../core/atomic-file.ts';
import { csvField } from '../../core/csv-field.ts';
import type { FetchedRecord } from './fetch-record.ts';

/** File name of the manifest in the directory of what was fetched. */
export const MANIFEST = 'manifest.csv';

/**
 * Writes the list of fetched files as the option `manifest` of `extract` takes it, whole or not at
 * all: columns path (relative to the manifest), item_id (the id of the list, by which a trailer
 * list finds its movies), movie_ids (with `|` between).
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
