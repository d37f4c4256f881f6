import { isObjectAddress } from '../../core/object-address.ts';
import { renamedError } from '../../core/renamed-error.ts';
import { openS3Store } from './s3-store.ts';
import { WorkingCopy } from './working-copy.ts';

/** A dataset in use. */
export interface DatasetPlace {
  /** Its directory, or the working copy of it. */
  readonly directory: string;
  /** Rewords an error of the library for the caller who named the address. */
  speaking(error: unknown): unknown;
  close(): Promise<void>;
}

/**
 * Opens the place to work on the dataset at an address: its directory, or a working copy of a
 * dataset in an object store.
 *
 * @param options.create whether there may be no dataset yet.
 * @throws UsageError for an invalid address, or one without a dataset; SystemError `object-store`.
 */
export async function openDatasetPlace(
  address: string,
  options: { readonly create?: boolean | undefined } = {},
): Promise<DatasetPlace> {
  if (!isObjectAddress(address)) {
    return { directory: address, speaking: (error) => error, close: async () => {} };
  }
  const copy = await WorkingCopy.open(await openS3Store(address), options);
  return {
    directory: copy.directory,
    speaking: (error) => renamedError(error, copy.directory, address.replace(/\/+$/, '')),
    close: () => copy.close(),
  };
}

/**
 * Works on the dataset at an address: see `openDatasetPlace`.
 *
 * @example
 * await atDataset('s3://films/features', (directory) => compact(directory));
 */
export async function atDataset<T>(
  address: string,
  work: (directory: string) => Promise<T>,
  options: { readonly create?: boolean | undefined } = {},
): Promise<T> {
  const place = await openDatasetPlace(address, options);
  let done: T;
  try {
    done = await work(place.directory);
  } catch (error) {
    // An error of closing is either caused by the failure or less important.
    await place.close().catch(() => undefined);
    throw place.speaking(error);
  }
  await place.close();
  return done;
}
