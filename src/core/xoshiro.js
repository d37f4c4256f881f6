// @ts-check
// In JavaScript, so that worker threads which load no TypeScript can use it too.

/**
 * Random signed 32-bit integers from four words of state, not all 0: xoshiro128** (Blackman and
 * Vigna, 2018). `>>> 0` makes one unsigned.
 *
 * @param {number} a
 * @param {number} b
 * @param {number} c
 * @param {number} d
 * @returns {() => number}
 */
export function xoshiro(a, b, c, d) {
  return () => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
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
