import { type MatMul, onnxMatMul } from './mat-mul.ts';
import type { ProductPrecision } from './symmetric-operator.ts';
import { SymmetricTiles } from './symmetric-tiles.ts';
import { topEigen } from './top-eigen.ts';

/** Rows of a panel of products. */
const blockRows = 512;

/**
 * The `count` largest singular values of a matrix of `rows` x `columns` and their right singular
 * vectors, one per row: from the eigenvectors of A A' or A'A, whichever is smaller, in float64
 * (A'A = V S^2 V', A A' = U S^2 U', V' = S^-1 U' A). The vector of a singular value of 0 is zero.
 */
export async function topSingular(
  matrix: Float64Array,
  rows: number,
  columns: number,
  count: number,
  matMul: MatMul = onnxMatMul(),
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const wide = rows < columns;
  const gram = await gramOf(matrix, rows, columns, wide, matMul);
  const operator = {
    dimension: gram.dimension,
    trace: gram.diagonal().reduce((sum, value) => sum + value, 0),
    times: (block: Float64Array, width: number, precision?: ProductPrecision, target?: Float64Array) =>
      gram.times(block, width, precision, target, matMul),
    dense: () => gram.dense(),
  };
  const eigen = await topEigen(operator, () => count, count, matMul);
  const values = eigen.values.slice(0, count).map((value) => Math.sqrt(Math.max(0, value)));
  const leading = eigen.vectors.slice(0, count * gram.dimension);
  if (!wide) return { values, vectors: leading };
  const vectors = await matMul.multiply(
    { values: leading, rows: count, columns: rows },
    { values: matrix, rows, columns },
  );
  const minValue = Math.sqrt(Number.EPSILON) * 1e-4 * (values[0] as number);
  for (let axis = 0; axis < count; axis++) {
    const value = values[axis] as number;
    const scale = value > minValue ? 1 / value : 0;
    for (let at = axis * columns; at < (axis + 1) * columns; at++) vectors[at] = (vectors[at] as number) * scale;
  }
  return { values, vectors };
}

/** A A' when `wide`, else A'A. */
async function gramOf(
  matrix: Float64Array,
  rows: number,
  columns: number,
  wide: boolean,
  matMul: MatMul,
): Promise<SymmetricTiles> {
  const dimension = wide ? rows : columns;
  const length = wide ? columns : rows;
  const gram = new SymmetricTiles(dimension);
  const { edges } = gram;
  for (let first = 0; first < length; first += blockRows) {
    const taken = Math.min(blockRows, length - first);
    const panels = edges.slice(1).map((edge, p) => {
      const start = edges[p] as number;
      const width = edge - start;
      const panel = new Float64Array(taken * width);
      for (let column = 0; column < width; column++) {
        for (let row = 0; row < taken; row++) {
          const at = wide ? (start + column) * columns + first + row : (first + row) * columns + start + column;
          panel[row * width + column] = matrix[at] as number;
        }
      }
      return panel;
    });
    await gram.addProducts(panels, taken, matMul);
  }
  return gram;
}
