type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * Numbers that are appended one by one.
 *
 * @example
 * const sizes = new Growing(Float64Array);
 * sizes.push(12);
 * sizes.at(0); // 12
 */
export class Growing<N extends Numbers> {
  #values: N;
  #length = 0;

  constructor(private readonly make: new (length: number) => N) {
    this.#values = new make(64);
  }

  get length(): number {
    return this.#length;
  }

  /** Allocated bytes. */
  get byteLength(): number {
    return this.#values.byteLength;
  }

  /** The number at a place; 0 past the end. */
  at(place: number): number {
    return this.#values[place] ?? 0;
  }

  /** Sets the number at a place; places that are skipped become 0. */
  set(place: number, value: number): void {
    if (place >= this.#length) {
      this.#room(place + 1 - this.#length);
      this.#length = place + 1;
    }
    this.#values[place] = value;
  }

  push(value: number): void {
    this.#room(1);
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  append(values: ArrayLike<number>): void {
    this.#room(values.length);
    this.#values.set(values, this.#length);
    this.#length += values.length;
  }

  /** Removes all numbers and frees their memory. */
  clear(): void {
    this.#values = new this.make(64);
    this.#length = 0;
  }

  /** The numbers from `start` to before `end`; a view, not a copy, so it must not be kept. */
  view(start: number, end: number): N {
    return this.#values.subarray(start, Math.min(end, this.#length)) as N;
  }

  /** A copy of all numbers. */
  whole(): N {
    return this.#values.slice(0, this.#length) as N;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#values.length) return;
    const larger = new this.make(Math.max(2 * this.#values.length, this.#length + more));
    larger.set(this.#values);
    this.#values = larger;
  }
}
