import type { EvaluateOptions } from '../../../src/models/metrics/evaluate.ts';
import type { PredictedRatings } from '../../../src/models/metrics/test-ratings.ts';

/** Rows of [user, item, rating, prediction]. */
export type Row = readonly [user: number, item: number, rating: number, prediction: number];

export function predicted(rows: readonly Row[]): PredictedRatings {
  return {
    users: Int32Array.from(rows, (row) => row[0]),
    items: Int32Array.from(rows, (row) => row[1]),
    ratings: Float64Array.from(rows, (row) => row[2]),
    predictions: Float64Array.from(rows, (row) => row[3]),
  };
}

export const scale: EvaluateOptions['scale'] = { minimum: 0.5, maximum: 5 };
