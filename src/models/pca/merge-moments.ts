import { UsageError } from '../../core/errors.ts';
import { Moments, type MomentValues } from './moments.ts';
import { SymmetricTiles } from './symmetric-tiles.ts';

/**
 * The moments of the rows of all parts together (Chan, Golub and LeVeque 1979, for any shifts):
 * with d = c_i - c,
 *
 *     s' = s_i + n_i d        P' = P_i + s_i d' + d s_i' + n_i d d'
 *
 * summed over the parts about the shift c of the first. The parts are folded in an order that
 * depends only on their content, so the same parts in any order give the same bytes. Parts without
 * rows are left out. The parts are not changed.
 *
 * @throws UsageError for no parts, for parts of different dimensions, for parts that are not
 * settled.
 */
export function mergeMoments(parts: readonly Moments[]): Moments {
  const [first] = parts;
  if (first === undefined) throw new UsageError('`parts` must be at least one, but there are none');
  for (const [index, part] of parts.entries()) {
    if (part.dimension !== first.dimension) {
      throw new UsageError(
        `\`parts\` must have one dimension, but the first has ${first.dimension} and part ${index} ${part.dimension}`,
        {
          code: 'dimension',
          remedy: 'Merge only moments of one column of one dataset.',
        },
      );
    }
  }
  const ordered = parts
    .map((part) => part.values)
    .filter(({ count }) => count > 0)
    .sort(compareContents);
  const total = new SymmetricTiles(first.dimension);
  const sum = new Float64Array(first.dimension);
  // Adding 0 turns -0 into 0: parts that compare equal then give equal bytes.
  const shift = (ordered[0]?.shift ?? new Float64Array(first.dimension)).map((value) => value + 0);
  let count = 0;
  for (const values of ordered) {
    addShifted(values, shift, sum, total);
    count += values.count;
  }
  return Moments.of({ count, shift, sum, products: total });
}

/** Adds the values of a part, converted to another shift. */
function addShifted(values: MomentValues, shift: Float64Array, sum: Float64Array, total: SymmetricTiles): void {
  const { count, products } = values;
  const moved = values.shift.map((value, index) => value - (shift[index] as number));
  for (let index = 0; index < sum.length; index++) {
    sum[index] = (sum[index] as number) + ((values.sum[index] as number) + count * (moved[index] as number));
  }
  for (const [number, tile] of products.tiles.entries()) {
    const target = total.tiles[number] as Float64Array;
    for (let index = 0; index < tile.length; index++) {
      target[index] = (target[index] as number) + (tile[index] as number);
    }
  }
  if (moved.every((value) => value === 0)) return;
  total.change((value, row, column) => {
    const [left, right] = [moved[row] as number, moved[column] as number];
    const cross = (values.sum[row] as number) * right + left * (values.sum[column] as number);
    return value + (cross + count * left * right);
  });
}

/** Orders parts by their content: count, shift, sums, products. 0 only when all are equal. */
function compareContents(left: MomentValues, right: MomentValues): number {
  if (left.count !== right.count) return left.count - right.count;
  const arrays = ({ shift, sum, products }: MomentValues) => [shift, sum, ...products.tiles];
  const others = arrays(right);
  for (const [number, array] of arrays(left).entries()) {
    const other = others[number] as Float64Array;
    const index = array.findIndex((value, at) => value !== other[at]);
    if (index >= 0) return (array[index] as number) - (other[index] as number);
  }
  return 0;
}
