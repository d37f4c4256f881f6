/** What the server holds: `width` numbers for each item, its vector followed by its bias. */
export type ItemWeights = Float64Array;

/** A client (a user or a group of users), with the data that never leave it. */
export interface Client {
  /** For each of its users, the vector followed by the bias. */
  readonly own: Float64Array;
  /** Ratings: by which of its users, of which item, and how high. */
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values: Float32Array;
}

/** How a client trains. */
export interface LocalTraining {
  /** Length of a vector with its bias. */
  readonly width: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly regularisation: number;
  /** The rating assumed if nothing is known. */
  readonly base: number;
}

/**
 * One visit of the server to a client. The client copies the weights of the items that it has
 * rated, makes `epochs` passes over its ratings by stochastic gradient descent, where
 * e = r - base - b_u - b_i - p . q and each weight += rate (e times its partner - regularisation
 * times itself), keeps its own vectors, and returns the change in the item weights.
 *
 * @returns `width` numbers for each item that it has rated, in ascending order.
 */
export function visitClient(
  { own, users, items, values }: Client,
  weights: ItemWeights,
  { width, epochs, learningRate: rate, regularisation: decay, base }: LocalTraining,
): { readonly items: Int32Array; readonly change: Float64Array } {
  const rated = Int32Array.from(new Set(items)).sort();
  const places = new Map([...rated].map((item, place) => [item, place]));
  const copy = new Float64Array(rated.length * width);
  for (const [place, item] of rated.entries()) {
    copy.set(weights.subarray(item * width, (item + 1) * width), place * width);
  }
  const before = copy.slice();
  const last = width - 1;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const [row, item] of items.entries()) {
      const p = (users[row] as number) * width;
      const q = (places.get(item) as number) * width;
      let error = (values[row] as number) - base - (own[p + last] as number) - (copy[q + last] as number);
      for (let at = 0; at < last; at++) error -= (own[p + at] as number) * (copy[q + at] as number);
      for (let at = 0; at < last; at++) {
        const [ofUser, ofItem] = [own[p + at] as number, copy[q + at] as number];
        own[p + at] = ofUser + rate * (error * ofItem - decay * ofUser);
        copy[q + at] = ofItem + rate * (error * ofUser - decay * ofItem);
      }
      for (const [side, place] of [
        [own, p + last],
        [copy, q + last],
      ] as const) {
        const bias = side[place] as number;
        side[place] = bias + rate * (error - decay * bias);
      }
    }
  }
  return { items: rated, change: copy.map((value, at) => value - (before[at] as number)) };
}
