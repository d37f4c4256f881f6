// @ts-check

/** @param {number} value */
function mix(value) {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Fills a dropout mask: 0 for about `rate` of the values, 1 / (1 - rate) for the others. Seed, step and number of the
 * mask alone decide it (xoshiro128** started from a mix of them), so that training goes on after an interruption as
 * if there had been none. The generator stands here too (src/core/random-integers.ts): it is the inner loop of a worker thread
 * that loads no TypeScript.
 *
 * @param {Float32Array} mask
 * @param {number} rate
 * @param {number} seed
 * @param {number} step
 * @param {number} index
 */
export function fillMask(mask, rate, seed, step, index) {
  let a = mix(seed ^ 0x9e3779b9);
  let b = mix(a ^ step);
  let c = mix(b ^ index);
  let d = mix(c ^ 0x51ed270b) | 1;
  const kept = 1 / (1 - rate);
  const threshold = rate * 2 ** 32;
  for (let at = 0; at < mask.length; at++) {
    const scrambled = Math.imul(b, 5);
    const random = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    mask[at] = random < threshold ? 0 : kept;
  }
}
