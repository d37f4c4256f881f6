import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds of work after which to yield to the event loop. */
const TURN = 20;

/**
 * Lets long work in this thread yield, so that timers, signals and other streams continue while it
 * runs.
 *
 * @example
 * const breather = new Breather();
 * for (let number = 0; number < 1e9; number += 1) {
 *   if (breather.isDue) await breather.rest();
 * }
 */
export class Breather {
  #since = performance.now();

  /** Whether it is time to rest. */
  get isDue(): boolean {
    return performance.now() - this.#since > TURN;
  }

  /** Resolves in the next turn of the event loop. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
