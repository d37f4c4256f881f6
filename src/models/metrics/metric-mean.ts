/**
 * Mean of a metric over users. A user for whom it is undefined (NaN) counts as 0 or, with `skip`,
 * not at all. NaN without any users.
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

  /** The mean of the values added so far. */
  get value(): number {
    return this.#sum / this.#count;
  }
}
