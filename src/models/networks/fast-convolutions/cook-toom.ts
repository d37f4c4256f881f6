import { fraction, inverse, minus, plus, type Rational, times, toNumber } from './rational.ts';

/**
 * The matrices, row by row, of a convolution of `outputs` values with `taps` weights that needs
 * only `points` products.
 */
export interface CookToom {
  readonly outputs: number;
  readonly taps: number;
  /** outputs + taps - 1: the number of inputs, and of products. */
  readonly points: number;
  /** [points, points]: transforms the inputs. */
  readonly input: readonly (readonly number[])[];
  /** [points, taps]: transforms the weights. */
  readonly weights: readonly (readonly number[])[];
  /** [outputs, points]: transforms the products. */
  readonly output: readonly (readonly number[])[];
}

/**
 * Where the polynomials are evaluated, besides infinity: small fractions and their reciprocals lose
 * the fewest digits in float32.
 */
const places: readonly Rational[] = [
  fraction(0),
  fraction(1),
  fraction(-1),
  fraction(1, 2),
  fraction(-2),
  fraction(-1, 2),
  fraction(2),
];

/**
 * The maximum number of products: one for each point, and infinity. With more, float32 loses too
 * many digits.
 */
export const maxPoints = places.length + 1;

const one = fraction(1);

function product(left: readonly Rational[], right: readonly Rational[]): readonly Rational[] {
  const sum = Array.from({ length: left.length + right.length - 1 }, () => fraction(0));
  for (const [index, factor] of left.entries()) {
    for (const [offset, other] of right.entries()) {
      sum[index + offset] = plus(sum[index + offset] as Rational, times(factor, other));
    }
  }
  return sum;
}

const power = (base: Rational, exponent: number) => Array.from({ length: exponent }, () => base).reduce(times, one);

/**
 * Cook-Toom's convolution F(outputs, taps), as Winograd and Lavin use it (Lavin & Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2015): `output * ((weights * g) x (input * d))` is
 * the convolution of `taps` weights g with `points` values d at `outputs` places, with each product
 * `x` computed once. The matrices are computed in fractions and rounded once.
 *
 * @throws RangeError for more than `maxPoints` points, or fewer than two.
 *
 * @example
 * cookToom(2, 3).points; // 4 products for 2 outputs of 3 taps, where 6 would be taken directly
 */
export function cookToom(outputs: number, taps: number): CookToom {
  const key = `${outputs} ${taps}`;
  const known = made.get(key) ?? workedOut(outputs, taps);
  made.set(key, known);
  return known;
}

const made = new Map<string, CookToom>();

function workedOut(outputs: number, taps: number): CookToom {
  const points = outputs + taps - 1;
  if (!(outputs >= 1 && taps >= 1 && points >= 2 && points <= maxPoints)) {
    throw new RangeError(`a convolution of ${taps} taps cannot be computed in tiles of ${outputs} outputs`);
  }
  const finite = places.slice(0, points - 1);
  const factor = (place: Rational) => [minus(place), one];
  const input: (readonly Rational[])[] = [];
  const weights: (readonly Rational[])[] = [];
  for (const place of finite) {
    const others = finite.filter((other) => other !== place);
    const scale = inverse(others.map((other) => plus(place, minus(other))).reduce(times, one));
    input.push([...others.map(factor).reduce(product, [one]), fraction(0)]);
    weights.push(Array.from({ length: taps }, (_, tap) => times(power(place, tap), scale)));
  }
  input.push(finite.map(factor).reduce(product, [one]));
  weights.push(Array.from({ length: taps }, (_, tap) => fraction(tap === taps - 1 ? 1 : 0)));
  const output = Array.from({ length: outputs }, (_, row) => [
    ...finite.map((place) => power(place, row)),
    fraction(row === outputs - 1 ? 1 : 0),
  ]);
  const numbers = (matrix: readonly (readonly Rational[])[]) => matrix.map((row) => row.map(toNumber));
  return { outputs, taps, points, input: numbers(input), weights: numbers(weights), output: numbers(output) };
}
