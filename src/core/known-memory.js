// @ts-check
// The side of a thread of shared-memory.ts. JavaScript, because a worker thread of Node 20 cannot
// load TypeScript.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** @typedef {import('./shared-memory.ts').MemoryMessage} MemoryMessage */

/** Bytes that may be forgotten and uncollected. */
const maxUncollected = 16 * 1024 * 1024;

/** The memory that a thread was told of, by number. */
export class KnownMemory {
  /** @type {Map<number, Uint8Array>} */
  #views = new Map();
  #uncollected = 0;

  /**
   * Whether a message was about memory; it has been heeded then.
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
        collect();
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

/**
 * A thread that does next to nothing in JavaScript would not collect what it has forgotten, and the
 * memory behind it would stay.
 */
function collect() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
