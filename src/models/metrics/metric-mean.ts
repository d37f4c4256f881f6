/**
 * Mean of a metric over users: one for whom it is not defined (NaN) counts as 0 or, with `skip`,
 * not at all. NaN over nobody.
 */
export class MetricMean {
  readonly #skip: boolean;
  #sum = 0;
  #count = 0;

  constructor(skip: boolean) {
    this.#skip = skip;
  }

  /** Adds a user's value. */
  add(value: number): void {
    if (Number.isNaN(value)) {
      if (!this.#skip) this.#count++;
      return;
    }
    this.#sum += value;
    this.#count++;
  }

  /** The mean of what was added so far. */
  get value(): number {
    return this.#sum / this.#count;
  }
}
