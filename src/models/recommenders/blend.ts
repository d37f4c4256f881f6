import { checkInteger, checkOneOf, checkPositive } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { randomIntegers } from '../../core/random-integers.ts';
import { checkParts, newUserScores, scoresOf, workOfParts } from './parts.ts';
import type { Reasons, UsedPart } from './reasons.ts';
import type { AskedOfNewUser, NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, notFitted } from './recommender.ts';
import { solvePositive } from './solve-positive.ts';
import type { PairWork } from './work.ts';

/** Options of `BlendRecommender`. */
export interface BlendOptions {
  readonly parts: readonly Recommender[];
  /** One for each part, of at least 0; they are divided by their sum. Default: by validation. */
  readonly weights?: readonly number[] | undefined;
  /**
   * What the weights are fitted to: a tenth of the ratings (default), or all ratings of a tenth of
   * the items, so that each part is judged on items that it has not seen.
   */
  readonly heldOut?: 'ratings' | 'items' | undefined;
  /** Seeds the choice of what is held out; default 0. */
  readonly seed?: number | undefined;
}

const share = 0.1;
/** With more parts there would be too many subsets to try. */
const mostParts = 8;

/**
 * The weighted mean of the predictions of several recommenders. Weights that are not given are
 * those, non-negative and with sum 1, that minimise the squared error over a tenth of the ratings,
 * which the parts do not see; then all parts are fitted again, to all ratings.
 *
 * @example
 * const blend = new BlendRecommender({ parts: [new SvdRecommender(), new KnnRecommender({ between: 'items' })] });
 * await blend.fit(ratings);
 * console.log(blend.weights);
 */
export class BlendRecommender implements Recommender {
  readonly name = 'blend';
  readonly #options: BlendOptions;
  #fitted: { readonly ratings: TrainingRatings; readonly weights: readonly number[] } | undefined;

  /** @throws UsageError naming the option that is wrong. */
  constructor(options: BlendOptions) {
    const { parts, weights } = options;
    checkInteger('number of parts', parts.length, 2, mostParts);
    checkParts('blend', parts);
    if (weights !== undefined && weights.length !== parts.length) {
      throw new UsageError(
        `\`weights\` must have one number for each of ${parts.length} parts, but has ${weights.length}`,
      );
    }
    for (const [at, weight] of weights?.entries() ?? []) checkPositive(`weights[${at}]`, weight, { zero: true });
    if (weights?.every((weight) => weight === 0)) throw new UsageError('`weights` must not all be 0');
    checkOneOf('heldOut', options.heldOut ?? 'ratings', ['ratings', 'items']);
    checkInteger('seed', options.seed ?? 0, 0, 0xffffffff);
    this.#options = options;
  }

  /** The weight of each part; they sum to 1. @throws UsageError before `fit`. */
  get weights(): readonly number[] {
    return this.#known().weights;
  }

  /** @throws what `fit` of the parts throws; UsageError when too few ratings are left to judge by. */
  async fit(ratings: TrainingRatings): Promise<void> {
    checkTrainingRatings(ratings);
    const { weights = await this.#bestWeights(ratings), parts } = this.#options;
    for (const part of parts) await part.fit(ratings);
    this.#fitted = { ratings, weights: sharesOf(weights) };
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  async predict(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    return clipAll(await this.score(users, items), this.#known().ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  async score(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const { ratings } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    return this.#mean(items.length, (part) => scoresOf(part, users, items));
  }

  /** @throws UsageError `no-new-users` when a part cannot serve a new user. */
  async scoreNewUser(own: NewUserRatings, items: Int32Array): Promise<Float32Array> {
    return this.#mean(items.length, (part) => newUserScores(part, own, items));
  }

  /** What each part adds. @throws as `predict`. */
  async reasons(users: Int32Array, items: Int32Array): Promise<Reasons[]> {
    const { ratings } = this.#known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    return this.#reasons(items.length, (part) => scoresOf(part, users, items));
  }

  /** The same of `scoreNewUser`. */
  async reasonsForNewUser(own: NewUserRatings, items: Int32Array): Promise<Reasons[]> {
    return this.#reasons(items.length, (part) => newUserScores(part, own, items));
  }

  /** The work of all parts with a weight. @throws UsageError before `fit`; `too-many-steps`. */
  workOf(users: Int32Array, items: Int32Array, times?: number): PairWork {
    const parts = this.#counting().map(({ part }) => ({ part }));
    return workOfParts(parts, users, items, this.#known().ratings, times);
  }

  /** Checks all parts with a weight. @throws UsageError before `fit`; `too-many-steps`. */
  checkNewUsers(asked: readonly AskedOfNewUser[]): void {
    for (const { part } of this.#counting()) part.checkNewUsers?.(asked);
  }

  /** The parts that have a weight. */
  #counting(): { readonly part: Recommender; readonly weight: number }[] {
    const { weights } = this.#known();
    return this.#options.parts.flatMap((part, at) => {
      const weight = weights[at] as number;
      return weight === 0 ? [] : [{ part, weight }];
    });
  }

  async #mean(length: number, scored: (part: Recommender) => Promise<Float32Array>): Promise<Float32Array> {
    const sums = new Float64Array(length);
    for (const { part, weight } of this.#counting()) {
      for (const [row, value] of (await scored(part)).entries()) sums[row] = (sums[row] as number) + weight * value;
    }
    return Float32Array.from(sums);
  }

  async #reasons(length: number, scored: (part: Recommender) => Promise<Float32Array>): Promise<Reasons[]> {
    const parts = Array.from({ length }, (): UsedPart[] => []);
    for (const { part, weight } of this.#counting()) {
      for (const [row, score] of (await scored(part)).entries()) {
        parts[row]?.push({ recommender: part.name, weight, score });
      }
    }
    return parts.map((own) => ({ base: 0, ratings: [], parts: own }));
  }

