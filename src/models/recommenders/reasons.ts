/**
 * A training rating that a prediction was computed from.
 *
 * @example
 * const largest = ({ ratings: used }: Reasons): UsedRating | undefined => used[0];
 */
export interface UsedRating {
  readonly user: number;
  readonly item: number;
  readonly rating: number;
  /** What it was weighted by, such as a similarity, before weights were divided by their sum. */
  readonly weight: number;
  /** What it adds to the score. */
  readonly contribution: number;
}

/**
 * A recommender whose score is part of another one's.
 *
 * @example
 * const share = ({ weight, score }: UsedPart) => weight * score;
 */
export interface UsedPart {
  readonly recommender: string;
  readonly weight: number;
  readonly score: number;
}

/**
 * How a score was computed: it is `base` plus the contributions of the ratings plus, for each part,
 * weight times score.
 *
 * @example
 * const knn = new KnnRecommender({ between: 'items' });
 * knn.fit(training);
 * const [{ base, ratings: used } = { base: 0, ratings: [] }] = knn.reasons(users, items);
 * console.log(used.reduce((sum, { contribution }) => sum + contribution, base));
 */
export interface Reasons {
  readonly base: number;
  /** The largest weight first. */
  readonly ratings: readonly UsedRating[];
  readonly parts?: readonly UsedPart[] | undefined;
  /** The part that computed all of it, of a recommender that chooses one for each item. */
  readonly by?: string | undefined;
}

/** Reasons with the ratings in order. */
export function reasonsOf(base: number, ratings: readonly UsedRating[]): Reasons {
  return { base, ratings: [...ratings].sort((one, other) => other.weight - one.weight) };
}
