import { existsSync } from 'node:fs';
import { UsageError } from '../../core/errors.ts';
import { refuseOutputAddress } from '../../core/object-address.ts';
import { datasetFilePath } from '../../io/dataset/dataset-file.ts';
import { atInput } from './at-input.ts';
import { reduceDataset } from './reduce-dataset.ts';
import { checkReduceOptions, type ReduceOptions, type ReduceSummary } from './reduce-options.ts';
import { reduceTable } from './reduce-table.ts';

/**
 * Reduces vectors with a PCA. From a dataset, one cut and statistic becomes a separate dataset,
 * with Parquet tables, the fitted PCA in `_pca/`, and the training store `_training.arrow`. From
 * any other Parquet or Arrow table it makes `reduced.parquet`, the PCA, and, with `id`, the
 * training store too.
 *
 * Buffering: the moments (4 D^2 bytes) or the incremental algorithm's batch, and one unit or batch
 * of rows. Cancellation: `signal`, at the next batch; committed units stay.
 *
 * @throws UsageError for invalid options, damaged files, rows that do not fit (naming file and
 * row), or another graph's directory; ModelError for a PCA of another network, statistic or length;
 * FlowError `aborted`.
 *
 * @example
 * const { varianceKept } = await reduce({ input: 'features/', out: 'reduced/', components: 600 });
 */
export async function reduce(options: ReduceOptions): Promise<ReduceSummary> {
  checkReduceOptions(options);
  refuseOutputAddress(options.out);
  return atInput(options.input, options.signal, (input) => reduceChecked({ ...options, input }));
}

async function reduceChecked(options: ReduceOptions): Promise<ReduceSummary> {
  const started = performance.now();
  const isDataset = existsSync(datasetFilePath(options.input));
  if (isDataset && options.id !== undefined) {
    throw new UsageError('`id` is for tables: a dataset knows the ids of its items');
  }
  const done = isDataset ? await reduceDataset(options) : { ...(await reduceTable(options)), ...NO_DATASET };
  const curve = Array.from(done.fitted?.pca.explainedVarianceRatio ?? []);
  return {
    graphId: done.graphId,
    column: options.column ?? 'visual',
    algorithm: done.fitted?.pca.algorithm,
    dimension: done.dimension,
    components: done.fitted?.pca.components ?? done.dimension,
    fittedRows: done.fitted?.pca.rows ?? 0,
    rows: done.rows,
    rowsWithout: done.rowsWithout,
    items: done.items,
    alreadyDone: done.alreadyDone,
    added: done.added,
    takenOut: done.takenOut,
    explainedVarianceRatio: curve,
    varianceKept: curve.reduce((sum, share) => sum + share, 0),
    files: done.files,
    wallSeconds: (performance.now() - started) / 1000,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
}

const NO_DATASET = { graphId: undefined, alreadyDone: 0, added: 0, takenOut: 0 };
