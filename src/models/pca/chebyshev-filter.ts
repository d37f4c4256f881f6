import type { MatMul } from './mat-mul.ts';
import type { SymmetricOperator } from './symmetric-operator.ts';

/**
 * How far a filter may lift the largest eigenvalue above the damped ones. Columns close to
 * eigenvectors tolerate as much as float64 has digits for, because they contain little of the
 * largest; those of the first filter do not.
 */
const firstLiftLimit = 1e12;
const liftLimit = 1e16;
const float32LiftLimit = 1e6;
const degreeLimit = 8;
/** Eigenvalues below this fraction of the largest are treated as zero. */
const minShare = 1e-10;
/**
 * Columns whose quotient exceeds the damped interval by this factor are converged, to about 1e-7,
 * after filters of this total degree.
 */
const foundRatio = 4;
const foundDegree = 7;

/** Multiplies a block by the matrix, into `target`. */
type Times = (block: Float64Array, target: Float64Array) => Promise<Float64Array>;

/**
 * Applies T_m((2 A - b) / b), the Chebyshev polynomial that stays within +-1 on [0, b] and grows
 * fastest beyond, to a block of columns (Zhou, Saad, Tiago and Chelikowsky 2006), with b the
 * smallest Rayleigh quotient of the block and the degree m as high as precision allows. Once the
 * leading columns have converged they are set aside: A is replaced by A - V L V', which leaves so
 * little to lift that float32 products on fewer columns suffice.
 */
export class ChebyshevFilter {
  readonly #operator: SymmetricOperator;
  readonly #matMul: MatMul;
  #degrees = 0;

  constructor(operator: SymmetricOperator, matMul: MatMul) {
    this.#operator = operator;
    this.#matMul = matMul;
  }

  /**
   * The filtered block. Its columns are no longer orthonormal.
   *
   * @param basis n x `columns`, orthonormal columns, roughly by falling Rayleigh quotient;
   * overwritten.
   * @param image the matrix x basis; overwritten.
   */
  async apply(
    basis: Float64Array,
    image: Float64Array,
    columns: number,
    quotients: Float64Array,
  ): Promise<Float64Array> {
    const largest = quotients.reduce((most, value) => Math.max(most, value), Number.MIN_VALUE);
    const least = quotients.reduce((smallest, value) => Math.min(smallest, value), largest);
    const bound = Math.max(least, minShare * largest);
    if (this.#degrees < foundDegree) {
      const lift = this.#degrees === 0 ? firstLiftLimit : liftLimit;
      const times: Times = (block, target) => this.#operator.times(block, columns, 'float64', target);
      return this.#polynomial(times, basis, image, bound, largest, lift);
    }
    const { dimension } = this.#operator;
    const found = quotients.findIndex((value) => value < foundRatio * bound);
    const left = columns - found;
    const axes = columnsOf(basis, dimension, columns, 0, found);
    const times: Times = (block, target) => this.#timesRest(block, left, axes, quotients.subarray(0, found), target);
    const filtered = await this.#polynomial(
      times,
      columnsOf(basis, dimension, columns, found, columns),
      columnsOf(image, dimension, columns, found, columns),
      bound,
      quotients.subarray(found).reduce((most, value) => Math.max(most, value), bound),
      float32LiftLimit,
    );
    for (let row = 0; row < dimension; row++) {
      basis.set(filtered.subarray(row * left, (row + 1) * left), row * columns + found);
    }
    return basis;
  }

  /**
   * The three-term recurrence T_(j+1) = 2 x T_j - T_(j-1), which starts from the image of the
   * basis.
   */
  async #polynomial(
    times: Times,
    basis: Float64Array,
    image: Float64Array,
    bound: number,
    largest: number,
    lift: number,
  ): Promise<Float64Array> {
    const reach = Math.acosh(Math.max((2 * largest) / bound - 1, 1 + 1e-12));
    const degree = Math.max(1, Math.min(degreeLimit, Math.floor(Math.acosh(lift) / reach)));
    this.#degrees += degree;
    const scale = 2 / bound;
    let current = combine(image, scale, basis, -1);
    let previous = basis;
    // Three blocks take turns: new ones at each step would be many megabytes of garbage before they
    // are collected.
    let spare: Float64Array = new Float64Array(basis.length);
    for (let step = 2; step <= degree; step++) {
      const next = combine(await times(current, spare), 2 * scale, current, -2);
      for (let index = 0; index < next.length; index++) {
        next[index] = (next[index] as number) - (previous[index] as number);
      }
      spare = previous;
      previous = current;
      current = next;
    }
    return current;
  }

  /** (A - V L V') block in float32, with V the converged columns and L their Rayleigh quotients. */
  async #timesRest(
    block: Float64Array,
    columns: number,
    axes: Float64Array,
    values: Float64Array,
    target: Float64Array,
  ): Promise<Float64Array> {
    const image = await this.#operator.times(block, columns, 'float32', target);
    const found = values.length;
    if (found === 0) return image;
    const operand = { values: axes, rows: this.#operator.dimension, columns: found };
    const shares = await this.#matMul.multiply(
      { ...operand, transposed: true },
      { values: block, rows: operand.rows, columns },
    );
    for (let row = 0, at = 0; row < found; row++) {
      for (let column = 0; column < columns; column++, at++) {
        shares[at] = (shares[at] as number) * (values[row] as number);
      }
    }
    return combine(image, 1, await this.#matMul.multiply(operand, { values: shares, rows: found, columns }), -1);
  }
}

/** a x left + b x right, into `left`. */
export function combine(left: Float64Array, a: number, right: Float64Array, b: number): Float64Array {
  for (let index = 0; index < left.length; index++) {
    left[index] = a * (left[index] as number) + b * (right[index] as number);
  }
  return left;
}

function columnsOf(block: Float64Array, rows: number, columns: number, from: number, to: number): Float64Array {
  const part = new Float64Array(rows * (to - from));
  for (let row = 0; row < rows; row++) {
    part.set(block.subarray(row * columns + from, row * columns + to), row * (to - from));
  }
  return part;
}
