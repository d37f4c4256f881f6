import { groupRows } from '../group-rows.ts';

/** A generator of numbers from 0 to below 1. */
type Uniform = () => number;

/**
 * Draws, for a user, one of the candidate items that the user has not met, each with the same
 * probability.
 *
 * @example
 * const draws = new ItemDraws(Int32Array.of(0, 1, 2), { users, items }, { userCount: 10, itemCount: 3 });
 * const item = draws.of(4, () => 0.25);
 */
export class ItemDraws {
  readonly #candidates: Int32Array;
  /** For each user, ascending, the places among the candidates of those that the user has met. */
  readonly #met: Int32Array;
  readonly #starts: Int32Array;

  /**
   * @param candidates distinct items.
   * @param met pairs of user and item, of which the item is not drawn for the user.
   */
  constructor(
    candidates: Int32Array,
    met: { readonly users: Int32Array; readonly items: Int32Array },
    { userCount, itemCount }: { readonly userCount: number; readonly itemCount: number },
  ) {
    this.#candidates = candidates;
    const places = new Int32Array(itemCount).fill(-1);
    for (const [place, item] of candidates.entries()) places[item] = place;
    const { rows, starts } = groupRows(met.users, userCount);
    this.#starts = new Int32Array(userCount + 1);
    this.#met = new Int32Array(rows.length);
    let filled = 0;
    for (let user = 0; user < userCount; user++) {
      const own = rows
        .subarray(starts[user], starts[user + 1])
        .map((row) => places[met.items[row] as number] as number);
      let last = -1;
      for (const place of own.sort()) {
        if (place > last) this.#met[filled++] = place;
        last = place;
      }
      this.#starts[user + 1] = filled;
    }
  }

  /** An item; undefined for a user who has met them all. */
  of(user: number, uniform: Uniform): number | undefined {
    const own = this.#met.subarray(this.#starts[user], this.#starts[user + 1]);
    const left = this.#candidates.length - own.length;
    if (left === 0) return undefined;
    const drawn = Math.floor(uniform() * left);
    // As many of the user's own come before it as there are with own[n] - n <= drawn.
    let [low, high] = [0, own.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((own[middle] as number) - middle <= drawn) low = middle + 1;
      else high = middle;
    }
    return this.#candidates[drawn + low] as number;
  }
}
