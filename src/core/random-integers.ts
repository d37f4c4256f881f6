import { createHash } from 'node:crypto';
import { xoshiro } from './xoshiro.js';

/**
 * Random signed 32-bit integers determined by a text, the same on every machine: xoshiro128**,
 * seeded with the first 128 bits of the text's SHA-256. `>>> 0` makes one unsigned.
 *
 * @example
 * const next = randomIntegers('reelflow-shuffle-1:1:0');
 * next(); // the same on every machine
 */
export function randomIntegers(text: string): () => number {
  const state = createHash('sha256').update(text).digest();
  return xoshiro(state.readInt32LE(0), state.readInt32LE(4), state.readInt32LE(8), state.readInt32LE(12));
}
