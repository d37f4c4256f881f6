import { FlowError, UsageError } from '../../src/core/errors.ts';
import type { ReduceOptions, ReduceSummary } from '../../src/graphs/reduction/options.ts';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import { formatBytes } from '../../src/operators/budget.ts';
import { STATISTICS, type Statistic } from '../../src/operators/statistics.ts';
import { readStorage, storageOptions } from '../extraction-options.ts';
import { catchInterrupts } from '../interrupts.ts';
import type { Arguments, Command } from '../options.ts';

/** Milliseconds in which the eigenvectors that are being computed may come to their end. */
const STOP_WITHIN = 2000;

/** `reelflow reduce`: vectors to fewer values each, with a PCA. */
export const command: Command = {
  name: 'reduce',
  usage: 'INPUT --out DIR [options]',
  does: 'PCA over a dataset (or any Parquet or Arrow table), and the training store',
  options: {
    out: { type: 'string', value: 'DIR', does: 'the reduced dataset, or the directory of the reduced table' },
    column: { type: 'string', value: 'NAME', does: 'which vectors (default visual); none: the training store alone' },
    id: { type: 'string', value: 'COLUMN', does: "of a table: its items' ids; then items.arrow is written too" },
    subclips: { type: 'string', value: 'N', does: 'which cut of a dataset that has several' },
    aggregate: { type: 'string', value: 'NAME', does: 'which statistic of a dataset that has several' },
    components: { type: 'string', value: 'N', does: 'values that remain of a vector' },
    variance: { type: 'string', value: 'SHARE', does: 'the least share of the variance that remains (default 0.95)' },
    algorithm: { type: 'string', value: 'exact|incremental', does: "incremental: scikit-learn's, needs --components" },
    model: { type: 'string', value: 'FILE.json', does: 'takes a fitted model: new items are only reduced' },
    ...storageOptions,
    json: { type: 'boolean', does: 'prints one JSON summary on stdout' },
  },
  examples: [
    'reelflow reduce features/ --out reduced/ --components 600',
    'reelflow reduce features/ --out reduced/ --subclips 10 --aggregate medmad --variance 0.95',
    'reelflow reduce vectors.parquet --id movieId --column embedding --out reduced/',
    'reelflow reduce more-features/ --model reduced/pca/visual.json --out more-reduced/',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [input, ...rest] = args.positionals;
  if (input === undefined || rest.length > 0) {
    throw new UsageError('`reelflow reduce` takes one dataset directory or table', { remedy: 'See --help.' });
  }
  const given = <Value>(name: keyof ReduceOptions, value: Value | undefined) =>
    value === undefined ? {} : { [name]: value };
  const say = (message: string) => process.stderr.write(`${message}\n`);
  // Nothing is lost by stopping anywhere: units are committed one by one, and a table is put in its place last.
  const interrupts = catchInterrupts(say, 'stopping; what is committed stays', STOP_WITHIN);
  const signal = interrupts.drain;
  const out = args.required('out');
  try {
    const summary = await reduce({
      ...{ input, out, signal, onMessage: say },
      ...given('column', args.text('column')),
      ...given('id', args.text('id')),
      ...given('subclips', args.integer('subclips')),
      ...given('aggregate', statistic(args.text('aggregate'))),
      ...given('components', args.integer('components')),
      ...given('variance', args.positive('variance')),
      ...given('algorithm', args.text('algorithm')),
      ...given('model', args.text('model')),
      ...readStorage(args),
    });
    process.stdout.write(args.flag('json') ? `${JSON.stringify(summary)}\n` : text(summary, out));
    return 0;
  } catch (error) {
    if (error instanceof FlowError && error.code === 'aborted') return 130;
    throw error;
  } finally {
    interrupts.release();
  }
}

function statistic(name: string | undefined): Statistic | undefined {
  if (name === undefined || (STATISTICS as readonly string[]).includes(name)) return name as Statistic | undefined;
  throw new UsageError(`\`--aggregate\` must be one of ${STATISTICS.join(', ')}, but is '${name}'`);
}

function text(summary: ReduceSummary, out: string): string {
  const { column, dimension, components, varianceKept, fittedRows, rows, rowsWithout, items } = summary;
  const lines = [`${rows} rows${rowsWithout > 0 ? `, ${rowsWithout} of them without a vector` : ''} in ${out}`];
  if (summary.algorithm !== undefined) {
    const kept = `${(100 * varianceKept).toFixed(2)} % of the variance`;
    lines.push(
      `${column}: ${dimension} to ${components} values, ${kept}, fitted to ${fittedRows} rows (${summary.algorithm})`,
    );
  }
  if (items > 0)
    lines.push(
      `training store: ${items} items${summary.alreadyDone > 0 ? `; ${summary.alreadyDone} units were there already` : ''}`,
    );
  lines.push(`${summary.wallSeconds.toFixed(1)} s, peak ${formatBytes(summary.peakRssBytes)}`);
  lines.push(...summary.files.map((file) => `  ${file}`));
  return `${lines.join('\n')}\n`;
}
