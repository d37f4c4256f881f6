import { ModelError } from '../../core/errors.ts';
import { inverseCholesky } from './inverse-cholesky.ts';
import type { MatMul } from './mat-mul.ts';

/** A pass whose smallest pivot is above this leaves columns orthogonal to about 1e-13. */
const goodPivot = 1e-3;
/** Below this the factorisation is repeated with a shift, which keeps it from breaking down. */
const minUsefulPivot = 1e-11;
const shift = 1e-10;
const passLimit = 8;

/**
 * Orthonormal columns with the same leading spans, by shifted Cholesky QR with column scaling
 * (Fukaya, Kannan, Nakatsukasa, Yamamoto and Yanagisawa 2020): G = Y'Y scaled to a diagonal of
 * ones, G = L L', Y <- Y L^-T, repeated until G is close to the identity.
 *
 * @param block rows x columns, row-major; not changed.
 * @throws ModelError `shape` if the columns are linearly dependent.
 */
export async function orthonormalise(
  block: Float64Array,
  rows: number,
  columns: number,
  matMul: MatMul,
): Promise<Float64Array> {
  let basis = block;
  for (let pass = 0; pass < passLimit; pass++) {
    const operand = { values: basis, rows, columns };
    const gram = await matMul.multiply({ ...operand, transposed: true }, operand);
    const scales = Float64Array.from({ length: columns }, (_, i) => 1 / Math.sqrt(gram[i * columns + i] as number));
    if (!scales.every(Number.isFinite)) break;
    for (let i = 0, at = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++, at++) {
        gram[at] = (gram[at] as number) * (scales[i] as number) * (scales[j] as number);
      }
    }
    let factor = await inverseCholesky(gram, columns, matMul);
    const pivot = factor.minPivot;
    if (!(pivot > minUsefulPivot)) {
      for (let i = 0; i < columns; i++) gram[i * columns + i] = 1 + shift * columns;
      factor = await inverseCholesky(gram, columns, matMul);
      if (!(factor.minPivot > 0)) break;
    }
    const { inverse } = factor;
    for (let i = 0, at = 0; i < columns; i++) {
      for (let j = 0; j < columns; j++, at++) inverse[at] = (inverse[at] as number) * (scales[j] as number);
    }
    basis = await matMul.multiply(operand, { values: inverse, rows: columns, columns, transposed: true });
    if (pivot > goodPivot) return basis;
  }
  throw new ModelError('shape', `${columns} columns of ${rows} values are linearly dependent`, {
    remedy: 'Ask for fewer components: the rows vary in fewer directions.',
  });
}
