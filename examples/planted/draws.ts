import { seededUniform } from '../../src/models/autodiff/initialisers.ts';

/** Seeded random numbers for one purpose: draws for other purposes do not affect them. */
export class PlantedDraws {
  readonly #uniform: () => number;

  constructor(seed: number, purpose: string) {
    this.#uniform = seededUniform(seed, `planted/${purpose}`);
  }

  /** Uniform in [from, to). */
  uniform(from = 0, to = 1): number {
    return from + (to - from) * this.#uniform();
  }

  /** A whole number from 0 to count - 1. */
  below(count: number): number {
    return Math.floor(count * this.#uniform());
  }

  /** Normal with mean 0 and this deviation (Box and Muller 1958). */
  normal(deviation: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#uniform()));
    return deviation * radius * Math.cos(2 * Math.PI * this.#uniform());
  }

  /** The numbers 0 .. count - 1 in random order. */
  shuffled(count: number): number[] {
    const order = Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [order[last], order[other]] = [order[other] as number, order[last] as number];
    }
    return order;
  }
}
