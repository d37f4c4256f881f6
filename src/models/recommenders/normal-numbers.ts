import { randomIntegers } from '../../core/random-integers.ts';

/**
 * Seeded standard normal numbers: xoshiro128** through the polar method (Marsaglia and Bray, 1964).
 * The same on every run.
 */
export class NormalNumbers {
  readonly #next: () => number;
  #spare: number | undefined;

  /** @param seed an integer from 0 to 4294967295 */
  constructor(seed: number) {
    this.#next = randomIntegers(`reelflow-normal-1:${seed}`);
  }

  /** The next number. */
  next(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    while (true) {
      const first = this.#next() / 2 ** 31;
      const second = this.#next() / 2 ** 31;
      const square = first * first + second * second;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = second * factor;
      return first * factor;
    }
  }
}
