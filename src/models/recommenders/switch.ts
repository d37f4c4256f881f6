import { checkInteger } from '../../core/check.ts';
import { checkParts, newUserScores, pick, reasonsOfPart, scoresOf, workOfParts } from './parts.ts';
import type { Reasons } from './reasons.ts';
import type { AskedOfNewUser, NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, notFitted } from './recommender.ts';
import type { PairWork } from './work.ts';

/** Options of `SwitchRecommender`. */
export interface SwitchOptions {
  /** Predicts the items with fewer ratings than `below`. */
  readonly cold: Recommender;
  /** Predicts the others. */
  readonly warm: Recommender;
  /** Number of training ratings from which `warm` predicts an item; default 5. */
  readonly below?: number | undefined;
}

/**
 * Two recommenders; the number of an item's training ratings decides which one predicts it: one
 * that reads content for items with few ratings, one that learns from ratings for the rest.
 *
 * @example
 * const vectors = new Float32Array(ratings.itemCount * 40);
 * const cold = new ContentKnnRecommender({ vectors, dimension: 40 });
 * const either = new SwitchRecommender({ below: 5, cold, warm: new SvdRecommender() });
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

  /** Predictions before `predict` clips them. @throws as `predict`. */
  async score(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const { ratings } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const scores = await this.#byPart(items, (part, rows) => scoresOf(part, pick(users, rows), pick(items, rows)));
    return Float32Array.from(scores);
  }

  /** By the part responsible for the item. @throws UsageError `no-new-users` if it cannot. */
  async scoreNewUser(own: NewUserRatings, items: Int32Array): Promise<Float32Array> {
    return Float32Array.from(await this.#byPart(items, (part, rows) => newUserScores(part, own, pick(items, rows))));
  }

  /** The reasons of the part responsible for the item. @throws as `predict`. */
  async reasons(users: Int32Array, items: Int32Array): Promise<Reasons[]> {
    const { ratings } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    return this.#byPart(items, (part, rows) => reasonsOfPart(part, pick(users, rows), pick(items, rows)));
  }

  /** The same of `scoreNewUser`. */
  async reasonsForNewUser(own: NewUserRatings, items: Int32Array): Promise<Reasons[]> {
    return this.#byPart(items, (part, rows) => reasonsOfPart(part, own, pick(items, rows)));
  }

  /** The work of both parts. @throws UsageError before `fit`; `too-many-steps`. */
  workOf(users: Int32Array, items: Int32Array, times?: number): PairWork {
    return workOfParts(this.#shared(items), users, items, this.#known().ratings, times);
  }

  /** Checks both parts, each with its items. @throws UsageError before `fit`; `too-many-steps`. */
  checkNewUsers(asked: readonly AskedOfNewUser[]): void {
    const ofParts = new Map<Int32Array, Int32Array[]>();
    for (const { items } of asked) {
      if (ofParts.has(items)) continue;
      ofParts.set(
        items,
        this.#shared(items).map(({ rows }) => pick(items, rows)),
      );
    }
    for (const [at, part] of [this.#cold, this.#warm].entries()) {
      const own = asked.map(({ own, items }) => ({ own, items: ofParts.get(items)?.[at] as Int32Array }));
      part.checkNewUsers?.(own.filter(({ items }) => items.length > 0));
    }
  }

  /** Which part predicts which of these items. */
  #shared(items: Int32Array): { readonly part: Recommender; readonly rows: Int32Array }[] {
    const { isWarm } = this.#known();
    const rows = Int32Array.from(items.keys());
    return [this.#cold, this.#warm].map((part, flag) => ({
      ...{ part, rows: rows.filter((row) => isWarm[items[row] as number] === flag) },
    }));
  }

  async #byPart<T>(
    items: Int32Array,
    answered: (part: Recommender, rows: Int32Array) => Promise<ArrayLike<T>>,
  ): Promise<T[]> {
    const answers = new Array<T>(items.length);
    for (const { part, rows } of this.#shared(items)) {
      if (rows.length === 0) continue;
      const found = await answered(part, rows);
      for (const [place, row] of rows.entries()) answers[row] = found[place] as T;
    }
    return answers;
  }

  #known() {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}
