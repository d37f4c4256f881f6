import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, notFitted } from './recommender.ts';

/**
 * Scores an item by the number of its training ratings, for every user alike; unrated items are all
 * equal. This is the baseline for recommenders of lists.
 *
 * @example
 * const popularity = new PopularityRecommender();
 * popularity.fit(ratings);
 */
export class PopularityRecommender implements Recommender {
  readonly name = 'popularity';
  readonly predicts = 'scores';
  #fitted: { readonly counts: Float32Array; readonly userCount: number } | undefined;

  /** @throws UsageError when the ratings are not as `TrainingRatings` says. */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    const counts = new Float32Array(ratings.itemCount);
    for (const item of ratings.items) counts[item] = (counts[item] as number) + 1;
    this.#fitted = { counts, userCount: ratings.userCount };
  }

  /** Numbers of ratings. @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    const { counts, userCount } = this.#known();
    checkPairs(users, items, userCount, counts.length);
    return Float32Array.from(items, (item) => counts[item] as number);
  }

  /** The same for everybody. */
  scoreNewUser(_own: NewUserRatings, items: Int32Array): Float32Array {
    const { counts } = this.#known();
    return Float32Array.from(items, (item) => counts[item] as number);
  }

  #known() {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}
