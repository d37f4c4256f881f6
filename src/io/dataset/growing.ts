type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** Numbers that are appended one by one. */
export class Growing<N extends Numbers> {
  #values: N;
  #length = 0;

  constructor(private readonly make: new (length: number) => N) {
    this.#values = new make(64);
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes that are allocated. */
  get byteLength(): number {
    return this.#values.byteLength;
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

  /** A copy of the appended numbers. */
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
