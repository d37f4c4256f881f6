import { setImmediate } from 'node:timers/promises';

/** Milliseconds of uninterrupted work after which the event loop gets a turn. */
const turnMilliseconds = 50;

/** Lets the event loop turn now and then inside a long computation. */
export class Breather {
  #since = performance.now();

  /** Whether it is time for `pause`. */
  get due(): boolean {
    return performance.now() - this.#since > turnMilliseconds;
  }

  /** One turn of the event loop. */
  async pause(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
