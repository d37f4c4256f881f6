import type { TrainingSources } from '../src/graphs/recommenders/training-sources.ts';
import { names, readOptions, specsOf, text } from './option-table.ts';
import type { Arguments } from './options.ts';
import { ratingOptions } from './rating-options.ts';

const sources = {
  ratings: text('DIR|FILE', 'a MovieLens directory, or a CSV, Parquet or Arrow file of ratings'),
  movies: text('FILE', 'titles and genres, where the ratings are a file'),
};
const reading = {
  columns: names(
    'user=A,item=B',
    ['user', 'item', 'rating', 'timestamp'] as const,
    'names of the columns of a file of ratings',
  ),
  ...ratingOptions,
};

/** The flags that say which ratings are read, and how. */
export const ratingFlags = specsOf({ ...sources, ...reading });

/** Reads them. @throws UsageError when a value does not fit. */
export function readRatingFlags(args: Arguments): Pick<TrainingSources, 'ratings' | 'movies' | 'reading'> {
  const ratings = args.required('ratings');
  return { ...readOptions(args, sources), ratings, reading: readOptions(args, reading) };
}
