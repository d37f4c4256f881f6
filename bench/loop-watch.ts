import { existsSync, readFileSync } from 'node:fs';

/** The longest time without a turn of the event loop, in ms. */
export interface LongestBlock {
  readonly wall: number;
  /**
   * The longest by this measure: time for which the thread had a core. Waiting for a core on a
   * machine with other work is not a block caused by the program.
   */
  readonly onCore: number;
}

/**
 * Watches the event loop of this thread from its construction on, with a timer of one millisecond
 * that keeps the process alive until `stop`.
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

  /** The longest time so far; watching continues. */
  get longest(): LongestBlock {
    const now = { wall: performance.now(), onCore: onCore() };
    this.#longest.wall = Math.max(this.#longest.wall, now.wall - this.#last.wall);
    this.#longest.onCore = Math.max(this.#longest.onCore, now.onCore - this.#last.onCore);
    this.#last = now;
    return { ...this.#longest };
  }

  /** Stops watching. @returns the longest time. */
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
 * Milliseconds for which the main thread has had a core; all of the time if the system does not
 * report it.
 */
function onCore(): number {
  if (!existsSync(SCHEDULE)) return performance.now();
  return Number(readFileSync(SCHEDULE, 'latin1').split(' ')[0]) / 1e6;
}
