import type { RunProgress } from '../run-progress.ts';
import type { ItemReport } from '../run-reports.ts';

/** A moment of a run. */
export interface RunMoment {
  /** Seconds since the run started. */
  readonly seconds: number;
  readonly done: number;
  readonly heldBytes: number;
  readonly budgetBytes: number;
  /** Seconds that each operator had been busy by then. */
  readonly busy: ReadonlyMap<string, number>;
}

/** At most this many moments are kept: if there are more, every second one is dropped. */
const MOST_MOMENTS = 400;
/** How many items are recorded. */
const MOST_ITEMS = 1000;

/**
 * Records what `extract` reports to its listeners during a run, for the run's report, in bounded
 * memory.
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

  /** The recorded moments, at equal intervals. */
  get moments(): readonly RunMoment[] {
    return this.#moments;
  }

  /** The outcomes of the first items. */
  get items(): readonly ItemReport[] {
    return this.#items;
  }

  /** How many items there were beyond those. */
  get more(): number {
    return this.#more;
  }
}
