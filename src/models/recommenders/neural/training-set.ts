/** Ratings to learn from, with the numbers of users and items and the range of ratings. */
export interface TrainingSet {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values: Float32Array;
  readonly userCount: number;
  readonly itemCount: number;
  readonly scale: { readonly minimum: number; readonly maximum: number };
}

/** For each item 1 if it has training ratings, else 0. */
export function knownItems({ items, itemCount }: TrainingSet): Uint8Array {
  const known = new Uint8Array(itemCount);
  for (const item of items) known[item] = 1;
  return known;
}
