import { checkInteger, checkOneOf, checkPositive } from '../../core/check.ts';
import type { Resolved } from '../../core/given.ts';
import { groupRows } from '../group-rows.ts';
import { type Biases, type BiasOptions, checkBiasOptions, estimateBiases } from './biases.ts';
import { Nearest } from './nearest-neighbours.ts';
import { scoreAsTrained, withNewUser } from './new-user.ts';
import { listsByItem, listsByUser, type RatingLists } from './rating-lists.ts';
import { type Reasons, reasonsOf } from './reasons.ts';
import type { AskedOfNewUser, NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean, notFitted } from './recommender.ts';
import { type SimilarityName, SimilarityRows, similarityNames } from './similarity.ts';
import { checkSteps, type PairWork, usualSteps } from './work.ts';

/** How the neighbours' ratings become a prediction. */
export const knnPredictions = ['basic', 'means', 'z-score', 'baseline'] as const;

/** One of `knnPredictions`. */
export type KnnPrediction = (typeof knnPredictions)[number];

/** Options of `KnnRecommender`. */
export interface KnnOptions {
  /** Neighbours are users (who rated the item) or items (which the user rated). */
  readonly between: 'users' | 'items';
  /** k, the maximum number of neighbours of a prediction; default 20. */
  readonly neighbours?: number | undefined;
  /** With fewer neighbours none is used; default 1. */
  readonly minimumNeighbours?: number | undefined;
  /** Default `cosine`. */
  readonly similarity?: SimilarityName | undefined;
  /** Fewer common ratings than this make a similarity 0; default 1. */
  readonly minimumSupport?: number | undefined;
  /** Of `pearson-baseline`; default 100. */
  readonly shrinkage?: number | undefined;
  /** Default `z-score`. */
  readonly prediction?: KnnPrediction | undefined;
  /** How the biases of `pearson-baseline` and of `baseline` predictions are estimated. */
  readonly biases?: BiasOptions | undefined;
  /** Maximum number of pairs of ratings that a call of `predict` compares; default 10^12. */
  readonly mostSteps?: number | undefined;
}

interface Fitted {
  readonly ratings: TrainingRatings;
  readonly own: RatingLists;
  readonly others: RatingLists;
  readonly rows: SimilarityRows;
  readonly mean: number;
  readonly biases: Biases | undefined;
  /**
   * Of each user (item): the base of its predictions, and the factor of the neighbours' deviations.
   */
  readonly centres: Float64Array;
  readonly spreads: Float64Array;
  /** The ratings of `others` as deviations from their centre, in units of their spread. */
  readonly deviations: Float64Array;
}

/** The neighbours of a pair: places in the lists of `others`, and the similarities of all. */
interface Neighbours {
  readonly places: Int32Array;
  readonly size: number;
  readonly similarities: Float64Array;
}

/**
 * k nearest neighbours. For user u and item i with `between: 'users'` (with items the two change
 * places), over the at most k users v most similar to u who have rated i, of positive similarity
 * s(u, v):
 *
 * - `basic`: sum s r_vi / sum s
 * - `means` (eq. 1 of the thesis): m_u + sum s (r_vi - m_v) / sum s
 * - `z-score` (eq. 2): m_u + d_u * sum s (r_vi - m_v) / d_v / sum s; d is the population deviation,
 *   a zero one replaced by that of all ratings
 * - `baseline` (Koren 2010, eq. 3): b_ui + sum s (r_vi - b_vi) / sum s with b_ui = mean + b_u + b_i
 *
 * Of equally similar ones, the k whose training rows come first are taken. With fewer than
 * `minimumNeighbours` the prediction is m_u or b_ui, for `basic` the global mean; for a user or
 * item without a training rating it is the global mean, for `baseline` mean + the known biases.
 * Predictions are clipped to the scale. These are the rules of Surprise 1.1.
 *
 * `fit` only prepares; similarities are computed by `predict`, once for each user (item) in a call,
 * so predict many pairs in one call.
 *
 * @example
 * const knn = new KnnRecommender({ between: 'items', similarity: 'pearson-baseline', prediction: 'baseline', neighbours: 40 });
 * knn.fit(ratings);
 */
export class KnnRecommender implements Recommender {
  readonly name: 'user-knn' | 'item-knn';
  readonly #options: Resolved<KnnOptions>;
  #fitted: Fitted | undefined;

