import { existsSync, readFileSync } from 'node:fs';

/** The longest time in which the event loop did not turn, ms. */
export interface LongestBlock {
  readonly wall: number;
  /**
   * Of the longest by this measure: time that the thread had a core for. What it waited for one, on
   * a machine with other work, is not a block of the program's.
   */
  readonly onCore: number;
}

/**
 * Watches the event loop of this thread from its making on, by a timer of a millisecond that keeps
 * the process alive until `stop`.
 *
 * @example
 * const watch = new LoopWatch();
 * await work();
 * watch.stop().wall;
 */
export class LoopWatch {
  #last = { wall: performance.now(), onCore: onCore() };
  #longest = { wall: 0, onCore: 0 };
  #timer = setTimeout(() => this.#turn(), 1);

  /** The longest so far; it continues watching. */
  get longest(): LongestBlock {
    const now = { wall: performance.now(), onCore: onCore() };
    this.#longest.wall = Math.max(this.#longest.wall, now.wall - this.#last.wall);
    this.#longest.onCore = Math.max(this.#longest.onCore, now.onCore - this.#last.onCore);
    this.#last = now;
    return { ...this.#longest };
  }

  /** Ends it. @returns the longest. */
  stop(): LongestBlock {
    clearTimeout(this.#timer);
    return this.longest;
  }

  #turn(): void {
    void this.longest;
    this.#timer = setTimeout(() => this.#turn(), 1);
  }
}

const SCHEDULE = '/proc/self/schedstat';

/**
 * Milliseconds for which the main thread has had a core; all of them where the system does not
 * tell.
 */
function onCore(): number {
  if (!existsSync(SCHEDULE)) return performance.now();
  return Number(readFileSync(SCHEDULE, 'latin1').split(' ')[0]) / 1e6;
}
