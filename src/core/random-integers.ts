import { createHash } from 'node:crypto';

/**
 * Random signed 32-bit integers that a text decides, the same on every machine: xoshiro128** (Blackman and Vigna, 2018), whose
 * state is the first 128 bits of the text's SHA-256. `>>> 0` makes one unsigned.
 *
 * @example
 * const next = randomIntegers(`reelflow-shuffle-1:${seed}:${epoch}`);
 */
export function randomIntegers(text: string): () => number {
  const state = createHash('sha256').update(text).digest();
  let [a, b, c, d] = [state.readInt32LE(0), state.readInt32LE(4), state.readInt32LE(8), state.readInt32LE(12)];
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
