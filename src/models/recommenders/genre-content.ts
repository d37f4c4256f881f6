import { checkInteger } from '../../core/check.ts';
import { GenreSets, type GenreTable } from '../genres.ts';
import { groupRows } from '../group-rows.ts';
import { Nearest } from './nearest-neighbours.ts';
import { scoreAsTrained, withNewUser } from './new-user.ts';
import { listsByUser, type RatingLists } from './rating-lists.ts';
import { type Reasons, reasonsOf, type UsedRating } from './reasons.ts';
import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean, notFitted } from './recommender.ts';

interface Fitted {
  readonly ratings: TrainingRatings;
  readonly lists: RatingLists;
  readonly sets: GenreSets;
  readonly mean: number;
}

/**
 * Recommends by genre alone (eq. 15 of the thesis): the mean of the user's ratings of the at most 5
 * items that are nearest to the one asked for, weighted by the cosine of their genre one-hots. Only
 * items with a genre in common count; of equally near ones those whose training rows come first.
 * Without any, the mean of the user's ratings; for a user without ratings the mean of all. Clipped
 * to the scale. Unrated items can be predicted too: only their genres are needed.
 *
 * @example
 * const flags = new Uint8Array(ratings.itemCount * 18);
 * const content = new GenreContentRecommender({ genres: { genreCount: 18, flags } });
 * content.fit(ratings);
 */
export class GenreContentRecommender implements Recommender {
  readonly name = 'genre-content';
  readonly #genres: GenreTable;
  readonly #neighbours: number;
  #fitted: Fitted | undefined;

  /** @throws UsageError when `neighbours` is not an integer of at least 1. */
  constructor(options: { genres: GenreTable; neighbours?: number | undefined }) {
    this.#genres = options.genres;
    this.#neighbours = checkInteger('neighbours', options.neighbours ?? 5);
  }

  /** @throws UsageError when the ratings or the genre table are not as their types say. */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    const sets = new GenreSets(this.#genres, ratings.itemCount);
    this.#fitted = { ratings, lists: listsByUser(ratings), sets, mean: globalMean(ratings.values) };
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), (this.#fitted as Fitted).ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { ratings, lists, mean } = this.#fitted;
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const predictions = new Float32Array(users.length);
    const asked = groupRows(users, ratings.userCount);
    for (let user = 0; user < ratings.userCount; user++) {
      const start = asked.starts[user] as number;
      const end = asked.starts[user + 1] as number;
      if (start === end) continue;
      const own = lists.values.subarray(lists.starts[user], lists.starts[user + 1]);
      const userMean = own.length > 0 ? globalMean(own) : mean;
      const nearest = new Nearest(Math.min(this.#neighbours, own.length));
      for (let place = start; place < end; place++) {
        const row = asked.rows[place] as number;
        const prediction = fromNearest(this.#fitted, user, items[row] as number, nearest);
        predictions[row] = prediction ?? userMean;
      }
    }
    return predictions;
  }

  /** The rated items of each prediction, with the cosines of their genres. @throws as `predict`. */
  reasons(users: Int32Array, items: Int32Array): Reasons[] {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { ratings, lists } = this.#fitted;
    const means = this.score(users, items);
    return Array.from(users, (user, row) => {
      const nearest = new Nearest(Math.min(this.#neighbours, ratings.values.length));
      const used: Omit<UsedRating, 'contribution'>[] = [];
      const score = fromNearest(this.#fitted as Fitted, user, items[row] as number, nearest, (place, weight) => {
        used.push({ user, item: lists.others[place] as number, rating: lists.values[place] as number, weight });
      });
      if (score === undefined) return reasonsOf(means[row] as number, []);
      const weights = used.reduce((sum, { weight }) => sum + weight, 0);
      return reasonsOf(
        0,
        used.map((each) => ({ ...each, contribution: (each.weight * each.rating) / weights })),
      );
    });
  }

  /** The same of `scoreNewUser`. */
  reasonsForNewUser(own: NewUserRatings, items: Int32Array): Reasons[] {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const { ratings } = this.#fitted;
    const again = new GenreContentRecommender({ genres: this.#genres, neighbours: this.#neighbours });
    again.fit(withNewUser(ratings, own));
    return again.reasons(new Int32Array(items.length).fill(ratings.userCount), items);
  }

  /** As if the user had been in the training data: only the mean depends on other users. */
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array {
    if (this.#fitted === undefined) throw notFitted(this.name);
    const again = new GenreContentRecommender({ genres: this.#genres, neighbours: this.#neighbours });
    return scoreAsTrained(again, this.#fitted.ratings, own, items);
  }
}

/** @param visit is called with each neighbour: its place in the lists, and its cosine. */
function fromNearest(
  { lists, sets }: Fitted,
  user: number,
  item: number,
  nearest: Nearest,
  visit?: (place: number, cosine: number) => void,
): number | undefined {
  nearest.clear();
  const end = lists.starts[user + 1] as number;
  for (let place = lists.starts[user] as number; place < end; place++) {
    const squaredCosine = sets.squaredCosine(item, lists.others[place] as number);
    if (squaredCosine > 0) nearest.offer(place, squaredCosine);
  }
  if (nearest.size === 0) return undefined;
  let weights = 0;
  let sum = 0;
  for (let rank = 0; rank < nearest.size; rank++) {
    const place = nearest.places[rank] as number;
    const cosine = Math.sqrt(sets.squaredCosine(item, lists.others[place] as number));
    weights += cosine;
    sum += cosine * (lists.values[place] as number);
    visit?.(place, cosine);
  }
  return sum / weights;
}
