/** What the value of a key is, in a configuration file and as a flag's text. */
export type KeyKind = 'text' | 'integer' | 'number' | 'boolean' | 'texts' | 'integers' | 'numbers' | 'sets' | 'years';

/** One key of an experiment's configuration: in `experiment FILE.json` by this name, as a flag in kebab case. */
export interface ExperimentKey {
  readonly key: string;
  readonly kind: KeyKind;
  /** How the value is named in the help. */
  readonly value: string;
  /** What holds without it, in words. */
  readonly default: string;
  readonly does: string;
}

function key(name: string, kind: KeyKind, value: string, byDefault: string, does: string): ExperimentKey {
  return { key: name, kind, value, default: byDefault, does };
}

/** Every key of an experiment's configuration. */
export const experimentKeys: readonly ExperimentKey[] = [
  key('ratings', 'text', 'PATH', 'needed', 'a MovieLens directory, or any file of ratings'),
  key('movieList', 'text', 'FILE', "the directory's", 'list of movies with genres and years, beside a file of ratings'),
  key('features', 'texts', 'FILE', 'none', 'training store of features; several to compare as NAME=FILE,NAME=FILE'),
  key(
    'trailers',
    'text',
    'FILE',
    "the directory's ml-youtube.csv",
    'which trailer shows which movie, where features are those of trailers',
  ),
  key('models', 'texts', 'NAMES', 'all that the data allow', 'models to compare'),
  key('scenarios', 'texts', 'NAMES', 'non-cold,hard-cold', 'also leave-items-out, random'),
  key('movies', 'integer', 'M', 'all', 'only the M movies with most ratings'),
  key('users', 'integer', 'U', 'all', 'only the U users with most ratings'),
  key('perUser', 'integer', 'N', 'all', 'ratings drawn of each user'),
  key('fewer', 'text', 'keep|drop', 'keep', 'users with fewer ratings than that keep what they have, or are dropped'),
  key('folds', 'integer', 'N', '2', 'folds'),
  key('seeds', 'integers', 'LIST', '1', 'each decides all draws: of ratings, folds, and first weights'),
  key('splitSeed', 'integer', 'N', 'the seed', 'decides the draws of ratings and folds for all seeds'),
  key(
    'validation',
    'text',
    'KIND',
    'item-cold in hard-cold, else ratings',
    'part for early stopping: ratings, item-cold or none',
  ),
  key('validationShare', 'number', 'SHARE', '0.1', 'its share of the training ratings'),
  key('years', 'years', 'FROM-TO', 'all', 'only movies of these years'),
  key('genres', 'texts', 'NAMES', 'all', 'only movies with at least one of these genres'),
  key('minUserRatings', 'integer', 'N', '1', 'only users with so many ratings in the file'),
  key('minItemRatings', 'integer', 'N', '1', 'only movies with so many ratings in the file'),
  key('scale', 'numbers', 'MIN,MAX', "MovieLens's, or as observed", 'rating scale'),
  key('skipBadLines', 'boolean', '', 'false', 'passes over bad lines and counts them'),
  key('k', 'integers', 'LENGTHS', '4,10', 'list lengths of the ranking metrics'),
  key('threshold', 'number', 'R', '3.5', 'relevant and recommended lie above this rating'),
  key('thresholdRule', 'text', 'gt|ge', 'gt', 'above the threshold (gt), or at least it (ge)'),
  key('undefined', 'text', 'zero|skip', 'zero', 'users without a value of a metric count 0, or not at all'),
  key('set', 'sets', 'MODEL.KEY=VALUE', 'none', 'an option of a model; may be given again'),
  key(
    'grid',
    'sets',
    'MODEL.KEY=A,B',
    'none',
    'values to try; lists of several keys are combined; lists of lists: A/B',
  ),
  key('concurrency', 'integer', 'N', 'as many as processors', 'networks that train side by side'),
];

/** A key as a flag: `perUser` is `per-user`. */
export function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
