import type { FedBatch } from './feeds.ts';
import type { StepRequest } from './thread-messages.ts';
import type { TrainingThread } from './training-thread.ts';

/**
 * Small batches are sent together: a message costs about 50 microseconds, a step of a small module
 * less than a millisecond.
 */
const onCpu = { batches: 16, bytes: 4 * 2 ** 20, first: 1 };
/** A run on a device copies the weights there and back, so it has many steps. */
const inLoop = { batches: 64, bytes: 64 * 2 ** 20, first: 64 };
/** Maximum number of messages in flight: one being processed and one ready. */
const messagesUnderWay = 2;

/** Losses of an epoch, weighted by rows. */
export interface LossSum {
  lossSum: number;
  rows: number;
}

/** Sends steps to a thread, several at a time, and adds up their losses in order. */
export class StepQueue {
  readonly #thread: TrainingThread;
  readonly #sum: LossSum;
  readonly #onLearnt: () => void;
  readonly #underWay: Promise<void>[] = [];
  #steps: StepRequest[] = [];
  #rows: number[] = [];
  #bytes = 0;
  readonly #limits: typeof onCpu;
  /** Batches of the next message: few at first, so that the pace is known after a few steps. */
  #most: number;

  /** @param onLearnt - called after each message, when `sum` includes its losses. */
  constructor(thread: TrainingThread, sum: LossSum, onLearnt: () => void) {
    this.#limits = thread.loops ? inLoop : onCpu;
    this.#most = this.#limits.first;
    this.#thread = thread;
    this.#sum = sum;
    this.#onLearnt = onLearnt;
  }

  /** Adds a step; waits while the thread has enough to do. */
  async add({ feeds, rows }: FedBatch, step: number, scalars: readonly number[]): Promise<void> {
    this.#steps.push({ feeds, step, scalars });
    this.#rows.push(rows);
    this.#bytes += Object.values(feeds).reduce((sum, { data }) => sum + data.byteLength, 0);
    const { batches, bytes } = this.#limits;
    if (this.#steps.length < this.#most && this.#bytes < bytes) return;
    this.#send();
    this.#most = Math.min(batches, 2 * this.#most);
    while (this.#underWay.length >= messagesUnderWay) await this.#underWay.shift();
  }

  /** Resolves when all steps are done. */
  async drain(): Promise<void> {
    this.#send();
    while (this.#underWay.length > 0) await this.#underWay.shift();
  }

  #send(): void {
    if (this.#steps.length === 0) return;
    const rows = this.#rows;
    const sent = this.#thread.steps(this.#steps).then((losses) => {
      for (const [index, count] of rows.entries()) {
        this.#sum.lossSum += (losses[index] as number) * count;
        this.#sum.rows += count;
      }
      this.#onLearnt();
    });
    // A failure is handled where the promise is awaited; it must not count as unhandled until then.
    sent.catch(() => {});
    this.#underWay.push(sent);
    this.#steps = [];
    this.#rows = [];
    this.#bytes = 0;
  }
}
