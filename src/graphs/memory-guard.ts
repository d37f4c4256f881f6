import type { ChildProcess } from 'node:child_process';
import { UsageError } from '../core/errors.ts';
import { processTreeMemory } from '../io/media/process-memory.ts';
import type { RunGuard } from '../models/onnx/measure-run.ts';
import { formatBytes } from '../operators/budget.ts';
import type { Bytes } from '../operators/payload.ts';

/** Milliseconds between two measurements. */
const EVERY = 5;
const MiB = 2 ** 20;

/**
 * Ends a child process as soon as this process and its descendants exceed a memory limit; how much
 * the child would have taken remains unknown.
 *
 * @example
 * declare const ffmpeg: ChildProcess;
 * const guard = new MemoryGuard(512 * 2 ** 20);
 * guard.watch(ffmpeg);
 * guard.stop();
 * const refusal = guard.refusal('the network');
 */
export class MemoryGuard implements RunGuard {
  readonly #limit: Bytes;
  #timer: NodeJS.Timeout | undefined;
  #exceeded = false;

  /** @param limit for this process and its descendants together. */
  constructor(limit: Bytes) {
    this.#limit = limit;
  }

  /** Watches the memory from now on, on systems that report a child's. */
  watch(child: ChildProcess): void {
    const { pid } = child;
    const own = processTreeMemory();
    if (pid === undefined || own.measure === 'rss') return;
    this.#timer = setInterval(() => {
      if (own.bytes + processTreeMemory(pid).bytes <= this.#limit) return;
      this.#exceeded = true;
      this.stop();
      child.kill('SIGKILL');
    }, EVERY);
  }

  /** Stops watching. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * The error for a child that was ended; undefined otherwise. How much it would have taken is
   * unknown, so the remedy is to try twice the limit.
   */
  refusal(name: string): UsageError | undefined {
    if (!this.#exceeded) return undefined;
    return new UsageError(
      `\`memory\` is ${formatBytes(this.#limit)}, but measuring what ${name} needs takes more: this cannot be derived from its operations, so one row is run`,
      {
        code: 'memory-too-small',
        option: 'memory',
        remedy: `Give \`memory: '${Math.ceil((2 * this.#limit) / MiB)}MiB'\`, or more if that is refused too; or set a smaller input or an earlier output in its card.`,
      },
    );
  }
}
