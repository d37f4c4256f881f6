import { createHash } from 'node:crypto';
import { xoshiro } from '../weights/random.ts';

/** Seeded standard normal numbers: xoshiro128** through the polar method (Marsaglia and Bray, 1964). The same on every run. */
export class NormalNumbers {
  readonly #next: () => number;
  #spare: number | undefined;

  /** @param seed an integer from 0 to 4294967295 */
  constructor(seed: number) {
    const digest = createHash('sha256').update(`reelflow-normal-1:${seed}`).digest();
    this.#next = xoshiro(Uint32Array.from({ length: 4 }, (_, index) => digest.readUInt32LE(4 * index)));
  }

  /** The next number. */
  next(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    while (true) {
      const first = (this.#next() | 0) / 2 ** 31;
      const second = (this.#next() | 0) / 2 ** 31;
      const square = first * first + second * second;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = second * factor;
      return first * factor;
    }
  }
}
