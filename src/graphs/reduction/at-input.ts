import { basename } from 'node:path';
import { isObjectAddress } from '../../core/object-address.ts';
import { datasetFilePath } from '../../io/dataset/dataset-file.ts';
import { nearTable } from '../../io/dataset/far-table.ts';
import { atDataset } from '../../io/objects/at-dataset.ts';
import { openS3Store } from '../../io/objects/s3-store.ts';

/**
 * Works on the input of a reduction: on its path, or, where it lies in an object store, on a
 * working copy of a dataset, or on one copy of a table that goes afterwards.
 *
 * @param signal aborted: no more of a table is copied.
 * @throws what `work` throws, about the address instead of the copy; UsageError `dataset` when
 * there is neither; SystemError `object-store`, `disk-full`.
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
