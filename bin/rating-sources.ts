import { checkImplicit } from '../src/io/ratings/implicit.ts';
import { names, parsed, required, text } from './option-table.ts';
import { ratingOptions } from './rating-options.ts';

/** Where the ratings to learn from are. */
export const ratingSources = {
  ratings: required(text('DIR|FILE', 'a MovieLens directory, or a CSV, Parquet or Arrow file of ratings')),
  movies: text('FILE', 'titles and genres, if the ratings are a file'),
};

/** How they are read. */
export const ratingReading = {
  columns: names(
    'user=A,item=B',
    ['user', 'item', 'rating', 'timestamp'] as const,
    'names of the columns of a file of ratings',
  ),
  ...ratingOptions,
};

/** Whether ratings only say what was chosen. */
export const implicitFeedback = {
  implicit: parsed(
    'any|gt:R|ge:R',
    'treats the ratings as choices, whatever their values (implicit feedback)',
    checkImplicit,
    'ratings as they are',
  ),
};

/** Features of items, for the recommenders that read them. */
export const featureSources = {
  features: text(
    'DIR|FILE',
    'features of the items: the directory of `reelflow reduce`, or a file of `import-features`',
  ),
  trailers: text('FILE', 'maps trailers to items, if the features have trailer ids'),
  demographics: text(
    'FILE',
    'what is known about the users: u.user, users.dat, or CSV',
    'u.user or users.dat of a MovieLens directory',
  ),
};
