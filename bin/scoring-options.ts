import type { ScoringOptions } from '../src/graphs/evaluation.ts';
import { integers, names, number, type OptionTable, readOptions, specsOf, text, word } from './option-table.ts';
import type { Arguments } from './options.ts';
import { ratingOptions } from './rating-options.ts';

const options = {
  ks: { ...integers('LENGTHS', 'list lengths of the ranking metrics (default 4,10)'), flag: 'k' },
  movies: text('FILE', 'list of movies with genres, for diversity (and genre-content)'),
  catalogue: text('FILE', 'items that could be recommended, for coverage'),
  threshold: number('R', 'relevant and recommended lie above this rating (default 3.5)'),
  thresholdRule: word(['gt', 'ge'], 'above the threshold (gt, default), or at least it (ge)'),
  undefined: word(['zero', 'skip'], 'users without a value of a metric count 0 (zero, default), or not at all'),
  columns: names(
    'user=A,item=B',
    ['user', 'item', 'rating', 'prediction'] as const,
    'names of the columns user, item, rating, prediction',
  ),
  ...ratingOptions,
} satisfies OptionTable<ScoringOptions>;

/** How predictions are scored, as `evaluate` takes it. */
export const scoringOptions = specsOf(options);

/** Reads the options of scoring. @throws UsageError for a value that does not fit. */
export function readScoringOptions(args: Arguments): ScoringOptions {
  return readOptions(args, options);
}
