import { type PlannedReduction, plannedReduction } from '../../src/graphs/reduction/planned-reduction.ts';
import { reduce } from '../../src/graphs/reduction/reduce.ts';
import type { ReduceOptions, ReduceSummary } from '../../src/graphs/reduction/reduce-options.ts';
import { formatBytes } from '../../src/operators/budget.ts';
import { statisticNames } from '../../src/operators/statistics.ts';
import { defineCommand } from '../command.ts';
import { storageOptions } from '../extraction-options.ts';
import { untilInterrupted } from '../interrupts.ts';
import { flag, integer, type OptionTable, positive, required, text, word } from '../option-table.ts';
import { outputDirectory } from '../output-options.ts';
import { toldTo } from '../told-to.ts';

/** Milliseconds that a running computation of eigenvectors may take to finish. */
const STOP_WITHIN = 2000;

const options = {
  out: required(outputDirectory('output directory for the reduced dataset or table')),
  column: text('NAME', 'which vectors to reduce; none: only write the training store', 'visual'),
  id: text('COLUMN', 'for a table: the column of its item ids; a training store is then written too'),
  subclips: integer('N', 'which number of subclips, if the dataset has several'),
  subclipSeconds: positive('SECONDS', 'the same for subclips of a fixed length'),
  statistic: { ...word(statisticNames, 'which statistic, if the dataset has several'), formerly: ['aggregate'] },
  components: integer('N', 'length of the reduced vectors'),
  variance: positive('SHARE', 'minimum share of the variance to keep', '0.95'),
  algorithm: word(['exact', 'incremental'], "incremental: scikit-learn's, needs --components", 'exact'),
  pca: {
    ...text('DIR|FILE.json', 'an existing PCA, as a directory or file: the vectors are only reduced with it'),
    formerly: ['model'],
  },
  dryRun: flag('reports what would be fitted, written and removed; writes nothing'),
  ...storageOptions,
} satisfies OptionTable<ReduceOptions & { dryRun: boolean }>;

/** `reelflow reduce`: reduces vectors to fewer values with a PCA. */
export const command = defineCommand({
  name: 'reduce',
  operands: ['INPUT'],
  does: 'fits a PCA to a dataset (or any Parquet or Arrow table), reduces it, and writes the training store',
  options,
  examples: [
    'reelflow reduce features/ --out reduced/ --components 600',
    'reelflow reduce features/ --out reduced/ --subclips 10 --statistic medmad --variance 0.95',
    'reelflow reduce vectors.parquet --id movieId --column embedding --out reduced/',
    'reelflow reduce more-features/ --pca reduced/ --out more-reduced/',
  ],
  async run({ dryRun = false, ...values }, { operands: [input = ''], console }) {
    console.stage('reading vectors');
    if (dryRun) {
      console.result(await plannedReduction({ ...values, input }), plannedText);
      return 0;
    }
    // Stopping loses nothing at any point: units are committed one by one, and a table is moved
    // into place last.
    const stopping = 'stopping; committed units are kept';
    return untilInterrupted(
      console,
      stopping,
      async (signal) => {
        const summary = await reduce({ ...values, input, signal, ...toldTo(console) });
        const isNews = summary.graphId === undefined || summary.added + summary.takenOut > 0;
        console.result(summary, (made) => summaryText(made, values.out), { isNews });
        return 0;
      },
      STOP_WITHIN,
    );
  },
});

function plannedText({ out, fits, items, alreadyDone, takenOut, files }: PlannedReduction): string {
  const units = items + alreadyDone === 0 ? [] : [`${items} units would be written, ${alreadyDone} are already there`];
  return [
    ...(fits ? ['a PCA would be fitted'] : []),
    ...units,
    ...takenOut.map((item) => `${item} would be removed: it is no longer in the input`),
    `would be written in ${out}:`,
    ...files.map((file) => `  ${file}`),
    '',
  ].join('\n');
}

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
      `training store: ${items} items${summary.alreadyDone > 0 ? `; ${summary.alreadyDone} units already existed` : ''}`,
    );
  lines.push(`${summary.wallSeconds.toFixed(1)} s, peak ${formatBytes(summary.peakRssBytes)}`);
  lines.push(...summary.files.map((file) => `  ${file}`));
  return `${lines.join('\n')}\n`;
}
