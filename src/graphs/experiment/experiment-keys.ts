/**
 * The type of a key's value, in a configuration file and as the text of a flag. A `switch` is true
 * or false in the file, yes or no as a flag.
 */
export type KeyKind =
  | 'text'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'texts'
  | 'integers'
  | 'numbers'
  | 'switch'
  | 'names'
  | 'sets'
  | 'years';

/**
 * One key of an experiment's configuration: in `experiment FILE.json` by this name, as a flag in
 * kebab case.
 */
export interface ExperimentKey {
  readonly key: string;
  readonly kind: KeyKind;
  /** How the value is named in the help. */
  readonly value: string;
  /** The default, in words. */
  readonly default: string;
  readonly does: string;
  /** The flag, if it is not the key in kebab case. */
  readonly flag?: string | undefined;
  /** Former names, which are accepted but not shown. */
  readonly formerly?: readonly string[] | undefined;
}

function key(name: string, kind: KeyKind, value: string, byDefault: string, does: string): ExperimentKey {
  return { key: name, kind, value, default: byDefault, does };
}

/** Every key of an experiment's configuration. */
export const experimentKeys: readonly ExperimentKey[] = [
  key('ratings', 'text', 'PATH', 'needed', 'a MovieLens directory, or any file of ratings'),
  key(
    'movieList',
    'text',
    'FILE',
    "the directory's",
    'list of movies with genres and years, if the ratings are a file',
  ),
  key(
    'features',
    'texts',
    'FILE',
    'none',
    'a reduced dataset, or another training store; several to compare as NAME=FILE,NAME=FILE',
  ),
  key(
    'trailers',
    'text',
    'FILE',
    "the directory's ml-youtube.csv",
    'maps trailers to movies, if the features are those of trailers',
  ),
  key('demographics', 'text', 'FILE', 'u.user or users.dat of a MovieLens directory', 'what is known about the users'),
  {
    ...key(
      'recommenders',
      'texts',
      'NAMES',
      'the usual ones',
      'recommenders to compare; a module such as ./mine.js for your own',
    ),
    formerly: ['models'],
  },
  key(
    'scenarios',
    'texts',
    'NAMES',
    'non-cold,hard-cold',
    'also: leave-items-out, random, leave-last-out, time, user, user-cold',
  ),
  key('movies', 'integer', 'M', 'all', 'only the M movies with the most ratings'),
  key('users', 'integer', 'U', 'all', 'only the U users with the most ratings'),
  key('perUser', 'integer', 'N', 'all', 'ratings to draw from each user'),
  key('fewer', 'text', 'keep|drop', 'keep', 'whether users with fewer ratings keep what they have, or are dropped'),
  key('folds', 'integer', 'N', '2', 'folds; a scenario that goes by time has one split'),
  key(
    'core',
    'integer',
    'K',
    'none',
    'only users and movies with K ratings each, filtered until all of them have that many',
  ),
  key('cut', 'text', 'SHARE|DATE', '0.8', 'where the scenario time divides: share of ratings before, or a date'),
  key('foldIn', 'number', 'SHARE', '0.8', "share of a test user's ratings that the scenario user shows"),
  key('seeds', 'integers', 'LIST', '1', 'each seeds all random draws: ratings, folds and initial weights'),
  key(
    'splitSeed',
    'integers',
    'LIST',
    'the seed',
    'seeds of the draws of ratings and folds, whatever the seeds; each is crossed with all seeds',
  ),
  key('split', 'text', 'DIR', 'none', 'uses saved splits again: the splits/ of an experiment, or one saved scenario'),
  key('saveSplits', 'text', 'auto|yes|no', 'auto', 'whether splits are saved; auto: up to 2 million ratings'),
  key(
    'validation',
    'text',
    'KIND',
    'item-cold in hard-cold, else ratings',
    'validation part, for early stopping and selection: ratings, item-cold or none',
  ),
  key('validationShare', 'number', 'SHARE', '0.1', 'its share of the training ratings'),
  key('years', 'years', 'FROM-TO', 'all', 'only movies of these years'),
  key('genres', 'texts', 'NAMES', 'all', 'only movies with at least one of these genres'),
  key('minUserRatings', 'integer', 'N', '1', 'only users with at least this many ratings in the file'),
  key('minItemRatings', 'integer', 'N', '1', 'only movies with at least this many ratings in the file'),
  key('scale', 'numbers', 'MIN,MAX', "MovieLens's, or as observed", 'rating scale'),
  key('columns', 'names', 'user=A,item=B', 'the usual ones', 'names of the columns of a file of ratings'),
  {
    ...key(
      'duplicateRatings',
      'text',
      'first|last',
      'an error',
      'which of two ratings of the same item by the same user counts',
    ),
    formerly: ['duplicates'],
  },
  key('skipBadLines', 'boolean', '', 'false', 'skips bad lines and counts them'),
  key('protocol', 'text', 'rated|catalogue', 'rated', 'rank rated test items only, or all items too'),
  key(
    'implicit',
    'text',
    'any|gt:R|ge:R',
    'ratings as they are',
    'treats the ratings as choices, whatever their values (implicit feedback)',
  ),
  key('k', 'integers', 'LENGTHS', '4,10; of all items 10,20,50', 'list lengths of the ranking metrics'),
  key(
    'refit',
    'switch',
    'yes|no',
    'yes',
    'whether all recommenders learn from the validation part too, once it has said when to stop',
  ),
  key('threshold', 'number', 'R', '3.5', 'items above this rating count as relevant and as recommended'),
  key('thresholdRule', 'text', 'gt|ge', 'gt', 'above the threshold (gt), or equal to it too (ge)'),
  key('undefined', 'text', 'zero|skip', 'zero', 'users for whom a metric is undefined count as 0, or are left out'),
  key('set', 'sets', 'RECOMMENDER.KEY=VALUE', 'none', 'an option of a recommender; may be repeated'),
  key(
    'grid',
    'sets',
    'RECOMMENDER.KEY=A,B',
    'none',
    'values to try, in all combinations with those of other keys; values that are lists: A/B',
  ),
  key(
    'select',
    'text',
    'METRIC',
    'none: each combination is a row',
    'chooses among the combinations of a grid by this metric of the validation part: rmse, auc, ndcg@10, ...',
  ),
  key(
    'inputs',
    'texts',
    'NAMES',
    'none',
    'adds and removes these inputs of feature-mlp one at a time, and shuffles them: user-id, genres, visual, ...',
  ),
  key('metrics', 'texts', 'MODULES', 'none', 'modules that export metrics of your own, such as ./hit-rate.js'),
  key('search', 'text', 'grid|random|halving', 'grid', 'tries all combinations, some at random, or in rounds'),
  key('trials', 'integer', 'N', 'all; 20 of random', 'how many combinations of a grid are drawn'),
  key('compareTo', 'text', 'LABEL', 'none', 'the row that all others are tested against, for instance baseline'),
  key('predictions', 'boolean', '', 'false', 'keeps the predictions of all test ratings'),
  key('csv', 'boolean', '', 'false', 'values of users and predictions as CSV too'),
  {
    ...key(
      'logDirectory',
      'text',
      'DIR',
      'none',
      'TensorBoard event files of recommenders that train in epochs, by point',
    ),
    flag: 'logdir',
  },
  key('device', 'text', 'NAME', 'cpu', 'where recommenders that train in epochs learn: cpu or a card such as cuda'),
  key('concurrency', 'integer', 'N', 'one per processor', 'how many recommenders train in epochs at the same time'),
];

/** A key as a flag: `perUser` is `per-user`. */
export function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
