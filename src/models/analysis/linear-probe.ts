import { solvePositive } from '../recommenders/solve-positive.ts';
import { type Points, pointsAt } from './points.ts';

const FOLDS = 5;
const RIDGES = [1, 10, 100, 1000, 10000] as const;

/** How much of a number is in the features, linearly. */
export interface LinearProbe {
  /**
   * 1 - squared error / squared error of the mean, on items left out. At most 1, 0 for the mean,
   * below 0 where the features mislead.
   */
  readonly r2: number;
  readonly items: number;
  readonly folds: number;
}

/**
 * Predicts a number of each item, such as its mean rating, from its features by ridge regression on
 * standardised values, in five folds. The penalty is the one of 1, 10, 100, 1000 and 10000 that
 * does best on the fold after the one left out, which the regression that chooses has not seen.
 *
 * @param targets float64[count]; every fifth item is a fold, so let items come in no order of it.
 */
export function linearProbe(items: Points, targets: Float64Array): LinearProbe {
  let [error, baseline] = [0, 0];
  const all = Array.from({ length: items.count }, (_, row) => row);
  for (let fold = 0; fold < FOLDS; fold++) {
    const test = all.filter((row) => row % FOLDS === fold);
    const tuning = all.filter((row) => row % FOLDS === (fold + 1) % FOLDS);
    const train = all.filter((row) => row % FOLDS !== fold);
    const inner = train.filter((row) => row % FOLDS !== (fold + 1) % FOLDS);
    if (inner.length < 2) continue;
    const choose = new Ridge(items, targets, inner);
    const errors = RIDGES.map((penalty) => choose.squaredError(penalty, tuning));
    const fitted = new Ridge(items, targets, train);
    error += fitted.squaredError(RIDGES[errors.indexOf(Math.min(...errors))] as number, test);
    for (const row of test) baseline += ((targets[row] as number) - fitted.mean) ** 2;
  }
  return { r2: 1 - error / baseline, items: items.count, folds: FOLDS };
}

/** Ridge regressions on the same rows: the products are made once for all penalties. */
class Ridge {
  readonly mean: number;
  readonly #items: Points;
  readonly #targets: Float64Array;
  readonly #means: Float64Array;
  readonly #deviations: Float64Array;
  readonly #products: Float64Array;
  readonly #sides: Float64Array;

  constructor(items: Points, targets: Float64Array, rows: readonly number[]) {
    const { dimension } = items;
    this.#items = items;
    this.#targets = targets;
    this.mean = rows.reduce((sum, row) => sum + (targets[row] as number), 0) / rows.length;
    const { values, count } = pointsAt(items, rows);
    const column = (axis: number) =>
      Array.from({ length: count }, (_, row) => values[row * dimension + axis] as number);
    this.#means = new Float64Array(dimension);
    this.#deviations = new Float64Array(dimension);
    for (let axis = 0; axis < dimension; axis++) {
      const of = column(axis);
      const mean = of.reduce((sum, value) => sum + value, 0) / count;
      this.#means[axis] = mean;
      this.#deviations[axis] = Math.sqrt(of.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) || 1;
    }
    this.#products = new Float64Array(dimension * dimension);
    this.#sides = new Float64Array(dimension);
    for (const row of rows) this.#add(this.#standardised(row), (targets[row] as number) - this.mean);
  }

  squaredError(penalty: number, rows: readonly number[]): number {
    const { dimension } = this.#items;
    const raised = this.#products.slice();
    for (let axis = 0; axis < dimension; axis++)
      raised[axis * (dimension + 1)] = (raised[axis * (dimension + 1)] as number) + penalty;
    const weights = solvePositive(raised, this.#sides.slice());
    return rows.reduce((sum, row) => {
      const predicted = this.#standardised(row).reduce(
        (part, value, axis) => part + value * (weights[axis] as number),
        this.mean,
      );
      return sum + ((this.#targets[row] as number) - predicted) ** 2;
    }, 0);
  }

  #standardised(row: number): Float64Array {
    const { values, dimension } = this.#items;
    return this.#means.map(
      (mean, axis) => ((values[row * dimension + axis] as number) - mean) / (this.#deviations[axis] as number),
    );
  }

  #add(x: Float64Array, target: number): void {
    const n = x.length;
    for (let row = 0; row < n; row++) {
      const left = x[row] as number;
      this.#sides[row] = (this.#sides[row] as number) + left * target;
      for (let column = 0; column < n; column++) {
        this.#products[row * n + column] = (this.#products[row * n + column] as number) + left * (x[column] as number);
      }
    }
  }
}
