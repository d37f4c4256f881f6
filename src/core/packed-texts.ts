import { Growing } from './growing.ts';

/** The slots that there are at first; always a power of two. */
const SLOTS = 256;

/**
 * Texts that differ, each with a place: 0 for the first that was added, and so on. They lie one
 * after another in one block of bytes, so that a million of them take their own bytes and some
 * twenty each; strings in a `Map` would take a hundred. A text that is not well-formed UTF-16 counts as
 * what UTF-8 makes of it.
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
  /** Where each text ends in them. */
  readonly #ends = new Growing(Float64Array);
  /** By hash, or behind that: a place and one; 0 where there is none. */
  #slots = new Int32Array(SLOTS);
  /** The text that is asked for. */
  #asked = Buffer.alloc(256);

  /** @param kind `hex`: of hexadecimal digits in lower case, 255 at most, at half the bytes. */
  constructor(kind: 'text' | 'hex' = 'text') {
    this.#isHex = kind === 'hex';
  }

  /** How many there are. */
  get size(): number {
    return this.#ends.length;
  }

  /** The place of a text; undefined when it has not been added. */
  placeOf(text: string): number | undefined {
    const length = this.#ask(text);
    const place = (this.#slots[this.#slotOf(length)] as number) - 1;
    return place < 0 ? undefined : place;
  }

  /** The place of a text, which is added where it is not there. */
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

  /** The text at a place; undefined where there is none. */
  at(place: number): string | undefined {
    if (place >= this.size) return undefined;
    const start = this.#startOf(place);
    const bytes = this.#bytes.view(start, this.#ends.at(place));
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return this.#isHex ? text.toString('hex', 1).slice(0, text[0]) : text.toString();
  }

  /** Forgets all of them. */
  clear(): void {
    this.#bytes.clear();
    this.#ends.clear();
    this.#slots = new Int32Array(SLOTS);
  }

  /** Encodes a text. @returns how many bytes it has. */
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

  /** The slot of the text that is asked for, or the one that it would have. */
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

/** Another one in every process, so that nobody can choose texts that share their slots. */
const SEED = crypto.getRandomValues(new Int32Array(1))[0] as number;

/** Of Fowler, Noll and Vo (FNV-1a), mixed once more at its end. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}
