import { UsageError } from '../src/core/errors.ts';
import type { TrainingSources } from '../src/graphs/recommenders/training-sources.ts';
import type { RatingColumnNames } from '../src/io/ratings/rating-layout.ts';
import type { Arguments, OptionSpec } from './options.ts';

const roles = ['user', 'item', 'rating', 'timestamp'] as const;

/** The flags that say which ratings are read, and how. */
export const ratingFlags: Readonly<Record<string, OptionSpec>> = {
  ratings: {
    type: 'string',
    value: 'DIR|FILE',
    does: 'a MovieLens directory, or a CSV, Parquet or Arrow file of ratings',
  },
  movies: { type: 'string', value: 'FILE', does: 'titles and genres, where the ratings are a file' },
  columns: { type: 'string', value: 'user=A,item=B', does: 'names of the columns of a file of ratings' },
  scale: { type: 'string', value: 'MIN,MAX', does: 'least and greatest rating (default: those of the file)' },
  'skip-bad-lines': { type: 'boolean', does: 'passes over bad lines and counts them' },
  duplicates: {
    type: 'string',
    value: 'first|last',
    does: 'which of two ratings of an item by a user counts (default: an error)',
  },
};

/** Reads them. @throws UsageError when a value does not fit. */
export function readRatingFlags(args: Arguments): Pick<TrainingSources, 'ratings' | 'movies' | 'reading'> {
  const movies = args.text('movies');
  const columns = args.list('columns');
  const scale = args.list('scale')?.map(Number);
  const duplicates = args.text('duplicates');
  if (scale !== undefined && (scale.length !== 2 || scale.some((end) => !Number.isFinite(end)))) {
    throw new UsageError(`\`--scale\` must be two numbers, such as 0.5,5, but is '${args.text('scale')}'`);
  }
  const [minimum = 0, maximum = 0] = scale ?? [];
  return {
    ratings: args.required('ratings'),
    ...(movies !== undefined && { movies }),
    reading: {
      skipBadLines: args.flag('skip-bad-lines'),
      ...(columns && { columns: columnNames(columns) }),
      ...(scale && { scale: { minimum, maximum } }),
      ...(duplicates !== undefined && { duplicates: duplicates as 'first' }),
    },
  };
}

function columnNames(pairs: readonly string[]): RatingColumnNames {
  const names = pairs.map((pair) => {
    const [role = '', name = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    if (pair.includes('=') && (roles as readonly string[]).includes(role) && name !== '') return [role, name];
    throw new UsageError(`\`--columns\` must be such as user=NAME,item=NAME,rating=NAME, but has '${pair}'`);
  });
  return Object.fromEntries(names) as RatingColumnNames;
}
