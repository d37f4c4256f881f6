// @ts-check
// In JavaScript, so that worker threads which load no TypeScript can use it too.

/** How many words are made at a time. */
const BLOCK = 32;

/**
 * Fills `words` with random signed 32-bit integers: xoshiro128** (Blackman and Vigna, 2018).
 *
 * @param {Int32Array} words
 * @param {Int32Array} state four words, not all 0, which become the state after these.
 */
export function fillXoshiro(words, state) {
  let [a, b, c, d] = /** @type {[number, number, number, number]} */ (/** @type {unknown} */ (state));
  for (let at = 0; at < words.length; at++) {
    const scrambled = Math.imul(b, 5);
    words[at] = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
  }
  state.set([a, b, c, d]);
}

/**
 * The same integers one after another, from four words of state. `>>> 0` makes one unsigned.
 *
 * @param {number} a
 * @param {number} b
 * @param {number} c
 * @param {number} d
 * @returns {() => number}
 */
export function xoshiro(a, b, c, d) {
  const state = Int32Array.of(a, b, c, d);
  const words = new Int32Array(BLOCK);
  let at = BLOCK;
  return () => {
    if (at === BLOCK) {
      fillXoshiro(words, state);
      at = 0;
    }
    return /** @type {number} */ (words[at++]);
  };
}

/**
 * The finaliser of MurmurHash3 (Appleby, 2011): an unsigned 32-bit integer, each bit of which
 * depends on every bit of `value`. 0 stays 0.
 *
 * @param {number} value
 */
export function mixBits(value) {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
