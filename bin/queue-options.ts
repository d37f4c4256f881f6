import { type QueueOptions, runnerNames } from '../src/graphs/runners/queue/queue-options.ts';
import { type OptionTable, text, word } from './option-table.ts';

/** Options of a command whose work the workers of a queue may do. */
export const queueOptions = {
  runner: word(runnerNames, 'local: in this process; bullmq: by the workers of a queue (`reelflow worker`)', 'local'),
  queue: text('URL', 'server of the queue: redis://, rediss:// or postgres://; needs --runner bullmq'),
} satisfies OptionTable<QueueOptions>;
