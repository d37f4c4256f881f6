import type { RunProgress } from '../run-progress.ts';
import type { ItemReport } from '../run-reports.ts';

/** A moment of a run. */
export interface RunMoment {
  /** Seconds since its start. */
  readonly seconds: number;
  readonly done: number;
  readonly heldBytes: number;
  readonly budgetBytes: number;
  /** Seconds that each operator had been busy by then. */
  readonly busy: ReadonlyMap<string, number>;
}

/** Moments that are kept: when there are more, every second one is dropped. */
const MOST_MOMENTS = 400;
/** Items whose lines are kept. */
const MOST_ITEMS = 1000;

/**
 * Takes down a run for its report as it goes on, in bounded memory: what `extract` tells its
 * listeners.
 *
 * @example
 * const record = new RunRecord();
 * const summary = await extract({
 *   inputs: ['trailers/'],
 *   out: 'features/',
 *   onProgress: (each) => record.progress(each),
 *   onItem: (each) => record.item(each),
 * });
 * await writeFile('run.html', runReport(summary, record));
 */
export class RunRecord {
  #moments: RunMoment[] = [];
  #every = 1;
  #told = 0;
  readonly #items: ItemReport[] = [];
  #more = 0;

  /** A listener for `onProgress`. */
  progress({ wallSeconds, done, heldBytes, budgetBytes, operators = [] }: RunProgress): void {
    this.#told++;
    if (this.#told % this.#every !== 0) return;
    const busy = new Map(operators.map(({ name, busySeconds }) => [name, busySeconds]));
    this.#moments.push({ seconds: wallSeconds, done, heldBytes, budgetBytes, busy });
    if (this.#moments.length < MOST_MOMENTS) return;
    this.#moments = this.#moments.filter((_, at) => at % 2 === 1);
    this.#every *= 2;
  }

  /** A listener for `onItem`. */
  item(report: ItemReport): void {
    if (report.type === 'already-done') return;
    if (this.#items.length < MOST_ITEMS) this.#items.push(report);
    else this.#more++;
  }

  /** The moments, evenly apart. */
  get moments(): readonly RunMoment[] {
    return this.#moments;
  }

  /** What became of the first items. */
  get items(): readonly ItemReport[] {
    return this.#items;
  }

  /** How many there were beyond those. */
  get more(): number {
    return this.#more;
  }
}
