import { fileFault } from './bad-lines.ts';
import type { RatingColumnNames } from './rating-layout.ts';
import { loadRatings, type RatingReport, type ReadRatingsOptions } from './read-ratings.ts';

/**
 * Ratings together with a recommender's predictions for them, one row per pair of user and item.
 */
export interface PredictionTable {
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** float32[rows]: the true ratings. */
  readonly ratings: Float32Array;
  /**
   * float64[rows]: in float32, distinct predictions could become equal, or fall on the threshold.
   */
  readonly predictions: Float64Array;
  readonly userIds: readonly string[];
  readonly itemIds: readonly string[];
}

/** How to read predictions: like ratings, with the name of one more column. */
export interface ReadPredictionsOptions extends Omit<ReadRatingsOptions, 'timestamps' | 'columns'> {
  readonly columns?: (Omit<RatingColumnNames, 'timestamp'> & { readonly prediction?: string | undefined }) | undefined;
}

/**
 * Reads predictions of any recommender from a file with the columns user, item, rating and
 * prediction: CSV and the like with a header, Parquet or Arrow. Streamed as in `readRatings`; holds
 * 20 bytes per row.
 *
 * @throws UsageError `ratings` when the file is missing, empty or lacks a column; RatingFileError
 * `bad-line`.
 * @example
 * const { predictions } = (await readPredictions('predictions.csv')).table;
 */
export async function readPredictions(
  path: string,
  options: ReadPredictionsOptions = {},
): Promise<{ table: PredictionTable; report: RatingReport }> {
  const { prediction = 'prediction', ...names } = options.columns ?? {};
  const columns = { ...names, timestamp: prediction };
  const { ratings: loaded, report } = await loadRatings(path, { ...options, columns, timestamps: true }, 'prediction');
  if (loaded.values.length === 0) throw fileFault(path, 'has no predictions');
  const { users, items, values, userIds, itemIds, timestamps } = loaded;
  const predictions = timestamps ?? new Float64Array(0);
  return { table: { users, items, ratings: values, predictions, userIds, itemIds }, report };
}
