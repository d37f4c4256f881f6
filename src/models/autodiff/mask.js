// @ts-check

import { fillXoshiro, mixBits } from '../../core/xoshiro.js';

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
  const a = mixBits(seed ^ 0x9e3779b9);
  const b = mixBits(a ^ step);
  const c = mixBits(b ^ index);
  const d = mixBits(c ^ 0x51ed270b) | 1;
  const kept = 1 / (1 - rate);
  const threshold = rate * 2 ** 32;
  // The words are written where the mask will be, which replaces them one by one.
  const words = new Int32Array(mask.buffer, mask.byteOffset, mask.length);
  fillXoshiro(words, Int32Array.of(a, b, c, d));
  for (let at = 0; at < mask.length; at++) {
    mask[at] = /** @type {number} */ (words[at]) >>> 0 < threshold ? 0 : kept;
  }
}