  /** @throws UsageError naming the option that is wrong. */
  constructor(options: KnnOptions) {
    const between = checkOneOf('between', options.between, ['users', 'items']);
    this.name = between === 'users' ? 'user-knn' : 'item-knn';
    this.#options = {
      between,
      neighbours: checkInteger('neighbours', options.neighbours ?? 20),
      minimumNeighbours: checkInteger('minimumNeighbours', options.minimumNeighbours ?? 1),
      similarity: checkOneOf('similarity', options.similarity ?? 'cosine', similarityNames),
      minimumSupport: checkInteger('minimumSupport', options.minimumSupport ?? 1),
      shrinkage: checkPositive('shrinkage', options.shrinkage ?? 100, { zero: true }),
      prediction: checkOneOf('prediction', options.prediction ?? 'z-score', knnPredictions),
      biases: options.biases ?? {},
      mostSteps: checkPositive('mostSteps', options.mostSteps ?? usualSteps),
    };
    checkBiasOptions(this.#options.biases);
  }

  /**
   * Groups the ratings, and computes means, deviations and biases.
   * @throws UsageError when the ratings are not as `TrainingRatings` says.
   */
  fit(ratings: TrainingRatings): void {
    checkTrainingRatings(ratings);
    const { between, similarity, prediction, biases: biasOptions, minimumSupport, shrinkage } = this.#options;
    const byUsers = between === 'users';
    const own = byUsers ? listsByUser(ratings) : listsByItem(ratings);
    const others = byUsers ? listsByItem(ratings) : listsByUser(ratings);
    const needed = similarity === 'pearson-baseline' || prediction === 'baseline';
    const biases = needed ? estimateBiases(ratings, biasOptions) : undefined;
    const source = { own, others, similarity, minimumSupport, shrinkage };
    const fromBaseline = biases && {
      own: lessBaseline(own, biases, byUsers),
      others: lessBaseline(others, biases, !byUsers),
    };
    const rows = new SimilarityRows(
      similarity === 'pearson-baseline' && fromBaseline ? { ...source, deviations: fromBaseline } : source,
    );
    const { centres, spreads } = normalisation(own, prediction, ratings.values);
    const deviations =
      prediction === 'baseline' && fromBaseline ? fromBaseline.others : normalised(others, centres, spreads);
    this.#fitted = {
      ratings,
      own,
      others,
      rows,
      mean: globalMean(ratings.values),
      biases,
      centres,
      spreads,
      deviations,
    };
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  predict(users: Int32Array, items: Int32Array): Float32Array {
    return clipAll(this.score(users, items), (this.#fitted as Fitted).ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  score(users: Int32Array, items: Int32Array): Float32Array {
    const fitted = this.#known();
    checkPairs(users, items, fitted.ratings.userCount, fitted.ratings.itemCount);
    this.workOf(users, items);
    const predictions = new Float32Array(users.length);
    this.#eachPair(users, items, (row, owner, via, nearest) => {
      predictions[row] =
        nearest === undefined
          ? unknown(fitted, this.#options.prediction, users[row] as number, items[row] as number)
          : this.#fromNeighbours(fitted, owner, via, nearest).score;
    });
    return predictions;
  }

  /** The neighbours of each pair, with their similarities. @throws as `predict`. */
  reasons(users: Int32Array, items: Int32Array): Reasons[] {
    const fitted = this.#known();
    checkPairs(users, items, fitted.ratings.userCount, fitted.ratings.itemCount);
    this.workOf(users, items);
    const reasons = new Array<Reasons>(users.length);
    this.#eachPair(users, items, (row, owner, via, nearest) => {
      const [user, item] = [users[row] as number, items[row] as number];
      if (nearest === undefined) {
        reasons[row] = reasonsOf(unknown(fitted, this.#options.prediction, user, item), []);
        return;
      }
      const { others } = fitted;
      const { base, factor, isUsed } = this.#fromNeighbours(fitted, owner, via, nearest);
      const used = isUsed ? Array.from(nearest.places.subarray(0, nearest.size)) : [];
      const ratings = used.map((place) => {
        const neighbour = others.others[place] as number;
        const weight = nearest.similarities[neighbour] as number;
        return {
          ...(this.#options.between === 'users' ? { user: neighbour, item } : { user, item: neighbour }),
          ...{ rating: others.values[place] as number, weight },
          contribution: factor * weight * (fitted.deviations[place] as number),
        };
      });
      reasons[row] = reasonsOf(base, ratings);
    });
    return reasons;
  }

  /** As if the user had been in the training data. */
  reasonsForNewUser(own: NewUserRatings, items: Int32Array): Reasons[] {
    const { ratings } = this.#known();
    const again = new KnnRecommender(this.#options);
    again.fit(withNewUser(ratings, own));
    return again.reasons(new Int32Array(items.length).fill(ratings.userCount), items);
  }

  /**
   * A step compares a pair of ratings: for each requested user (item), all ratings of all items
   * (users) that it has in common with others.
   *
   * @throws UsageError before `fit`; `too-many-steps`.
   */
  workOf(users: Int32Array, items: Int32Array, times = 1): PairWork {
    const { own, others } = this.#known();
    const isByUser = this.#options.between === 'users';
    const steps = stepsOf(isByUser ? users : items, own, others);
    const total = steps.reduce((sum, each) => sum + each, 0);
    checkSteps(`predicting by ${this.name}`, total * times, this.#options.mostSteps);
    return { by: isByUser ? 'user' : 'item', steps };
  }

  /**
   * For each user all ratings are processed again; `user-knn` compares all ratings of the user's
   * items, `item-knn` those that the requested items have in common with others.
   *
   * @throws UsageError before `fit`; `too-many-steps`.
   */
  checkNewUsers(asked: readonly AskedOfNewUser[]): void {
    const { ratings, own, others } = this.#known();
    const byUsers = this.#options.between === 'users';
    const raters = (item: number) => (others.starts[item + 1] as number) - (others.starts[item] as number);
    const ofItem = byUsers
      ? undefined
      : stepsOf(
          Int32Array.from({ length: own.count }, (_, item) => item),
          own,
          others,
        );
    let last: Int32Array | undefined;
    let [total, ofLast] = [0, 0];
    for (const { own: shown, items } of asked) {
      if (ofItem && items !== last) {
        last = items;
        ofLast = items.reduce((sum, item) => sum + (ofItem[item] as number), 0);
      }
      const met = byUsers ? shown.items.reduce((sum, item) => sum + raters(item), 0) : ofLast;
      total += ratings.values.length + met;
    }
    checkSteps(`predicting ${asked.length} new users by ${this.name}`, total, this.#options.mostSteps);
  }

  /**
   * As if the user had been in the training data: a KNN learns nothing but lists, means and biases.
   */
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array {
    return scoreAsTrained(new KnnRecommender(this.#options), this.#known().ratings, own, items);
  }

  #known(): Fitted {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }

  /**
   * Calls back with each pair, and its neighbours; without them where the user or the item has no
   * ratings.
   */
  #eachPair(
    users: Int32Array,
    items: Int32Array,
    visit: (row: number, owner: number, via: number, nearest: Neighbours | undefined) => void,
  ): void {
    const { own, others, rows } = this.#known();
    const [owners, vias] = this.#options.between === 'users' ? [users, items] : [items, users];
    const asked = groupRows(owners, own.count);
    const nearest = new Nearest(Math.min(this.#options.neighbours, own.count));
    for (let owner = 0; owner < own.count; owner++) {
      const start = asked.starts[owner] as number;
      const end = asked.starts[owner + 1] as number;
      if (start === end) continue;
      const isKnown = (own.starts[owner] as number) < (own.starts[owner + 1] as number);
      const similarities = isKnown ? rows.row(owner) : undefined;
      for (let place = start; place < end; place++) {
        const row = asked.rows[place] as number;
        const via = vias[row] as number;
        const isRated = (others.starts[via] as number) < (others.starts[via + 1] as number);
        if (similarities === undefined || !isRated) {
          visit(row, owner, via, undefined);
          continue;
        }
        nearest.clear();
        const last = others.starts[via + 1] as number;
        for (let at = others.starts[via] as number; at < last; at++) {
          const similarity = similarities[others.others[at] as number] as number;
          if (similarity > 0) nearest.offer(at, similarity);
        }
        visit(row, owner, via, { places: nearest.places, size: nearest.size, similarities });
      }
    }
  }

  /** The score, and what it is made of: `base` plus `factor` times similarity times deviation. */
  #fromNeighbours(fitted: Fitted, owner: number, via: number, { places, size, similarities }: Neighbours) {
    const { others, deviations, centres, spreads, mean, biases } = fitted;
    const { minimumNeighbours, prediction } = this.#options;
    let weights = 0;
    let sum = 0;
    for (let index = 0; index < size; index++) {
      const place = places[index] as number;
      const similarity = similarities[others.others[place] as number] as number;
      weights += similarity;
      sum += similarity * (deviations[place] as number);
    }
    const isUsed = size >= minimumNeighbours;
    if (prediction === 'basic') {
      return { score: isUsed ? sum / weights : mean, base: isUsed ? 0 : mean, factor: 1 / weights, isUsed };
    }
    const [ofOwner, ofVia] =
      this.#options.between === 'users' ? [biases?.users, biases?.items] : [biases?.items, biases?.users];
    const base =
      prediction === 'baseline'
        ? mean + (ofOwner?.[owner] as number) + (ofVia?.[via] as number)
        : (centres[owner] as number);
    const spread = spreads[owner] as number;
    return { score: isUsed ? base + spread * (sum / weights) : base, base, factor: spread / weights, isUsed };
  }
}

/** For each requested owner, the number of ratings of everything that it has rated. */
function stepsOf(owners: Int32Array, own: RatingLists, others: RatingLists): Float64Array {
  const steps = new Float64Array(own.count);
  for (const owner of owners) {
    if (steps[owner] !== 0) continue;
    let sum = 0;
    for (let place = own.starts[owner] as number; place < (own.starts[owner + 1] as number); place++) {
      const via = own.others[place] as number;
      sum += (others.starts[via + 1] as number) - (others.starts[via] as number);
    }
    steps[owner] = sum;
  }
  return steps;
}

/** The prediction for a user or an item without a training rating. */
function unknown({ mean, biases }: Fitted, prediction: KnnPrediction, user: number, item: number): number {
  if (prediction !== 'baseline' || biases === undefined) return mean;
  return mean + (biases.users[user] as number) + (biases.items[item] as number);
}

/** Centre and spread of each list: 0 and 1 where the prediction does not use them. */
function normalisation(own: RatingLists, prediction: KnnPrediction, all: Float32Array) {
  const centres = new Float64Array(own.count);
  const spreads = new Float64Array(own.count).fill(1);
  if (prediction === 'basic' || prediction === 'baseline') return { centres, spreads };
  const overall = prediction === 'z-score' ? deviation(all, globalMean(all)) : 1;
  for (let owner = 0; owner < own.count; owner++) {
    const values = own.values.subarray(own.starts[owner], own.starts[owner + 1]);
    if (values.length === 0) continue;
    const centre = globalMean(values);
    centres[owner] = centre;
    // 1 where all ratings are equal: then every deviation is 0.
    if (prediction === 'z-score') spreads[owner] = deviation(values, centre) || overall || 1;
  }
  return { centres, spreads };
}

function deviation(values: Float32Array, mean: number): number {
  let squares = 0;
  for (let index = 0; index < values.length; index++) squares += ((values[index] as number) - mean) ** 2;
  return Math.sqrt(squares / values.length);
}

function normalised(others: RatingLists, centres: Float64Array, spreads: Float64Array): Float64Array {
  const deviations = new Float64Array(others.values.length);
  for (let place = 0; place < deviations.length; place++) {
    const owner = others.others[place] as number;
    deviations[place] = ((others.values[place] as number) - (centres[owner] as number)) / (spreads[owner] as number);
  }
  return deviations;
}

/** Each rating less mean + b_u + b_i, in the order of the lists. */
function lessBaseline(lists: RatingLists, biases: Biases, byUsers: boolean): Float64Array {
  const [ofOwners, ofOthers] = byUsers ? [biases.users, biases.items] : [biases.items, biases.users];
  const deviations = new Float64Array(lists.values.length);
  for (let owner = 0; owner < lists.count; owner++) {
    const centre = biases.mean + (ofOwners[owner] as number);
    const end = lists.starts[owner + 1] as number;
    for (let place = lists.starts[owner] as number; place < end; place++) {
      deviations[place] =
        (lists.values[place] as number) - (centre + (ofOthers[lists.others[place] as number] as number));
    }
  }
  return deviations;
}
