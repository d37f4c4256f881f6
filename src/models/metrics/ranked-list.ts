/** One user's test items, best prediction first. */
export interface RankedList {
  /** Items from best to worst. */
  readonly items: Int32Array;
  /** Predictions in that order, so never ascending. */
  readonly predictions: Float64Array;
  /** True ratings in that order. */
  readonly ratings: Float64Array;
  /** The same ratings in descending order: the ideal ranking. */
  readonly idealRatings: Float64Array;
  /** 1 if the true rating is above the threshold, else 0. */
  readonly relevant: Uint8Array;
  /** Number of relevant items. */
  readonly relevantCount: number;
  /**
   * How many are recommended because their prediction is above the threshold: the first ones of the
   * list.
   */
  readonly recommendedCount: number;
}

/** `gt`: above the threshold; `ge`: at least the threshold. */
export type ThresholdRule = 'gt' | 'ge';

/**
 * Ranks one user's test items by prediction, descending.
 *
 * @param rows - the user's items with rating and prediction, in any order
 * @param orderOf - rank of an item's id among all in ascending order; with equal predictions the
 * lower comes first
 */
export function rankedList(
  rows: {
    readonly items: ArrayLike<number>;
    readonly ratings: ArrayLike<number>;
    readonly predictions: ArrayLike<number>;
  },
  threshold: number,
  rule: ThresholdRule,
  orderOf: (item: number) => number = (item) => item,
): RankedList {
  const { length } = rows.items;
  const order = Int32Array.from({ length }, (_, index) => index).sort(
    (one, other) =>
      (rows.predictions[other] as number) - (rows.predictions[one] as number) ||
      orderOf(rows.items[one] as number) - orderOf(rows.items[other] as number),
  );
  const items = new Int32Array(length);
  const predictions = new Float64Array(length);
  const ratings = new Float64Array(length);
  const relevant = new Uint8Array(length);
  let relevantCount = 0;
  let recommendedCount = 0;
  for (let rank = 0; rank < length; rank++) {
    const index = order[rank] as number;
    const rating = rows.ratings[index] as number;
    const prediction = rows.predictions[index] as number;
    items[rank] = rows.items[index] as number;
    ratings[rank] = rating;
    predictions[rank] = prediction;
    if (passes(rating, threshold, rule)) {
      relevant[rank] = 1;
      relevantCount++;
    }
    if (passes(prediction, threshold, rule)) recommendedCount++;
  }
  const idealRatings = ratings.slice().sort().reverse();
  return { items, predictions, ratings, idealRatings, relevant, relevantCount, recommendedCount };
}

function passes(value: number, threshold: number, rule: ThresholdRule): boolean {
  return rule === 'gt' ? value > threshold : value >= threshold;
}
