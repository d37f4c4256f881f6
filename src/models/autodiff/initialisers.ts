import { UsageError } from '../../core/errors.ts';
import { randomIntegers } from '../../core/random-integers.ts';

/** Returns uniform numbers in [0, 1). */
export type Uniform = () => number;

/** Fills a new weight: its values in row-major order. */
export type Initialiser = (shape: readonly number[], uniform: Uniform) => Float32Array;

/**
 * A generator for one named tensor of a seeded module: its values do not depend on what is
 * generated before it.
 */
export function seededUniform(seed: number, name: string): Uniform {
  const next = randomIntegers(`reelflow-initial-weights-1:${seed}:${name}`);
  return () => (next() >>> 0) / 2 ** 32;
}

const size = (shape: readonly number[]): number => shape.reduce((product, axis) => product * axis, 1);

/** Sets all values to a constant. */
export function filled(value: number): Initialiser {
  return (shape) => new Float32Array(size(shape)).fill(value);
}

/** Uniform in +-bound. Keras's default for embeddings is 0.05. */
export function uniformWithin(bound: number): Initialiser {
  return (shape, uniform) => Float32Array.from({ length: size(shape) }, () => (2 * uniform() - 1) * bound);
}

/**
 * Uniform in +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010, eq. 16): Keras's default for
 * kernels [inputs, outputs].
 */
export const glorotUniform: Initialiser = (shape, uniform) => {
  if (shape.length !== 2) throw new UsageError(`glorotUniform needs a two-dimensional shape, but got [${shape}]`);
  return uniformWithin(Math.sqrt(6 / ((shape[0] as number) + (shape[1] as number))))(shape, uniform);
};

/**
 * The forget part of an LSTM bias [4 units] is 1, the rest 0 (Jozefowicz et al. 2015): Keras's
 * `unit_forget_bias`.
 */
export const forgetBias: Initialiser = (shape) => {
  const units = size(shape) / 4;
  return new Float32Array(4 * units).fill(1, units, 2 * units);
};

/**
 * A matrix [n, m] whose shorter axis is orthonormal (Saxe et al. 2014): Keras's default for
 * recurrent kernels. Normal numbers, orthonormalised twice by modified Gram-Schmidt in float64.
 */
export const orthogonal: Initialiser = (shape, uniform) => {
  if (shape.length !== 2) throw new UsageError(`orthogonal needs a two-dimensional shape, but got [${shape}]`);
  const [rows, columns] = shape as readonly [number, number];
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const vectors: Float64Array[] = [];
  for (let index = 0; index < count; index++) {
    const vector = Float64Array.from({ length }, () => normal(uniform));
    for (let pass = 0; pass < 2; pass++) {
      for (const earlier of vectors) subtractProjection(vector, earlier);
    }
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = rows <= columns ? vectors[row]?.[column] : vectors[column]?.[row];
      values[row * columns + column] = value as number;
    }
  }
  return values;
};

/** A standard normal number (Box and Muller 1958). */
export function normal(uniform: Uniform): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number);
  return sum;
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const factor = dot(vector, unit);
  for (let index = 0; index < vector.length; index++)
    vector[index] = (vector[index] as number) - factor * (unit[index] as number);
}