  async #bestWeights(ratings: TrainingRatings): Promise<number[]> {
    const { parts, heldOut = 'ratings', seed = 0 } = this.#options;
    const drawn = heldOut === 'items' ? ratings.items : ratings.items.map((_, row) => row);
    const isHeld = aTenth(drawn, seed);
    const rows = (held: number) => Int32Array.from(drawn.keys()).filter((row) => isHeld[drawn[row] as number] === held);
    const [learnt, judged] = [rowsOf(ratings, rows(0)), rowsOf(ratings, rows(1))];
    if (learnt.users.length === 0 || judged.users.length === 0) {
      throw new UsageError(`${ratings.users.length} ratings are too few to find the weights of a blend by`, {
        code: 'ratings',
        remedy: 'Give `weights`.',
      });
    }
    const predictions: Float32Array[] = [];
    for (const part of parts) {
      await part.fit(learnt);
      predictions.push(await part.predict(judged.users, judged.items));
    }
    return simplexWeights(predictions, judged.values);
  }

  #known() {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}

/**
 * Weights divided by their sum, in whole steps of a float32 below 1: saved beside a network's, they
 * are 1 together to the last bit, and those of a saved blend stay as they are.
 */
function sharesOf(weights: readonly number[]): number[] {
  const step = 2 ** -24;
  const total = sumOf(weights);
  const shares = weights.map((weight) => Math.round(weight / total / step) * step);
  const largest = shares.indexOf(Math.max(...shares));
  return shares.map((part, at) => (at === largest ? part + 1 - sumOf(shares) : part));
}

function sumOf(values: readonly number[] | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** Flags a tenth of the distinct numbers, at least one. */
function aTenth(numbers: Int32Array, seed: number): Uint8Array {
  const isThere = new Uint8Array(numbers.reduce((most, number) => Math.max(most, number), 0) + 1);
  for (const number of numbers) isThere[number] = 1;
  const left = Int32Array.from(isThere.keys()).filter((number) => isThere[number] === 1);
  const next = randomIntegers(`reelflow-blend-2:${seed}`);
  const isHeld = new Uint8Array(isThere.length);
  const wanted = Math.max(1, Math.round(share * left.length));
  for (let at = 0; at < wanted; at++) {
    const other = at + ((next() >>> 0) % (left.length - at));
    isHeld[left[other] as number] = 1;
    left[other] = left[at] as number;
  }
  return isHeld;
}

function rowsOf(ratings: TrainingRatings, rows: Int32Array): TrainingRatings {
  return {
    ...ratings,
    users: Int32Array.from(rows, (row) => ratings.users[row] as number),
    items: Int32Array.from(rows, (row) => ratings.items[row] as number),
    values: Float32Array.from(rows, (row) => ratings.values[row] as number),
  };
}

/**
 * Weights of at least 0 and 1 together whose mean of the predictions has the least squared error:
 * the best of the solutions for each choice of parts that have no weight below 0. With the errors
 * e = prediction - rating, w'E'E w is least for w ~ (E'E)^-1 1.
 */
export function simplexWeights(predictions: readonly Float32Array[], values: Float32Array): number[] {
  const count = predictions.length;
  const errors = predictions.map((of) => Float64Array.from(of, (value, row) => value - (values[row] as number)));
  const gram = errors.map((one) =>
    errors.map((other) => one.reduce((sum, value, row) => sum + value * (other[row] as number), 0)),
  );
  let best: { readonly weights: number[]; readonly loss: number } | undefined;
  for (let choice = 1; choice < 1 << count; choice++) {
    const chosen = predictions.map((_, part) => part).filter((part) => (choice >> part) % 2 === 1);
    const size = chosen.length;
    const matrix = new Float64Array(size * size);
    for (const [row, one] of chosen.entries()) {
      for (const [column, other] of chosen.entries()) matrix[row * size + column] = gram[one]?.[other] as number;
      // Parts with equal predictions share their weight.
      matrix[row * size + row] = (matrix[row * size + row] as number) * (1 + 1e-9) + 1e-12;
    }
    const solved = solvePositive(matrix, new Float64Array(size).fill(1));
    if (solved.some((weight) => weight < 0)) continue;
    const sum = sumOf(solved);
    // 1 / sum is the squared error at w = solved / sum.
    if (best !== undefined && !(1 / sum < best.loss)) continue;
    const weights = new Array<number>(count).fill(0);
    for (const [row, part] of chosen.entries()) weights[part] = (solved[row] as number) / sum;
    best = { weights, loss: 1 / sum };
  }
  return (best as { readonly weights: number[] }).weights;
}
