import type { ScoringOptions } from '../src/graphs/evaluation.ts';
import { integers, listOf, names, number, type OptionTable, parsed, text, word } from './option-table.ts';
import { ratingOptions } from './rating-options.ts';

/** How `evaluate` scores predictions. */
export const scoringOptions = {
  ks: { ...integers('LENGTHS', 'list lengths of the ranking metrics', '4,10'), flag: 'k' },
  movies: text('FILE', 'list of movies with genres, for diversity (and genre-content)'),
  catalogue: text('FILE', 'items that could be recommended, for coverage'),
  demographics: text('FILE', 'what is known about the users (u.user, users.dat, CSV): adds figures of their groups'),
  threshold: number('R', 'items above this rating count as relevant and as recommended', '3.5'),
  thresholdRule: word(['gt', 'ge'], 'above the threshold (gt), or equal to it too (ge)', 'gt'),
  undefined: word(['zero', 'skip'], 'users for whom a metric is undefined count as 0 (zero), or are left out', 'zero'),
  columns: names(
    'user=A,item=B',
    ['user', 'item', 'rating', 'prediction'] as const,
    'names of the columns user, item, rating, prediction',
  ),
  metrics: parsed('MODULES', 'modules that export metrics of your own, such as ./hit-rate.js', listOf),
  ...ratingOptions,
} satisfies OptionTable<ScoringOptions>;
