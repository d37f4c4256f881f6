import { Growing } from './growing.ts';

/** Initial number of slots; the number is always a power of two. */
const SLOTS = 256;

/**
 * A set of distinct texts, each with a place: 0 for the first that was added, and so on. They are
 * stored one after another in a block of bytes, so each takes its own bytes and about twenty more,
 * where a string in a `Map` takes about a hundred more. A text that is not well-formed UTF-16
 * counts as what it becomes in UTF-8.
 *
 * @example
 * const texts = new PackedTexts();
 * texts.add('heat'); // 0
 * texts.placeOf('heat'); // 0
 * texts.at(0); // 'heat'
 */
export class PackedTexts {
  readonly #isHex: boolean;
  readonly #bytes = new Growing(Uint8Array);
  /** Where each text ends in `#bytes`. */
  readonly #ends = new Growing(Float64Array);
  /** A place plus one, at the slot of its hash or the next free one; 0: the slot is free. */
  #slots = new Int32Array(SLOTS);
  /** The encoded text that is being looked up. */
  #asked = Buffer.alloc(256);

  /** @param kind `hex`: at most 255 lower-case hexadecimal digits, stored in half the bytes. */
  constructor(kind: 'text' | 'hex' = 'text') {
    this.#isHex = kind === 'hex';
  }

  /** The number of texts. */
  get size(): number {
    return this.#ends.length;
  }

  /** The place of a text; undefined if it has not been added. */
  placeOf(text: string): number | undefined {
    const length = this.#ask(text);
    const place = (this.#slots[this.#slotOf(length)] as number) - 1;
    return place < 0 ? undefined : place;
  }

  /** The place of a text, which is added if it is new. */
  add(text: string): number {
    const length = this.#ask(text);
    const slot = this.#slotOf(length);
    const known = this.#slots[slot] as number;
    if (known > 0) return known - 1;
    const place = this.size;
    this.#bytes.append(this.#asked.subarray(0, length));
    this.#ends.push(this.#bytes.length);
    this.#slots[slot] = place + 1;
    if (4 * this.size > 3 * this.#slots.length) this.#spread();
    return place;
  }

  /** The text at a place; undefined if there is none. */
  at(place: number): string | undefined {
    if (place >= this.size) return undefined;
    const start = this.#startOf(place);
    const bytes = this.#bytes.view(start, this.#ends.at(place));
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return this.#isHex ? text.toString('hex', 1).slice(0, text[0]) : text.toString();
  }

  /** Removes all texts. */
  clear(): void {
    this.#bytes.clear();
    this.#ends.clear();
    this.#slots = new Int32Array(SLOTS);
  }

  /** Encodes a text into `#asked`. @returns its length in bytes. */
  #ask(text: string): number {
    const most = 3 * text.length + 1;
    if (this.#asked.length < most) this.#asked = Buffer.alloc(2 * most);
    if (!this.#isHex) return this.#asked.write(text);
    this.#asked[0] = text.length;
    return 1 + this.#asked.write(text.length % 2 === 0 ? text : `${text}0`, 1, 'hex');
  }

  #startOf(place: number): number {
    return place === 0 ? 0 : this.#ends.at(place - 1);
  }

  /** The slot of the text in `#asked`, or the slot that it would get. */
  #slotOf(length: number): number {
    const last = this.#slots.length - 1;
    for (let slot = hashOf(this.#asked, 0, length) & last; ; slot = (slot + 1) & last) {
      const known = this.#slots[slot] as number;
      if (known === 0 || this.#isAsked(known - 1, length)) return slot;
    }
  }

  #isAsked(place: number, length: number): boolean {
    const start = this.#startOf(place);
    if (this.#ends.at(place) - start !== length) return false;
    for (let at = 0; at < length; at += 1) if (this.#bytes.at(start + at) !== this.#asked[at]) return false;
    return true;
  }

  #spread(): void {
    const slots = new Int32Array(2 * this.#slots.length);
    const last = slots.length - 1;
    for (let place = 0; place < this.size; place += 1) {
      const [start, end] = [this.#startOf(place), this.#ends.at(place)];
      let slot = hashOf(this.#bytes.view(start, end), 0, end - start) & last;
      while (slots[slot] !== 0) slot = (slot + 1) & last;
      slots[slot] = place + 1;
    }
    this.#slots = slots;
  }
}

/** Different in every process, so that nobody can choose texts that collide. */
const SEED = crypto.getRandomValues(new Int32Array(1))[0] as number;

/** The FNV-1a hash (Fowler, Noll and Vo), with one more mixing step at the end. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}
