import { FlowError, SystemError } from '../../core/errors.ts';
import { inThread } from '../../core/in-thread.ts';
import type { NeighbourLists } from './connected-neighbours.ts';

/** What a thread of scran.js is asked for. */
export type UmapTask =
  | {
      readonly kind: 'neighbours';
      readonly values: Float64Array;
      readonly count: number;
      readonly dimension: number;
      readonly k: number;
      readonly approximate: boolean;
    }
  | {
      readonly kind: 'layout';
      readonly lists: NeighbourLists;
      readonly epochs: number;
      readonly minDistance: number;
    };

/** What it says. */
export type UmapReply =
  | { readonly kind: 'neighbours'; readonly lists: NeighbourLists }
  | { readonly kind: 'epoch'; readonly epoch: number; readonly of: number }
  | { readonly kind: 'layout'; readonly x: Float64Array; readonly y: Float64Array };

/**
 * Does one task of scran.js in a thread of its own, which can be stopped at any moment and whose
 * memory is free when it is done. The values of the task are moved to it.
 *
 * @throws FlowError `aborted`; SystemError `session` when the thread dies, mostly for want of
 * memory.
 */
export async function inUmapThread<Kind extends UmapTask['kind']>(
  task: UmapTask & { readonly kind: Kind },
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onEpoch?: ((epoch: number, of: number) => void) | undefined;
  } = {},
): Promise<Extract<UmapReply, { kind: Kind }>> {
  const { signal, onEpoch } = options;
  const asked: UmapTask = task;
  return inThread(new URL('./umap-worker.js', import.meta.url), {
    ...{ name: `layout: ${task.kind}`, task, signal, stopped, died },
    moved: asked.kind === 'neighbours' ? [asked.values.buffer as ArrayBuffer] : [],
    onReply: (reply: UmapReply) => {
      if (reply.kind !== 'epoch') return reply as Extract<UmapReply, { kind: Kind }>;
      onEpoch?.(reply.epoch, reply.of);
      return undefined;
    },
  });
}

function died(how: string, cause?: unknown): SystemError {
  return new SystemError('session', `the thread that lays points out died: ${how}`, {
    remedy: 'It may have had too little memory: analyse fewer rows, or rows of fewer values (`reduce`).',
    cause,
  });
}

function stopped(cause: unknown): FlowError {
  return new FlowError('aborted', 'the layout was stopped', { cause });
}
