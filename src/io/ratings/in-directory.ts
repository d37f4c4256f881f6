import { stat } from 'node:fs/promises';
import { UsageError } from '../../core/errors.ts';
import { isObjectAddress, refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';

/**
 * Whether ratings are in a directory, as opposed to a file or a table in an object store.
 * @throws UsageError `ratings` when nothing has that name.
 */
export async function areInDirectory(ratings: string): Promise<boolean> {
  if (isObjectAddress(ratings)) return false;
  refuseAddress(ratings);
  try {
    return (await stat(ratings)).isDirectory();
  } catch (error) {
    throw new UsageError(`${ratings} cannot be read: ${wordsOf(error)}`, { code: 'ratings', cause: error });
  }
}
