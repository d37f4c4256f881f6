import { Draws } from '../io/ratings/draws.ts';
import type { RatingTable } from '../io/ratings/rating-table.ts';
import type { Split } from '../io/ratings/split.ts';
import { joinRows } from '../io/ratings/subset.ts';
import {
  type CatalogueEvaluation,
  type CatalogueEvaluationInput,
  evaluateCatalogue,
} from '../models/metrics/evaluate-catalogue.ts';
import type { ThresholdRule } from '../models/metrics/ranked-list.ts';
import { decimalRatings } from './decimal-ratings.ts';
import { checkFoldIn, foldedIn } from './folded-in.ts';
import type { FittedRecommender } from './recommenders/fit-data.ts';

/**
 * What is ranked: each user's rated test items (`rated`), or in addition every item that the user
 * has not rated (`catalogue`).
 */
export type Protocol = 'rated' | 'catalogue';

/**
 * 128 MiB: a call covers many users where the work on an item is shared by all users of the call.
 */
const largeBlock = 1 << 23;

/**
 * Pairs to score at a time. Each block repeats the work that depends on an item; the work that
 * depends on a user is done only once.
 *
 * @throws UsageError `too-many-steps` when all blocks together exceed the recommender's limit.
 */
function blockPairsOf(fitted: FittedRecommender, users: readonly number[], itemCount: number): number | undefined {
  const length = Math.max(users.length, itemCount);
  if (fitted.workOf === undefined || users.length === 0) return undefined;
  // Scoring every user and every item once shows what any pair of them costs.
  const asked = Int32Array.from({ length }, (_, at) => users[at % users.length] as number);
  const items = Int32Array.from({ length }, (_, at) => at % itemCount);
  const { by } = fitted.workOf(asked, items);
  if (by === 'pair') fitted.workOf(Int32Array.from(users), new Int32Array(users.length), itemCount);
  if (by !== 'item') return undefined;
  const usersPerBlock = Math.max(1, Math.floor(largeBlock / itemCount));
  fitted.workOf(asked, items, Math.ceil(users.length / usersPerBlock));
  return largeBlock;
}

/**
 * Has a recommender rank, for each test user, all items of a table that are in none of the user's
 * training, validation and fold-in ratings, and lists the first of them.
 *
 * @param options.seed breaks ties between items with equal scores.
 * @throws what `evaluateCatalogue` throws; UsageError `too-many-steps`.
 */
export async function evaluateOnCatalogue(
  fitted: FittedRecommender,
  ratings: RatingTable,
  split: Split,
  options: {
    readonly ks: readonly number[] | undefined;
    readonly threshold: number | undefined;
    readonly thresholdRule: ThresholdRule | undefined;
    readonly seed: number;
    readonly onUser?: CatalogueEvaluationInput['onUser'] | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<CatalogueEvaluation> {
  const { ks, threshold = 3.5, thresholdRule = 'gt', seed, onUser, signal } = options;
  const tested = decimalRatings(Float32Array.from(split.test, (row) => ratings.values[row] as number));
  const relevant = split.test.filter((_, index) => {
    const rating = tested[index] as number;
    return thresholdRule === 'gt' ? rating > threshold : rating >= threshold;
  });
  const pairs = (rows: Int32Array) => ({
    users: rows.map((row) => ratings.users[row] as number),
    items: rows.map((row) => ratings.items[row] as number),
  });
  const testUsers = [...new Set(relevant.map((row) => ratings.users[row] as number))];
  const catalogue = Int32Array.from(ratings.itemIds.keys());
  const known = checkFoldIn(fitted, ratings, split.foldIn, new Map(testUsers.map((user) => [user, catalogue])));
  return evaluateCatalogue({
    blockPairs: blockPairsOf(fitted, known, ratings.itemIds.length),
    score: foldedIn(
      fitted,
      ratings,
      { minimum: Number.NEGATIVE_INFINITY, maximum: Number.POSITIVE_INFINITY },
      split.foldIn,
    ).score,
    relevant: pairs(relevant),
    seen: pairs(joinRows([split.train, split.validation, split.foldIn ?? new Int32Array(0)])),
    training: pairs(split.train),
    userCount: ratings.userIds.length,
    itemCount: ratings.itemIds.length,
    ks,
    tieOrder: new Draws(seed, 'ties').ofPairs(ratings.userIds, ratings.itemIds),
    onUser,
    signal,
  });
}
