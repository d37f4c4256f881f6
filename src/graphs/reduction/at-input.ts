import { basename } from 'node:path';
import { isObjectAddress } from '../../core/object-address.ts';
import { datasetFilePath } from '../../io/dataset/dataset-file.ts';
import { nearTable } from '../../io/dataset/far-table.ts';
import { atDataset } from '../../io/objects/at-dataset.ts';
import { openS3Store } from '../../io/objects/s3-store.ts';

/**
 * Runs `work` on the input of a reduction: on its path, or, if it is in an object store, on a
 * working copy of the dataset or on a temporary copy of the table.
 *
 * @param signal stops the copying of a table when it is aborted.
 * @throws what `work` throws, naming the address instead of the copy; UsageError `dataset` if there
 * is neither a dataset nor a table; SystemError `object-store`, `disk-full`.
 */
export async function atInput<T>(
  input: string,
  signal: AbortSignal | undefined,
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (isObjectAddress(input) && (await isFarDataset(input, signal))) return atDataset(input, work);
  const copy = await nearTable(input, signal);
  try {
    return await work(copy.path);
  } catch (error) {
    throw copy.speaking(error);
  } finally {
    await copy.remove();
  }
}

async function isFarDataset(address: string, signal: AbortSignal | undefined): Promise<boolean> {
  const store = await openS3Store(address);
  try {
    return (await store.head(basename(datasetFilePath(address)), { signal })) !== undefined;
  } finally {
    store.close();
  }
}
