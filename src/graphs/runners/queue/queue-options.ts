import { checkOneOf } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import { isObjectAddress, refuseAddress } from '../../../core/object-address.ts';
import { queueAddress } from '../../../io/queue/queue-address.ts';
import type { GraphSpec } from '../../spec/graph-spec.ts';
import type { ShardOptions } from '../shard.ts';

/** Who computes the items of a run. */
export const runnerNames = ['local', 'bullmq'] as const;

/** Where the items of a run are computed. */
export interface QueueOptions {
  /**
   * `local` (default): in this process. `bullmq`: by the workers of a queue (`runWorker`), which
   * this call fills and watches until the dataset says that everything is done, without computing
   * anything itself.
   */
  readonly runner?: (typeof runnerNames)[number] | undefined;
  /**
   * For `bullmq`, the server that the queue is on: `redis://`, `rediss://` or `postgres://`. BullMQ
   * and the package that connects to the server must be installed beside reelflow.
   */
  readonly queue?: string | undefined;
}

/**
 * Checks the place of a dataset that the workers of a queue write to.
 * @throws UsageError `object-store` for an address, naming the option.
 */
export function checkSharedDirectory(address: string, option: 'runner' | 'out'): void {
  if (isObjectAddress(address)) {
    throw new UsageError(
      `'${address}' is in an object store, but the workers of a queue write to a directory that all of them see`,
      {
        code: 'object-store',
        option,
        remedy: 'Name a directory that all machines share, or run shards of `extract` instead of a queue.',
      },
    );
  }
  refuseAddress(address);
}

/**
 * Checks the queue options of a run.
 *
 * @param isStored whether the results of the run are stored in a dataset, which workers see.
 * @returns the address of the queue; undefined if there is none.
 * @throws UsageError if they do not fit together, or no other process could make the graph.
 */
export function checkQueue(
  { runner, queue, shard }: QueueOptions & ShardOptions,
  isStored: boolean,
  kind?: GraphSpec['kind'],
): string | undefined {
  if (runner !== undefined) checkOneOf('runner', runner, runnerNames);
  if (runner !== 'bullmq') {
    if (queue === undefined) return undefined;
    throw new UsageError('`queue` names a queue, but no option says to use it', {
      option: 'queue',
      remedy: "Give `runner: 'bullmq'` too, or leave `queue` out.",
    });
  }
  if (queue === undefined) {
    throw new UsageError('`runner` is bullmq, but no queue was named', {
      option: 'queue',
      remedy: "Name its server: `queue: 'redis://localhost:6379'`.",
    });
  }
  queueAddress(queue);
  if (!isStored) {
    throw new UsageError('`runner` bullmq needs a dataset, which all workers write to', { option: 'runner' });
  }
  if (shard !== undefined) {
    throw new UsageError('`shard` divides a corpus among runs without a queue, and cannot be given beside one', {
      option: 'shard',
      remedy: 'Leave `shard` out: the workers of a queue take whatever comes next.',
    });
  }
  if (kind === 'inline') {
    throw new UsageError(
      'a dataflow that is written inline cannot be computed by workers: they do not have its functions',
      {
        option: 'runner',
        remedy: "Move it into a module, and give `module: './flow.js#name'` instead of `columns`.",
      },
    );
  }
  return queue;
}
