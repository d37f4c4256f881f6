import { FlowError } from '../../src/core/errors.ts';
import type { ReduceOptions, ReduceSummary } from '../../src/graphs/reduction/options.ts';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import { formatBytes } from '../../src/operators/budget.ts';
import { STATISTICS } from '../../src/operators/statistics.ts';
import { defineCommand } from '../command.ts';
import { storageOptions } from '../extraction-options.ts';
import { catchInterrupts } from '../interrupts.ts';
import { integer, type OptionTable, positive, required, text, word } from '../option-table.ts';
import { toldTo } from '../told-to.ts';

/** Milliseconds in which the eigenvectors that are being computed may come to their end. */
const STOP_WITHIN = 2000;

const options = {
  out: required(text('DIR', 'the reduced dataset, or the directory of the reduced table')),
  column: text('NAME', 'which vectors; none: the training store alone', 'visual'),
  id: text('COLUMN', "of a table: its items' ids; then items.arrow is written too"),
  subclips: integer('N', 'which cut of a dataset that has several'),
  aggregate: word(STATISTICS, 'which statistic of a dataset that has several'),
  components: integer('N', 'values that remain of a vector'),
  variance: positive('SHARE', 'the least share of the variance that remains', '0.95'),
  algorithm: word(['exact', 'incremental'], "incremental: scikit-learn's, needs --components", 'exact'),
  model: text('FILE.json', 'takes a fitted model: new items are only reduced'),
  ...storageOptions,
} satisfies OptionTable<ReduceOptions>;

/** `reelflow reduce`: vectors to fewer values each, with a PCA. */
export const command = defineCommand({
  name: 'reduce',
  operands: ['INPUT'],
  does: 'PCA over a dataset (or any Parquet or Arrow table), and the training store',
  options,
  examples: [
    'reelflow reduce features/ --out reduced/ --components 600',
    'reelflow reduce features/ --out reduced/ --subclips 10 --aggregate medmad --variance 0.95',
    'reelflow reduce vectors.parquet --id movieId --column embedding --out reduced/',
    'reelflow reduce more-features/ --model reduced/pca/visual.json --out more-reduced/',
  ],
  async run(values, { operands: [input = ''], console }) {
    console.stage('reading vectors');
    // Nothing is lost by stopping anywhere: units are committed one by one, and a table is put in its place last.
    const interrupts = catchInterrupts(console, 'stopping; what is committed stays', STOP_WITHIN);
    try {
      const summary = await reduce({ ...values, input, signal: interrupts.drain, ...toldTo(console) });
      console.result(summary, (made) => summaryText(made, values.out));
      return 0;
    } catch (error) {
      if (error instanceof FlowError && error.code === 'aborted') return 130;
      throw error;
    } finally {
      interrupts.release();
    }
  },
});

function summaryText(summary: ReduceSummary, out: string): string {
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
