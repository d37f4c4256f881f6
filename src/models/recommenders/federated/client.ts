/** What a server holds of the items: for item n `width` numbers, its vector and last its bias. */
export type ItemWeights = Float64Array;

/** A client, a user or a group of users, with what never leaves it. */
export interface Client {
  /** For each user of it the vector and last the bias. */
  readonly own: Float64Array;
  /** Ratings: whose of them, of which item, and how high. */
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values: Float32Array;
}

/** How a client learns. */
export interface LocalTraining {
  /** Numbers of a vector with its bias. */
  readonly width: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly regularisation: number;
  /** What a rating is where nothing is known. */
  readonly base: number;
}

/**
 * One visit of the server to a client: it copies the weights of the items that it has rated, passes
 * over its ratings `epochs` times by stochastic gradient descent, e = r - base - b_u - b_i - p . q
 * and each weight += rate (e times its partner - regularisation times itself), keeps its own
 * vectors, and gives what the weights of items have changed by.
 *
 * @returns for each item that it has rated, ascending, `width` numbers.
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
