// @ts-check
// The thread's side of shared-memory.ts. JavaScript, because a worker thread of Node 20 cannot load
// TypeScript.
import { collectGarbage } from './collect-garbage.js';

/** @typedef {import('./shared-memory.ts').MemoryMessage} MemoryMessage */

/** Bytes that may be forgotten but not yet collected. */
const maxUncollected = 16 * 1024 * 1024;

/** The memory that a thread knows, by number. */
export class KnownMemory {
  /** @type {Map<number, Uint8Array>} */
  #views = new Map();
  #uncollected = 0;

  /**
   * Handles a message if it is about memory, and returns whether it was.
   *
   * @param {{ readonly kind: string }} message
   * @returns {message is MemoryMessage}
   */
  heeds(message) {
    if (message.kind !== 'memory' && message.kind !== 'forget') return false;
    const told = /** @type {MemoryMessage} */ (message);
    if (told.kind === 'memory') this.#views.set(told.number, new Uint8Array(told.buffer));
    else {
      for (const number of told.numbers) {
        this.#uncollected += this.#views.get(number)?.byteLength ?? 0;
        this.#views.delete(number);
      }
      if (this.#uncollected > maxUncollected) {
        this.#uncollected = 0;
        // By itself a thread that does next to nothing in JavaScript would not do it, and the
        // memory behind the views would stay allocated.
        collectGarbage();
      }
    }
    return true;
  }

  /**
   * @param {number} number
   * @returns {Uint8Array}
   */
  bytes(number) {
    return /** @type {Uint8Array} */ (this.#views.get(number));
  }
}
