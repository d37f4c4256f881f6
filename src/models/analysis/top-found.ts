interface Entry<Found> {
  readonly found: Found;
  readonly order: number;
}

/** The best so many of what comes, in bounded memory: a binary heap with the worst on top. */
export class TopFound<Found extends { readonly similarity: number }> {
  readonly #most: number;
  readonly #heap: Entry<Found>[] = [];
  #come = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** What must be more similar than this to be kept. */
  get least(): number {
    return this.#heap.length < this.#most ? Number.NEGATIVE_INFINITY : (this.#heap[0]?.found.similarity ?? 0);
  }

  /** Whether something so similar would be kept. */
  takes(similarity: number): boolean {
    return similarity > this.least;
  }

  /** Of equals the first stays. */
  add(found: Found): void {
    if (!this.takes(found.similarity)) return;
    const entry = { found, order: this.#come++ };
    if (this.#heap.length < this.#most) {
      this.#heap.push(entry);
      this.#rise(this.#heap.length - 1);
    } else {
      this.#heap[0] = entry;
      this.#sink(0);
    }
  }

  /** The best first. */
  sorted(): Found[] {
    return [...this.#heap]
      .sort((one, other) => other.found.similarity - one.found.similarity || one.order - other.order)
      .map(({ found }) => found);
  }

  /** Whether what is at one place is worse than what is at another. */
  #isWorse(one: number, other: number): boolean {
    const [left, right] = [this.#heap[one], this.#heap[other]];
    if (left === undefined || right === undefined) return false;
    const apart = left.found.similarity - right.found.similarity;
    return apart < 0 || (apart === 0 && left.order > right.order);
  }

  #rise(place: number): void {
    let at = place;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(place: number): void {
    let at = place;
    for (;;) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (this.#isWorse(child, worst)) worst = child;
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }

  #swap(one: number, other: number): void {
    const kept = this.#heap[one] as Entry<Found>;
    this.#heap[one] = this.#heap[other] as Entry<Found>;
    this.#heap[other] = kept;
  }
}
