/**
 * The k best of a sequence of scores: a binary heap whose root is the worst kept. Of equal scores
 * the one offered first is better.
 */
export class Nearest {
  /** Number of scores kept. */
  size = 0;
  readonly #scores: Float64Array;
  /** What was kept, in no particular order. */
  readonly places: Int32Array;

  /** For at most `capacity` kept at once. */
  constructor(capacity: number) {
    this.#scores = new Float64Array(capacity);
    this.places = new Int32Array(capacity);
  }

  /** Forgets everything. */
  clear(): void {
    this.size = 0;
  }

  /** Keeps `place` if it is among the best. Places must be offered in ascending order. */
  offer(place: number, score: number): void {
    const { places } = this;
    const scores = this.#scores;
    if (this.size < places.length) {
      let at = this.size++;
      // A newcomer is worse than all that are equal to it, so it rises above them too.
      while (at > 0 && (scores[(at - 1) >> 1] as number) >= score) {
        const parent = (at - 1) >> 1;
        scores[at] = scores[parent] as number;
        places[at] = places[parent] as number;
        at = parent;
      }
      scores[at] = score;
      places[at] = place;
    } else if (score > (scores[0] as number)) {
      this.#sink(place, score);
    }
  }

  /** Puts a newcomer in place of the root and restores the heap. */
  #sink(place: number, score: number): void {
    const { places, size } = this;
    const scores = this.#scores;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#worse(child + 1, child)) child++;
      const childScore = scores[child] as number;
      if (childScore > score || (childScore === score && (places[child] as number) < place)) break;
      scores[at] = childScore;
      places[at] = places[child] as number;
      at = child;
    }
    scores[at] = score;
    places[at] = place;
  }

  #worse(one: number, other: number): boolean {
    const scores = this.#scores;
    const first = scores[one] as number;
    const second = scores[other] as number;
    return first < second || (first === second && (this.places[one] as number) > (this.places[other] as number));
  }
}
