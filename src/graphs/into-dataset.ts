import { UsageError } from '../core/errors.ts';
import { isObjectAddress } from '../core/object-address.ts';
import { atDataset } from '../io/objects/at-dataset.ts';
import type { QueueOptions } from './runners/queue/queue-options.ts';
import type { ShardOptions } from './runners/shard.ts';

/**
 * Runs into the dataset at an address, a directory or `s3://`, which need not exist yet.
 *
 * @throws UsageError `object-store` for options that work only on a file system.
 *
 * @example
 * await intoDataset('s3://films/features', {}, async (directory) => compact(directory));
 */
export function intoDataset<T>(
  address: string,
  { steal, runner }: ShardOptions & QueueOptions,
  run: (directory: string) => Promise<T>,
): Promise<T> {
  if (steal === true && isObjectAddress(address)) {
    throw new UsageError('`steal` works only where the dataset is in a directory', {
      code: 'object-store',
      option: 'steal',
      remedy: 'Leave it out, and start a shard that died again.',
    });
  }
  if (runner !== undefined && isObjectAddress(address)) {
    throw new UsageError('the workers of a queue write to a dataset in a directory, which all of them see', {
      code: 'object-store',
      option: 'runner',
      remedy: "Name a directory that all machines share, or use `shard: 'auto'`.",
    });
  }
  return atDataset(address, run, { create: true });
}
