import { UsageError } from '../core/errors.ts';
import { atDataset } from '../io/objects/at-dataset.ts';
import { isObjectAddress } from '../io/objects/object-address.ts';
import type { ShardOptions } from './runners/shard.ts';

/**
 * Runs into the dataset at an address, which need not be there yet: its directory, or `s3://`.
 *
 * @throws UsageError `object-store` for what is only done on a file system.
 *
 * @example
 * await intoDataset('s3://films/features', options, (directory) => run(directory));
 */
export function intoDataset<T>(
  address: string,
  { steal }: ShardOptions,
  run: (directory: string) => Promise<T>,
): Promise<T> {
  if (steal === true && isObjectAddress(address)) {
    throw new UsageError('`steal` works only where the dataset is in a directory', {
      code: 'object-store',
      option: 'steal',
      remedy: 'Leave it out, and start a shard that died again.',
    });
  }
  return atDataset(address, run, { create: true });
}
