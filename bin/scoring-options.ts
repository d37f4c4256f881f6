import { UsageError } from '../src/core/errors.ts';
import type { ScoringOptions } from '../src/graphs/evaluation.ts';
import { finiteNumber, integerList, wordOf } from './list-options.ts';
import type { Arguments, OptionSpec } from './options.ts';

/** How predictions are scored, as `evaluate` and others take it. */
export const scoringOptions: Readonly<Record<string, OptionSpec>> = {
  k: { type: 'string', value: 'LENGTHS', does: 'list lengths of the ranking metrics (default 4,10)' },
  movies: { type: 'string', value: 'FILE', does: 'list of movies with genres, for diversity (and genre-content)' },
  catalogue: { type: 'string', value: 'FILE', does: 'items that could be recommended, for coverage' },
  threshold: { type: 'string', value: 'R', does: 'relevant and recommended lie above this rating (default 3.5)' },
  'threshold-rule': { type: 'string', value: 'gt|ge', does: 'above the threshold (gt, default), or at least it (ge)' },
  undefined: { type: 'string', value: 'zero|skip', does: 'users without a value of a metric count 0, or not at all' },
  scale: { type: 'string', value: 'MIN,MAX', does: 'rating scale (default: least and greatest rating there are)' },
  columns: { type: 'string', value: 'user=A,item=B', does: 'names of the columns user, item, rating, prediction' },
  duplicates: {
    type: 'string',
    value: 'first|last',
    does: 'which of two rows of a user and item counts (default: none)',
  },
  'skip-bad-lines': { type: 'boolean', does: 'passes over bad lines and counts them' },
};

/** Reads the options of scoring. @throws UsageError for a value that does not fit. */
export function readScoringOptions(args: Arguments): ScoringOptions {
  const ks = integerList(args, 'k');
  const threshold = finiteNumber(args, 'threshold');
  const thresholdRule = wordOf(args, 'threshold-rule', ['gt', 'ge']);
  const undefinedRule = wordOf(args, 'undefined', ['zero', 'skip']);
  const [movies, catalogue] = [args.text('movies'), args.text('catalogue')];
  const scale = readScale(args);
  const columns = readColumns(args);
  const duplicates = wordOf(args, 'duplicates', ['first', 'last']);
  return {
    ...(columns && { columns }),
    ...(duplicates && { duplicates }),
    ...(ks && { ks }),
    ...(threshold !== undefined && { threshold }),
    ...(thresholdRule && { thresholdRule }),
    ...(undefinedRule && { undefined: undefinedRule }),
    ...(movies !== undefined && { movies }),
    ...(catalogue !== undefined && { catalogue }),
    ...(scale && { scale }),
    ...(args.flag('skip-bad-lines') && { skipBadLines: true }),
  };
}

function readColumns(args: Arguments): ScoringOptions['columns'] {
  const roles = ['user', 'item', 'rating', 'prediction'];
  const pairs = args.list('columns')?.map((pair) => {
    const at = pair.indexOf('=');
    const [role, name] = [pair.slice(0, Math.max(at, 0)), pair.slice(at + 1)];
    if (roles.includes(role) && name !== '') return [role, name];
    throw new UsageError(`\`--columns\` must be as user=NAME,item=NAME,prediction=NAME, but has '${pair}'`);
  });
  return pairs && Object.fromEntries(pairs);
}

function readScale(args: Arguments): ScoringOptions['scale'] {
  const entries = args.list('scale');
  if (entries === undefined) return undefined;
  const [minimum = Number.NaN, maximum = Number.NaN, ...rest] = entries.map(Number);
  if (!(minimum < maximum && Number.isFinite(maximum - minimum)) || rest.length > 0) {
    throw new UsageError(
      `\`--scale\` must be the least and the greatest rating, as in 0.5,5, but is '${args.text('scale')}'`,
    );
  }
  return { minimum, maximum };
}
