import type { RankedList } from './ranked-list.ts';

/**
 * Gain of a rating in NDCG: `ndcg-exp` 2^rating - 1 (Burges et al. 2005), `ndcg-linear` the rating
 * itself (Jarvelin and Kekalainen 2002).
 */
export type NdcgVariant = 'ndcg-exp' | 'ndcg-linear';

/**
 * The divisor of average precision: `map-min` min(k, relevant), `map-n` min(k, recommended) (eq. 22
 * of the thesis).
 */
export type MapVariant = 'map-min' | 'map-n';

/** How many of the first `k` recommended items are relevant. */
export function hits({ relevant, recommendedCount }: RankedList, k: number): number {
  const end = Math.min(k, recommendedCount);
  let count = 0;
  for (let rank = 0; rank < end; rank++) count += relevant[rank] as number;
  return count;
}

/** P@k = hits / min(k, recommended). Undefined (NaN) if nothing is recommended. */
export function precision(list: RankedList, k: number): number {
  return hits(list, k) / Math.min(k, list.recommendedCount);
}

/**
 * Adjusted recall: hits / min(k, relevant), which is 1 for a list full of hits whatever k is. NaN
 * if nothing is relevant.
 */
export function recallAdjusted(list: RankedList, k: number): number {
  return hits(list, k) / Math.min(k, list.relevantCount);
}

/** Recall (eq. 27): hits / relevant. NaN if nothing is relevant. */
export function recall(list: RankedList, k: number): number {
  return hits(list, k) / list.relevantCount;
}

/**
 * 1 / rank of the first relevant item among the first `k` recommended, 0 if there is none. NaN if
 * nothing is relevant.
 */
export function reciprocalRank(list: RankedList, k: number): number {
  if (list.relevantCount === 0) return Number.NaN;
  const rank = list.relevant.subarray(0, Math.min(k, list.recommendedCount)).indexOf(1);
  return rank < 0 ? 0 : 1 / (rank + 1);
}

/**
 * Sum over the first `k` recommended items of P@j * rel(j), divided as the variant says. `map-min`
 * is NaN if nothing is relevant, `map-n` if nothing is recommended.
 */
export function averagePrecision(list: RankedList, k: number, variant: MapVariant = 'map-min'): number {
  const end = Math.min(k, list.recommendedCount);
  let count = 0;
  let sum = 0;
  for (let rank = 0; rank < end; rank++) {
    if (list.relevant[rank] !== 1) continue;
    count++;
    sum += count / (rank + 1);
  }
  return sum / (variant === 'map-min' ? Math.min(k, list.relevantCount) : end);
}

/**
 * Sum over the first `k` of gain / log2(rank + 1), rank from 1. With `shift`, the exponential gains
 * are divided by 2^shift.
 */
export function discountedGain(
  ratings: ArrayLike<number>,
  k: number,
  variant: NdcgVariant = 'ndcg-exp',
  shift = 0,
): number {
  const end = Math.min(k, ratings.length);
  let sum = 0;
  for (let rank = 0; rank < end; rank++) {
    const rating = ratings[rank] as number;
    sum += (variant === 'ndcg-exp' ? 2 ** (rating - shift) - 2 ** -shift : rating) / Math.log2(rank + 2);
  }
  return sum;
}

/**
 * Discounted gain of all test items as ranked, without a threshold, divided by that of the ideal
 * order, both cut at `k`. NaN if no rating has a gain.
 */
export function normalisedDiscountedGain(list: RankedList, k: number, variant: NdcgVariant = 'ndcg-exp'): number {
  const shift = shiftOf(list);
  return discountedGain(list.ratings, k, variant, shift) / discountedGain(list.idealRatings, k, variant, shift);
}

/** 2^1024 is infinite: beyond 2^1000 gains are divided by a power of two, which cancels. */
function shiftOf({ idealRatings }: RankedList): number {
  return Math.max(0, Math.ceil((idealRatings[0] ?? 0) - 1000));
}

/**
 * The same, but items that are not relevant have no gain. NaN if nothing is relevant. The thesis's
 * figures for recommenders that cannot rank match this form and not the other.
 */
export function relevantDiscountedGain(list: RankedList, k: number): number {
  if (list.relevantCount === 0) return Number.NaN;
  const gains = list.ratings.map((rating, rank) => rating * (list.relevant[rank] as number));
  // Relevance is a threshold, so the relevant items are the first of the ideal order.
  const ideal = list.idealRatings.subarray(0, list.relevantCount);
  const shift = shiftOf(list);
  return discountedGain(gains, k, 'ndcg-exp', shift) / discountedGain(ideal, k, 'ndcg-exp', shift);
}

/**
 * Area under the ROC curve over all test items, recommended or not: the share of pairs (relevant,
 * other) that are in the right order, with a tie counting one half (Mann and Whitney 1947); with
 * `ties: 'ranked'` ties are in the order of the list. NaN unless both kinds are present.
 */
export function areaUnderCurve(list: RankedList, ties: 'half' | 'ranked' = 'half'): number {
  const { predictions, relevant, relevantCount } = list;
  const { length } = predictions;
  const others = length - relevantCount;
  let area = 0;
  let othersBefore = 0;
  for (let start = 0; start < length; ) {
    let end = start + 1;
    let relevantHere = relevant[start] as number;
    while (ties === 'half' && end < length && predictions[end] === predictions[start]) {
      relevantHere += relevant[end++] as number;
    }
    const othersHere = end - start - relevantHere;
    area += relevantHere * (others - othersBefore - othersHere / 2);
    othersBefore += othersHere;
    start = end;
  }
  return area / (relevantCount * others);
}
