import { checkInteger } from '../../core/check.ts';
import { checkParts, newUserScores, scoresOf } from './parts.ts';
import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, notFitted } from './recommender.ts';

/** Options of `SwitchRecommender`. */
export interface SwitchOptions {
  /** Predicts the items with fewer ratings than `below`. */
  readonly cold: Recommender;
  /** Predicts the others. */
  readonly warm: Recommender;
  /** Training ratings from which on `warm` predicts an item; default 5. */
  readonly below?: number | undefined;
}

/**
 * Two recommenders, of which the number of an item's training ratings says which one predicts it:
 * one that reads content for items that few have rated, one that learns from ratings for the rest.
 *
 * @example
 * const either = new SwitchRecommender({ below: 5, cold: new ContentKnnRecommender({ vectors, dimension }), warm: new SvdRecommender() });
 * await either.fit(ratings);
 */
export class SwitchRecommender implements Recommender {
  readonly name = 'switch';
  readonly #cold: Recommender;
  readonly #warm: Recommender;
  readonly #below: number;
  #fitted: { readonly ratings: TrainingRatings; readonly isWarm: Uint8Array } | undefined;

  /** @throws UsageError when `below` is not an integer of at least 1, or a part gives scores. */
  constructor({ cold, warm, below = 5 }: SwitchOptions) {
    checkParts('switch', [cold, warm]);
    this.#cold = cold;
    this.#warm = warm;
    this.#below = checkInteger('below', below);
  }

  /** Both learn from all ratings. @throws what their `fit` throws. */
  async fit(ratings: TrainingRatings): Promise<void> {
    checkTrainingRatings(ratings);
    const counts = new Int32Array(ratings.itemCount);
    for (const item of ratings.items) counts[item] = (counts[item] as number) + 1;
    await this.#cold.fit(ratings);
    await this.#warm.fit(ratings);
    this.#fitted = { ratings, isWarm: Uint8Array.from(counts, (count) => (count >= this.#below ? 1 : 0)) };
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  async predict(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    return clipAll(await this.score(users, items), this.#known().ratings.scale);
  }

  /** What `predict` clips. @throws as `predict`. */
  async score(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const { ratings } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    return this.#byPart(items, (part, rows) => scoresOf(part, pick(users, rows), pick(items, rows)));
  }

  /** By the part that the item is for. @throws UsageError `no-new-users` when that one cannot. */
  async scoreNewUser(own: NewUserRatings, items: Int32Array): Promise<Float32Array> {
    return this.#byPart(items, (part, rows) => newUserScores(part, own, pick(items, rows)));
  }

  async #byPart(items: Int32Array, scored: (part: Recommender, rows: Int32Array) => Promise<Float32Array>) {
    const { isWarm } = this.#known();
    const scores = new Float32Array(items.length);
    for (const [flag, part] of [this.#cold, this.#warm].entries()) {
      const rows = Int32Array.from(items.keys()).filter((row) => isWarm[items[row] as number] === flag);
      if (rows.length === 0) continue;
      const found = await scored(part, rows);
      for (const [place, row] of rows.entries()) scores[row] = found[place] as number;
    }
    return scores;
  }

  #known() {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}

function pick(numbers: Int32Array, rows: Int32Array): Int32Array {
  return Int32Array.from(rows, (row) => numbers[row] as number);
}
