import { UsageError } from '../core/errors.ts';
import { isObjectAddress } from '../core/object-address.ts';
import { atDataset } from '../io/objects/at-dataset.ts';
import { checkSharedDirectory, type QueueOptions } from './runners/queue/queue-options.ts';
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
  if (runner === 'bullmq') checkSharedDirectory(address, 'runner');
  return atDataset(address, run, { create: true });
}
