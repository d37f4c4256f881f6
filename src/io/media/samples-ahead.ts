/** Number of samples per read. */
const READ_SAMPLES = 4096;

/** 16-bit samples from a decoder that nobody has taken yet. */
export class SamplesAhead {
  #samples = new Int16Array(4 * READ_SAMPLES);
  #from = 0;
  #to = 0;
  #ended = false;

  /** How many there are. */
  get length(): number {
    return this.#to - this.#from;
  }

  /** Reads some more. @returns whether the decoder had any. */
  async read(decoder: { read(into: Uint8Array): number | Promise<number> }): Promise<boolean> {
    if (this.#ended) return false;
    this.#makeRoom();
    const into = new Uint8Array(this.#samples.buffer, 2 * this.#to, 2 * READ_SAMPLES);
    const bytes = await decoder.read(into);
    this.#to += Math.floor(bytes / 2);
    this.#ended = bytes < into.length;
    return bytes > 0;
  }

  /** Takes the first `count` of them; valid until the next read. */
  take(count: number): Int16Array {
    const taken = this.#samples.subarray(this.#from, this.#from + count);
    this.#from += count;
    return taken;
  }

  #makeRoom(): void {
    if (this.#to + READ_SAMPLES <= this.#samples.length) return;
    const left = this.#samples.slice(this.#from, this.#to);
    if (left.length + READ_SAMPLES > this.#samples.length) this.#samples = new Int16Array(2 * this.#samples.length);
    this.#samples.set(left);
    this.#from = 0;
    this.#to = left.length;
  }
}
