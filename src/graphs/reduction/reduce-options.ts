import { checkInteger, checkOneOf, checkPositive, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { ParquetCompression, ParquetEncoding } from '../../io/dataset/parquet.ts';
import type { Pca } from '../../models/pca/fitted-pca.ts';
import { type TableChoice, tableChoice } from '../table-choice.ts';

/**
 * What to reduce, to what, and how. With `subclipSeconds` items have different numbers of subclips;
 * a training store is written only if all have the same number.
 */
export interface ReduceOptions extends TableChoice {
  /**
   * A dataset's directory, or any table: a Parquet or Arrow file, or a directory of Parquet parts.
   */
  readonly input: string;
  /** The directory to write. */
  readonly out: string;
  /**
   * The stream (for a table: the column) whose vectors are reduced; `none` only writes the training
   * store. Default `visual`.
   */
  readonly column?: string | undefined;
  /**
   * For a table: the column of the items' ids. With it the reduced vectors also become a training
   * store.
   */
  readonly id?: string | undefined;
  /**
   * How many values remain of each vector. If neither this nor `variance` is given: `variance:
   * 0.95`.
   */
  readonly components?: number | undefined;
  /** The minimum share of the variance that remains, above 0 and at most 1. */
  readonly variance?: number | undefined;
  /**
   * `exact` (default): from the moments of all rows. `incremental`: scikit-learn's IncrementalPCA,
   * which needs `components`.
   */
  readonly algorithm?: Pca['algorithm'] | undefined;
  /**
   * An existing PCA, given as the directory that it was written into or as its description (.json):
   * nothing is fitted, the rows are only reduced.
   */
  readonly pca?: string | undefined;
  /** How the Parquet tables' vectors are encoded. */
  readonly encoding?: ParquetEncoding | undefined;
  /** How the Parquet tables are compressed. Default `zstd`. */
  readonly compression?: ParquetCompression | undefined;
  /** When aborted, the reduction stops at the next batch; finished units stay. */
  readonly signal?: AbortSignal | undefined;
  /** Sentences a person should read. */
  readonly onMessage?: ((message: string, about?: { readonly isWarning?: boolean | undefined }) => void) | undefined;
}

/** What a reduction did. */
export interface ReduceSummary {
  /** For a dataset, the graph id of the reduced one. */
  readonly graphId: string | undefined;
  readonly column: string;
  readonly algorithm: Pca['algorithm'] | undefined;
  /** Values per vector before and after. */
  readonly dimension: number;
  readonly components: number;
  /** Rows that the PCA was fitted to. */
  readonly fittedRows: number;
  /** Rows written, and how many of them have no vector. */
  readonly rows: number;
  readonly rowsWithout: number;
  /** Items of the training store; for a dataset, also how many units already existed. */
  readonly items: number;
  readonly alreadyDone: number;
  /** For a dataset: units that were written now, and items that were removed. */
  readonly added: number;
  readonly takenOut: number;
  /** Share of the variance explained by each component. */
  readonly explainedVarianceRatio: readonly number[];
  /** Their sum. */
  readonly varianceKept: number;
  /** Files written, relative to `out`. */
  readonly files: readonly string[];
  readonly wallSeconds: number;
  /** Peak memory of the process since it started. */
  readonly peakRssBytes: number;
}

/** How to fit a PCA. */
export type Fit =
  | { readonly algorithm: Pca['algorithm']; readonly components: number }
  | { readonly algorithm: 'exact'; readonly variance: number };

/**
 * The fit that the options request.
 * @throws UsageError when they contradict each other or are out of range.
 */
export function fitOf(options: ReduceOptions): Fit {
  const { components, variance } = options;
  const algorithm = checkOneOf('algorithm', options.algorithm ?? 'exact', ['exact', 'incremental']);
  if (components !== undefined && variance !== undefined) {
    throw new UsageError('`components` and `variance` were both given, but each determines the other');
  }
  if (options.pca !== undefined && (components ?? variance ?? options.algorithm) !== undefined) {
    throw new UsageError('`pca` names a PCA that is already fitted: leave out `components`, `variance`, `algorithm`');
  }
  if (components !== undefined) return { algorithm, components: checkInteger('components', components) };
  if (algorithm === 'incremental') {
    throw new UsageError(
      'the incremental algorithm must be given `components`: it cannot work out how many a share of the variance needs',
      {
        option: 'components',
        remedy: "Give `components`, or use `algorithm: 'exact'`.",
      },
    );
  }
  const share = variance ?? 0.95;
  if (!(share > 0 && share <= 1)) {
    throw new UsageError(`\`variance\` must be a number above 0 and at most 1, but is ${share}`, {
      option: 'variance',
    });
  }
  return { algorithm: 'exact', variance: share };
}

const known: KnownOptions<ReduceOptions> = {
  input: true,
  out: true,
  column: true,
  id: true,
  ...tableChoice,
  components: true,
  variance: true,
  algorithm: true,
  pca: true,
  encoding: true,
  compression: true,
  signal: true,
  onMessage: true,
};

/** Checks everything that can be checked without reading the input. */
export function checkReduceOptions(options: ReduceOptions): void {
  checkKnownOptions('reduce', options, known);
  checkString('input', options.input);
  checkString('out', options.out);
  if (options.column !== undefined) checkString('column', options.column);
  if (options.id !== undefined) checkString('id', options.id);
  if (options.subclips !== undefined) checkInteger('subclips', options.subclips);
  if (options.subclipSeconds !== undefined) checkPositive('subclipSeconds', options.subclipSeconds);
  if (options.subclips !== undefined && options.subclipSeconds !== undefined) {
    throw new UsageError('give `subclips` or `subclipSeconds`, not both: one cut is reduced at a time');
  }
}
