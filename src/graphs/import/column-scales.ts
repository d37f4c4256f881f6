import { Breather } from '../../core/breather.ts';
import type { StreamRows } from './stream-rows.ts';

/** How the values of a stream are standardised. */
export const STANDARDISATIONS = ['robust', 'standard', 'none'] as const;
/** One of `STANDARDISATIONS`. */
export type Standardisation = (typeof STANDARDISATIONS)[number];

/** What is done to one column: clip to `[low, high]`, subtract `mean`, divide by `deviation`. */
export interface ColumnScale {
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  readonly deviation: number;
  /**
   * Why it is left out, if it is: it has a single value, or a single value between the percentiles.
   */
  readonly constant?: 'constant' | 'constant between its 1st and 99th percentile' | undefined;
}

const AS_IT_IS: ColumnScale = { low: -Infinity, high: Infinity, mean: 0, deviation: 1 };
/** Bytes of columns that are held at a time. */
const HELD_BYTES = 64 * 2 ** 20;
const [LOW, HIGH] = [0.01, 0.99];

/**
 * The scale of each column, fitted to some rows. Missing values do not count. Holds at most 64 MiB
 * of values, or one column.
 *
 * Percentiles are interpolated linearly between the two nearest values (NumPy's default); the
 * deviation is that of a population.
 */
export async function fitScales(
  stream: StreamRows,
  rows: Int32Array,
  how: Standardisation,
  check: () => void,
): Promise<ColumnScale[]> {
  const { dimension } = stream;
  if (how === 'none' && stream.missing === 0) return Array.from({ length: dimension }, () => AS_IT_IS);
  const perPass = Math.min(dimension, Math.max(1, Math.floor(HELD_BYTES / 8 / Math.max(1, rows.length))));
  const scales: ColumnScale[] = [];
  const breather = new Breather();
  for (let first = 0; first < dimension; first += perPass) {
    const width = Math.min(perPass, dimension - first);
    const columns = Array.from({ length: width }, () => new Float64Array(rows.length));
    const part = new Float64Array(width);
    for (const [index, row] of rows.entries()) {
      stream.read(row, first, part);
      for (let column = 0; column < width; column += 1)
        (columns[column] as Float64Array)[index] = part[column] as number;
      if (breather.isDue) {
        await breather.rest();
        check();
      }
    }
    for (const values of columns) {
      scales.push(scaleOf(values, how));
      if (breather.isDue) await breather.rest();
    }
  }
  return scales;
}

/** @param values of one column; they are sorted in place. */
function scaleOf(values: Float64Array, how: Standardisation): ColumnScale {
  values.sort();
  // NaN comes last.
  const present = values.subarray(0, values.length - countMissing(values));
  const [least, most] = [present[0] ?? 0, present.at(-1) ?? 0];
  const [low, high] = how === 'robust' ? [percentile(present, LOW), percentile(present, HIGH)] : [least, most];
  let sum = 0;
  for (const value of present) sum += clip(value, low, high);
  const mean = present.length === 0 ? 0 : sum / present.length;
  if (how === 'none') return { ...AS_IT_IS, mean };
  let squares = 0;
  for (const value of present) squares += (clip(value, low, high) - mean) ** 2;
  const deviation = Math.sqrt(squares / Math.max(1, present.length));
  const constant =
    least === most ? 'constant' : low === high ? 'constant between its 1st and 99th percentile' : undefined;
  const bounds = how === 'robust' ? { low, high } : { low: -Infinity, high: Infinity };
  return { ...bounds, mean, deviation, constant };
}

function countMissing(sorted: Float64Array): number {
  let count = 0;
  while (count < sorted.length && Number.isNaN(sorted[sorted.length - 1 - count])) count += 1;
  return count;
}

function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0;
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const lower = sorted[below] as number;
  const upper = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return lower + (upper - lower) * (position - below);
}

/**
 * Makes a function that turns the values of a row into values of the store: only kept columns, with
 * missing values replaced by the mean. With `none`, values are unchanged.
 */
export function scaler(
  scales: readonly ColumnScale[],
  kept: readonly number[],
  how: Standardisation,
): (row: Float64Array, into: Float32Array, start: number) => void {
  // Typed arrays, because the same with objects takes ten times as long.
  const column = (pick: (scale: ColumnScale) => number) =>
    Float64Array.from(kept, (position) => pick(scales[position] as ColumnScale));
  const [low, high] = [column((scale) => scale.low), column((scale) => scale.high)];
  const mean = column((scale) => scale.mean);
  const offset = how === 'none' ? new Float64Array(kept.length) : mean;
  const deviation = column((scale) => scale.deviation);
  const positions = Int32Array.from(kept);
  return (row, into, start) => {
    for (let at = 0; at < positions.length; at += 1) {
      const value = row[positions[at] as number] as number;
      const known = Number.isNaN(value) ? (mean[at] as number) : value;
      const clipped = clip(known, low[at] as number, high[at] as number);
      into[start + at] = (clipped - (offset[at] as number)) / (deviation[at] as number);
    }
  };
}

function clip(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
