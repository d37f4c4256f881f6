import { createHash } from 'node:crypto';

/** Part of what is hashed: raise it when the orders change. */
const ALGORITHM = 'reelflow-shuffle-1';

/**
 * The numbers from 0 to `count - 1` in a random order that seed and epoch decide, the same on every machine: Fisher and
 * Yates's shuffle (Knuth, The Art of Computer Programming, volume 2, algorithm P), drawing from xoshiro128** (Blackman and
 * Vigna, 2018), whose state is the first 128 bits of the SHA-256 of algorithm, seed and epoch. Draws that would favour small
 * numbers are thrown away, so that every order is equally likely.
 */
export function shuffledOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const draw = xoshiro(createHash('sha256').update(`${ALGORITHM}:${seed}:${epoch}`).digest());
  for (let last = count - 1; last > 0; last -= 1) {
    const fair = 2 ** 32 - (2 ** 32 % (last + 1));
    let drawn = draw();
    while (drawn >= fair) drawn = draw();
    const chosen = drawn % (last + 1);
    const value = order[chosen] as number;
    order[chosen] = order[last] as number;
    order[last] = value;
  }
  return order;
}

/** Unsigned 32-bit integers. */
function xoshiro(state: Buffer): () => number {
  let [a, b, c, d] = [state.readUInt32LE(0), state.readUInt32LE(4), state.readUInt32LE(8), state.readUInt32LE(12)];
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
    return result >>> 0;
  };
}
