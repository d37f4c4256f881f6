import { randomIntegers } from '../../core/random-integers.ts';

/** Part of what is hashed: change it when the orders change. */
const ALGORITHM = 'reelflow-shuffle-1';

/**
 * The numbers from 0 to `count - 1` in a random order that depends on seed and epoch, the same on
 * every machine: Fisher and Yates's shuffle (Knuth, The Art of Computer Programming, volume 2,
 * algorithm P), drawing from `randomIntegers`. Draws that would favour small numbers are rejected,
 * so that every order is equally likely.
 */
export function shuffledOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const next = randomIntegers(`${ALGORITHM}:${seed}:${epoch}`);
  for (let last = count - 1; last > 0; last -= 1) {
    const fair = 2 ** 32 - (2 ** 32 % (last + 1));
    let drawn = next() >>> 0;
    while (drawn >= fair) drawn = next() >>> 0;
    const chosen = drawn % (last + 1);
    const value = order[chosen] as number;
    order[chosen] = order[last] as number;
    order[last] = value;
  }
  return order;
}
