import { checkInteger, checkOneOf } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { listsByItem, listsByUser, type RatingLists, rowsByFirstAppearance } from './rating-lists.ts';
import { checkRates, globalMean, type NewUserRatings, type TrainingRatings } from './recommender.ts';

/** How the biases of users and items are estimated. */
export type BiasOptions =
  | {
      /** Alternating least squares. */
      readonly method?: 'als' | undefined;
      /** Default 10. */
      readonly epochs?: number | undefined;
      /** Added to the number of ratings of an item; default 10. */
      readonly itemRegularisation?: number | undefined;
      /** Added to the number of ratings of a user; default 15. */
      readonly userRegularisation?: number | undefined;
    }
  | {
      /** Stochastic gradient descent. */
      readonly method: 'sgd';
      /** Default 20. */
      readonly epochs?: number | undefined;
      /** Default 0.005. */
      readonly learningRate?: number | undefined;
      /** Default 0.02. */
      readonly regularisation?: number | undefined;
    };

/**
 * Global mean and biases: a rating is estimated as mean + users[u] + items[i]. 0 for those without
 * a rating.
 */
export interface Biases {
  readonly mean: number;
  readonly users: Float64Array;
  readonly items: Float64Array;
}

/** @throws UsageError naming the option that is wrong. */
export function checkBiasOptions(options: BiasOptions): void {
  const method = checkOneOf('method', options.method ?? 'als', ['als', 'sgd']);
  checkInteger('epochs', options.epochs ?? 1, 0, 1_000_000);
  const { method: _method, epochs: _epochs, ...rates } = options;
  const known = method === 'als' ? ['itemRegularisation', 'userRegularisation'] : ['learningRate', 'regularisation'];
  for (const name of Object.keys(rates)) checkOneOf('option of the biases', name, known);
  checkRates(rates);
}

/**
 * Estimates b_u and b_i of r = mean + b_u + b_i (Koren, Factor in the Neighbors, 2010, section
 * 2.1), starting from 0.
 *
 * `als`: in each epoch, first all items, b_i = sum over the ratings of i of (r - mean - b_u) /
 * (itemRegularisation + their number), then all users in the same way from the new b_i.
 *
 * `sgd`: rating by rating (users as they first appear, each user's rows in order), e = r - mean -
 * b_u - b_i, then b += learningRate * (e - regularisation * b) for both.
 */
export function estimateBiases(ratings: TrainingRatings, options: BiasOptions = {}): Biases {
  const biases = {
    mean: globalMean(ratings.values),
    users: new Float64Array(ratings.userCount),
    items: new Float64Array(ratings.itemCount),
  };
  if (options.method === 'sgd') descend(ratings, biases, options);
  else alternate(ratings, biases, options);
  return biases;
}

/**
 * The bias of a user who was not in the training data: what the last pass of `als` would give, or
 * where `sgd` would converge, sum e / (n (1 + regularisation)); 0 without ratings.
 */
export function biasOfNewUser(biases: Biases, own: NewUserRatings, options: BiasOptions): number {
  const count = own.items.length;
  if (count === 0) return 0;
  let sum = 0;
  for (let row = 0; row < count; row++) {
    sum += (own.values[row] as number) - biases.mean - (biases.items[own.items[row] as number] as number);
  }
  if (options.method === 'sgd') return sum / (count * (1 + (options.regularisation ?? 0.02)));
  return sum / ((options.userRegularisation ?? 15) + count);
}

function alternate(
  ratings: TrainingRatings,
  biases: Biases,
  options: BiasOptions & { method?: 'als' | undefined },
): void {
  const { epochs = 10, itemRegularisation = 10, userRegularisation = 15 } = options;
  const byItem = listsByItem(ratings);
  const byUser = listsByUser(ratings);
  for (let epoch = 0; epoch < epochs; epoch++) {
    leastSquares(byItem, biases.mean, biases.users, biases.items, itemRegularisation);
    leastSquares(byUser, biases.mean, biases.items, biases.users, userRegularisation);
  }
}

function leastSquares(
  lists: RatingLists,
  mean: number,
  given: Float64Array,
  wanted: Float64Array,
  regularisation: number,
): void {
  const { count, starts, others, values } = lists;
  for (let owner = 0; owner < count; owner++) {
    const start = starts[owner] as number;
    const end = starts[owner + 1] as number;
    if (start === end) continue;
    let deviation = 0;
    for (let place = start; place < end; place++) {
      deviation += (values[place] as number) - mean - (given[others[place] as number] as number);
    }
    wanted[owner] = deviation / (regularisation + end - start);
  }
}

function descend(ratings: TrainingRatings, biases: Biases, options: BiasOptions & { method: 'sgd' }): void {
  const { epochs = 20, learningRate = 0.005, regularisation = 0.02 } = options;
  const { users, items, values } = ratings;
  const rows = rowsByFirstAppearance(ratings);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place] as number;
      const user = users[row] as number;
      const item = items[row] as number;
      const ofUser = biases.users[user] as number;
      const ofItem = biases.items[item] as number;
      const error = (values[row] as number) - (biases.mean + ofUser + ofItem);
      biases.users[user] = ofUser + learningRate * (error - regularisation * ofUser);
      biases.items[item] = ofItem + learningRate * (error - regularisation * ofItem);
    }
  }
  checkConverged('baseline', biases.users, biases.items);
}

/** @throws UsageError `diverged` when gradient descent has left the finite numbers. */
export function checkConverged(name: string, ...learnt: readonly Float64Array[]): void {
  if (learnt.every((values) => values.every(Number.isFinite))) return;
  throw new UsageError(`${name} diverged: its parameters are no longer finite`, {
    code: 'diverged',
    remedy: 'Lower `learningRate`.',
  });
}
