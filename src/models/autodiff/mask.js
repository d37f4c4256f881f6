// @ts-check

import { mixBits } from '../../core/xoshiro.js';

/**
 * Fills a dropout mask: 0 for about `rate` of the values, 1 / (1 - rate) for the others. It depends
 * only on the seed, the step and the mask's number (which seed xoshiro128**), so that training
 * continues after an interruption as if there had been none.
 *
 * @param {Float32Array} mask
 * @param {number} rate
 * @param {number} seed
 * @param {number} step
 * @param {number} index
 */
export function fillMask(mask, rate, seed, step, index) {
  let a = mixBits(seed ^ 0x9e3779b9);
  let b = mixBits(a ^ step);
  let c = mixBits(b ^ index);
  let d = mixBits(c ^ 0x51ed270b) | 1;
  const kept = 1 / (1 - rate);
  const threshold = rate * 2 ** 32;
  // `xoshiro` of core/xoshiro.js, written out: its closure takes 13 ns a value, this 9, and a mask
  // has millions.
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
