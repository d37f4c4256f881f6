// @ts-check
// Random numbers that nobody can predict without the key. JavaScript, because a worker thread of
// Node 20 cannot load TypeScript.
import { createCipheriv, createHash } from 'node:crypto';

/** Length of a key in bytes. */
export const keyBytes = 32;

/** Bytes encrypted at a time: few at first, in case only a few numbers are needed. */
const [firstBytes, mostBytes] = [1 << 9, 1 << 16];

/**
 * Unsigned 32-bit numbers derived from a key and a place: AES-256 in counter mode, starting at a
 * hash of the place. Whoever has the key can reproduce them; nobody else can tell them from random
 * ones.
 *
 * @param {Uint8Array} key
 * @param {string} place
 * @returns {() => number}
 */
export function keyedIntegers(key, place) {
  const counter = createHash('sha256').update(place).digest().subarray(0, 16);
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  let zeros = Buffer.alloc(firstBytes);
  let piece = new Uint32Array(0);
  let at = 0;
  return () => {
    if (at === piece.length) {
      const bytes = Uint8Array.from(cipher.update(zeros));
      if (zeros.length < mostBytes) zeros = Buffer.alloc(2 * zeros.length);
      piece = new Uint32Array(bytes.buffer);
      at = 0;
    }
    return /** @type {number} */ (piece[at++]);
  };
}

/**
 * Uniform numbers in [0, 1) with 53 bits, derived from a key and a place.
 *
 * @param {Uint8Array} key
 * @param {string} place
 * @returns {() => number}
 */
export function keyedUniform(key, place) {
  const next = keyedIntegers(key, place);
  return () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 2 ** 53;
}

/**
 * Fills a dropout mask: 0 for about `rate` of the values, 1 / (1 - rate) for the others.
 *
 * @param {Float32Array} mask
 * @param {number} rate
 * @param {Uint8Array} key
 * @param {string} place
 */
export function fillKeyedMask(mask, rate, key, place) {
  const next = keyedIntegers(key, place);
  const kept = 1 / (1 - rate);
  const threshold = rate * 2 ** 32;
  for (let at = 0; at < mask.length; at++) mask[at] = next() < threshold ? 0 : kept;
}

/**
 * Fills an array with standard normal numbers (Box and Muller 1958), made from 53-bit uniform ones.
 *
 * @param {Float32Array} into
 * @param {Uint8Array} key
 * @param {string} place
 */
export function fillNoise(into, key, place) {
  const next = keyedIntegers(key, place);
  const uniform = () => ((next() >>> 5) * 67108864 + (next() >>> 6) + 0.5) / 2 ** 53;
  for (let at = 0; at < into.length; at += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    into[at] = radius * Math.cos(angle);
    if (at + 1 < into.length) into[at + 1] = radius * Math.sin(angle);
  }
}
