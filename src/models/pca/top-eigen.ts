import { randomTensor } from '../weights/random-weights.ts';
import { ChebyshevFilter, combine } from './chebyshev-filter.ts';
import { type MatMul, onnxMatMul } from './mat-mul.ts';
import { orthonormalise } from './orthonormalise.ts';
import { type Eigen, symmetricEigen } from './symmetric-eigen.ts';
import type { SymmetricOperator } from './symmetric-operator.ts';

/** Up to this dimension all eigenvectors are computed directly. */
const directDimension = 512;
/**
 * Extra columns speed up the convergence of the last wanted ones. Measured: fewer cost more rounds,
 * a fifth costs more than it saves.
 */
const spareShare = 0.15;
const leastSpare = 16;
/**
 * Iteration ends when a round adds less than this fraction to the wanted Rayleigh quotients. They
 * lag behind the subspace: at the end of the benchmark's fit (4096 dimensions, 600 wanted, the last
 * 200 of them in a cluster of noise) the variance captured is within 1e-8 of the optimum, every
 * eigenvalue within 5e-6.
 */
const growthTolerance = 3e-4;
const roundLimit = 40;
const seed = 20;

/**
 * The number of eigenvectors wanted, given estimates of the largest eigenvalues, largest first;
 * undefined if more estimates are needed.
 */
export type Wanted = (estimates: Float64Array) => number | undefined;

/**
 * The largest eigenvalues of a symmetric positive semi-definite matrix and their eigenvectors, one
 * per row.
 *
 * Up to 512 dimensions directly. Above, by subspace iteration with Chebyshev filters (Zhou, Saad,
 * Tiago and Chelikowsky 2006): a block of q columns, some more than wanted, is multiplied by a
 * polynomial of the matrix that stays within +-1 on [0, b] and grows fastest beyond it, with b the
 * smallest Rayleigh quotient of the block; then made orthonormal by Cholesky QR. It ends when a
 * round adds less than 3e-4 to the sum of the wanted Rayleigh quotients; the small projected matrix
 * is then diagonalised (Rayleigh-Ritz). The start is fixed, so equal matrices give equal bytes.
 * Well-separated eigenvectors are then exact to rounding; in a cluster of nearly equal eigenvalues
 * that extends beyond those wanted, the last ones are found less exactly than their sum.
 *
 * @param start columns to begin with.
 * @returns at least as many as wanted.
 */
export async function topEigen(
  operator: SymmetricOperator,
  wanted: Wanted,
  start: number,
  matMul: MatMul = onnxMatMul(),
): Promise<Eigen> {
  const n = operator.dimension;
  const columnsFor = (count: number) => Math.min(n, count + Math.max(leastSpare, Math.ceil(spareShare * count)));
  let columns = columnsFor(start);
  if (n <= directDimension || columns > 0.75 * n) return symmetricEigen(operator.dense(), n);
  let basis = await orthonormalise(randomColumns(n, 0, columns), n, columns, matMul);
  let before = 0;
  let filter = new ChebyshevFilter(operator, matMul);
  for (let round = 0; ; round++) {
    const image = await operator.times(basis, columns);
    const quotients = rayleighQuotients(basis, image, columns);
    const estimates = quotients.slice().sort((left, right) => right - left);
    const count = wanted(estimates);
    const enough = count !== undefined && columnsFor(count) <= columns;
    if (!enough && round >= 2) {
      const more = columnsFor(Math.max(count ?? 0, 2 * columns));
      if (more > 0.75 * n) return symmetricEigen(operator.dense(), n);
      basis = await orthonormalise(widen(basis, n, columns, more), n, more, matMul);
      columns = more;
      before = 0;
      filter = new ChebyshevFilter(operator, matMul);
      round = 0;
      continue;
    }
    const captured = estimates.subarray(0, count ?? columns).reduce((sum, value) => sum + value, 0);
    if (enough && round >= 2 && (captured - before <= growthTolerance * captured || round >= roundLimit)) {
      return project(basis, image, n, columns, matMul);
    }
    before = captured;
    // The quotients of random columns say nothing yet: one plain multiplication, kept at full rank
    // by adding a little of the identity.
    const filtered =
      round === 0
        ? combine(image, 1, basis, (1e-3 * operator.trace) / n)
        : await filter.apply(basis, image, columns, quotients);
    basis = await orthonormalise(filtered, n, columns, matMul);
  }
}

function rayleighQuotients(basis: Float64Array, image: Float64Array, columns: number): Float64Array {
  const quotients = new Float64Array(columns);
  for (let at = 0; at < basis.length; ) {
    for (let column = 0; column < columns; column++, at++) {
      quotients[column] = (quotients[column] as number) + (basis[at] as number) * (image[at] as number);
    }
  }
  return quotients;
}

/** Rayleigh-Ritz: the eigenpairs of the matrix restricted to the basis. */
async function project(
  basis: Float64Array,
  image: Float64Array,
  n: number,
  columns: number,
  matMul: MatMul,
): Promise<Eigen> {
  const operand = { values: basis, rows: n, columns };
  const small = await matMul.multiply({ ...operand, transposed: true }, { values: image, rows: n, columns });
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) {
      const value = ((small[i * columns + j] as number) + (small[j * columns + i] as number)) / 2;
      small[i * columns + j] = value;
      small[j * columns + i] = value;
    }
  }
  const { values, vectors } = await symmetricEigen(small, columns);
  const turned = await matMul.multiply(
    { values: vectors, rows: columns, columns },
    { values: basis, rows: n, columns, transposed: true },
  );
  return { values, vectors: turned };
}

/** Seeded uniform columns, from number `from` on, as a separate block. */
function randomColumns(n: number, from: number, columns: number): Float64Array {
  const block = new Float64Array(n * columns);
  let filled = 0;
  // A fan-in of 6 makes them uniform in +-1.
  for (const piece of randomTensor(seed, `subspace from column ${from}`, [n, columns], 6).pieces()) {
    const values = new Float32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4);
    block.set(values, filled);
    filled += values.length;
  }
  return block;
}

function widen(basis: Float64Array, n: number, columns: number, more: number): Float64Array {
  const added = more - columns;
  const random = randomColumns(n, columns, added);
  const block = new Float64Array(n * more);
  for (let row = 0; row < n; row++) {
    block.set(basis.subarray(row * columns, (row + 1) * columns), row * more);
    block.set(random.subarray(row * added, (row + 1) * added), row * more + columns);
  }
  return block;
}
