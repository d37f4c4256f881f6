import { coordinate, type Points } from './points.ts';

/** A rectangle of the plane. */
export interface Extent {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** A density over cells of a rectangle; its cells sum to 1. */
export interface Density {
  /** float64[cells x cells]: row by row, y ascending, within a row x ascending. */
  readonly values: Float64Array;
  readonly cells: number;
  readonly extent: Extent;
}

/** The extent of points in the plane, with a margin of a tenth on each side. */
export function extentOf(points: Points): Extent {
  const range = (axis: number): [number, number] => {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of coordinate(points, axis)) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    if (!(most >= least)) return [-1, 1];
    const margin = (most - least || 1) * 0.1;
    return [least - margin, most + margin];
  };
  return { x: range(0), y: range(1) };
}

/**
 * The density of points in the plane: a histogram of `cells` x `cells`, smoothed by a Gaussian of
 * Scott's width, n^(-1/6) deviations on each axis (Scott, 1992). Points outside the extent are left
 * out.
 *
 * @example
 * declare const points: Points;
 * const density = densityOf(points, extentOf(points));
 */
export function densityOf(points: Points, extent: Extent, cells = 128): Density {
  const counts = new Float64Array(cells * cells);
  const cell = (value: number, [from, to]: readonly [number, number]) => {
    const place = Math.floor(((value - from) / (to - from)) * cells);
    return value === to ? cells - 1 : place;
  };
  const [xs, ys] = [coordinate(points, 0), coordinate(points, 1)];
  for (let row = 0; row < points.count; row++) {
    const [column, line] = [cell(xs[row] as number, extent.x), cell(ys[row] as number, extent.y)];
    if (column < 0 || column >= cells || line < 0 || line >= cells) continue;
    counts[line * cells + column] = (counts[line * cells + column] as number) + 1;
  }
  const scott = points.count ** (-1 / 6);
  const width = (values: Float64Array, [from, to]: readonly [number, number]) =>
    (deviation(values) * scott * cells) / (to - from);
  const values = smooth(counts, cells, width(xs, extent.x), width(ys, extent.y));
  const total = values.reduce((sum, value) => sum + value, 0);
  return { values: total > 0 ? values.map((value) => value / total) : values, cells, extent };
}

/**
 * The Bhattacharyya coefficient of two densities over the same cells, sum of sqrt(p q), which
 * assumes nothing of their form.
 */
export function densityOverlap(left: Density, right: Density): number {
  return left.values.reduce((sum, value, at) => sum + Math.sqrt(value * (right.values[at] as number)), 0);
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
}

/** Columns, then lines, each by a Gaussian cut at four deviations. */
function smooth(counts: Float64Array, cells: number, alongX: number, alongY: number): Float64Array {
  const across = convolve(counts, cells, kernel(alongX), 1, cells);
  return convolve(across, cells, kernel(alongY), cells, 1);
}

function kernel(width: number): Float64Array {
  const reach = Math.ceil(4 * width);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, at) =>
    width > 0 ? Math.exp(-(((at - reach) / width) ** 2) / 2) : 1,
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Convolves every run of `cells` values that lie `step` apart; runs begin `next` apart. */
function convolve(values: Float64Array, cells: number, weights: Float64Array, step: number, next: number) {
  const reach = (weights.length - 1) / 2;
  const result = new Float64Array(values.length);
  for (let run = 0; run < cells; run++) {
    for (let place = 0; place < cells; place++) {
      let sum = 0;
      for (let at = Math.max(0, place - reach); at <= Math.min(cells - 1, place + reach); at++) {
        sum += (values[run * next + at * step] as number) * (weights[at - place + reach] as number);
      }
      result[run * next + place * step] = sum;
    }
  }
  return result;
}
