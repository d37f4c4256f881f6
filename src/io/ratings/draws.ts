import { createHash } from 'node:crypto';
import { checkInteger } from '../../core/check.ts';
import { mixBits } from '../../core/xoshiro.js';
import type { RatingTable } from './rating-table.ts';

/** Part of every draw: change it when the numbers change. */
const ALGORITHM = 'reelflow-draws-1';

/**
 * Seeded random numbers that belong to ids instead of to a sequence: the draw of a rating depends
 * only on the seed, the purpose and the ids of its user and item. So a sample does not depend on
 * the order of the lines in the file, and is the same on every machine.
 *
 * A draw is the 53 upper bits of two MurmurHash3 words (Appleby, 2011; the 32-bit variant) over the
 * first 8 bytes of the SHA-256 of each id, keyed with the SHA-256 of seed and purpose.
 */
export class Draws {
  readonly #keyHigh: number;
  readonly #keyLow: number;

  /**
   * @param seed an integer from 0 to 4294967295.
   * @param purpose separates draws of one seed from each other, for instance `test`.
   */
  constructor(seed: number, purpose: string) {
    checkInteger('seed', seed, 0, 0xffffffff);
    const digest = createHash('sha256').update(`${ALGORITHM}:${seed}:${purpose}`).digest();
    this.#keyHigh = digest.readUInt32LE(0);
    this.#keyLow = digest.readUInt32LE(4);
  }

  /** A draw from [0, 1) for each id. */
  ofIds(ids: readonly string[]): Float64Array {
    const words = idWords(ids);
    return Float64Array.from(ids, (_, index) => this.#draw(words, 2 * index, words, 2 * index));
  }

  /** A draw from [0, 1) for each rating of a table. */
  ofRatings(table: RatingTable): Float64Array {
    const [users, items] = [idWords(table.userIds), idWords(table.itemIds)];
    const draws = new Float64Array(table.users.length);
    for (let row = 0; row < draws.length; row += 1) {
      draws[row] = this.#draw(users, 2 * (table.users[row] as number), items, 2 * (table.items[row] as number));
    }
    return draws;
  }

  /**
   * A function that returns the draw from [0, 1) for any pair of user and item, given by number;
   * the same as for a rating of this pair.
   */
  ofPairs(userIds: readonly string[], itemIds: readonly string[]): (user: number, item: number) => number {
    const [users, items] = [idWords(userIds), idWords(itemIds)];
    return (user, item) => this.#draw(users, 2 * user, items, 2 * item);
  }

  #draw(left: Uint32Array, leftAt: number, right: Uint32Array, rightAt: number): number {
    const a = left[leftAt] as number;
    const b = left[leftAt + 1] as number;
    const c = right[rightAt] as number;
    const d = right[rightAt + 1] as number;
    const high = murmur(this.#keyHigh, a, b, c, d);
    const low = murmur(this.#keyLow, a, b, c, d);
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }
}

/**
 * The numbers 0 .. draws - 1 in ascending order of their draws; the lower number first if draws are
 * equal.
 */
export function orderOfDraws(draws: Float64Array, rows?: Int32Array): Int32Array {
  const given = rows ?? numbersBelow(draws.length);
  // Draws are uniform: sorted into as many buckets as there are draws, they are almost in order,
  // and insertion moves each by only a few places.
  const buckets = Math.max(1, given.length);
  const starts = new Int32Array(buckets + 1);
  const bucketOf = (row: number) => Math.min(buckets - 1, Math.floor((draws[row] as number) * buckets));
  for (let at = 0; at < given.length; at += 1) {
    const bucket = bucketOf(given[at] as number) + 1;
    starts[bucket] = (starts[bucket] as number) + 1;
  }
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    starts[bucket + 1] = (starts[bucket + 1] as number) + (starts[bucket] as number);
  }
  const order = new Int32Array(given.length);
  for (let at = 0; at < given.length; at += 1) {
    const row = given[at] as number;
    const bucket = bucketOf(row);
    order[starts[bucket] as number] = row;
    starts[bucket] = (starts[bucket] as number) + 1;
  }
  return insertionSort(order, draws);
}

function insertionSort(order: Int32Array, draws: Float64Array): Int32Array {
  for (let at = 1; at < order.length; at += 1) {
    const row = order[at] as number;
    const draw = draws[row] as number;
    let to = at;
    for (; to > 0; to -= 1) {
      const before = order[to - 1] as number;
      const earlier = draws[before] as number;
      if (earlier < draw || (earlier === draw && before < row)) break;
      order[to] = before;
    }
    order[to] = row;
  }
  return order;
}

/** 0 .. count - 1. */
export function numbersBelow(count: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let index = 0; index < count; index += 1) numbers[index] = index;
  return numbers;
}

/** Two words for each id. */
function idWords(ids: readonly string[]): Uint32Array {
  const words = new Uint32Array(2 * ids.length);
  for (const [index, id] of ids.entries()) {
    const digest = createHash('sha256').update(id).digest();
    words[2 * index] = digest.readUInt32LE(0);
    words[2 * index + 1] = digest.readUInt32LE(4);
  }
  return words;
}

function murmur(seed: number, a: number, b: number, c: number, d: number): number {
  return mixBits(round(round(round(round(seed, a), b), c), d) ^ 16);
}

function round(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const mixed = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
