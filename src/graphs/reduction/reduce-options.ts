import { checkInteger, checkOneOf, checkPositive, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { ParquetCompression, ParquetEncoding } from '../../io/dataset/parquet.ts';
import type { Pca } from '../../models/pca/fitted-pca.ts';
import type { Statistic } from '../../operators/statistics.ts';

/** What is reduced, to what, and how. */
export interface ReduceOptions {
  /**
   * A dataset's directory, or any table: a Parquet or Arrow file, or a directory of Parquet parts.
   */
  readonly input: string;
  /** The directory that is written. */
  readonly out: string;
  /**
   * The stream (of a table: the column) whose vectors are reduced; `none` only writes the training
   * store. Default `visual`.
   */
  readonly column?: string | undefined;
  /**
   * Of a table: the column of the items' ids. With it the reduced vectors become a training store
   * too.
   */
  readonly id?: string | undefined;
  /** Which of a dataset's cuts; must be given where it has several. */
  readonly subclips?: number | undefined;
  /**
   * The same for subclips of fixed length. Items have as many of them as they are long: a training
   * store is written only where all have equally many.
   */
  readonly subclipSeconds?: number | undefined;
  /** Which of a dataset's statistics; must be given where it has several. */
  readonly statistic?: Statistic | undefined;
  /** Values that remain of a vector. Neither this nor `variance`: `variance: 0.95`. */
  readonly components?: number | undefined;
  /** The least share of the variance that remains, above 0 and at most 1. */
  readonly variance?: number | undefined;
  /**
   * `exact` (default): of all rows' moments. `incremental`: scikit-learn's IncrementalPCA, needs
   * `components`.
   */
  readonly algorithm?: Pca['algorithm'] | undefined;
  /**
   * A PCA fitted before, by the directory that it was written into or its description (.json):
   * nothing is fitted, the rows are only reduced.
   */
  readonly pca?: string | undefined;
  /** How the Parquet tables' vectors are encoded. */
  readonly encoding?: ParquetEncoding | undefined;
  /** How the Parquet tables are compressed. Default `zstd`. */
  readonly compression?: ParquetCompression | undefined;
  /** Aborted: stops at the next batch; a finished unit stays. */
  readonly signal?: AbortSignal | undefined;
  /** Sentences a person should read. */
  readonly onMessage?: ((message: string, about?: { readonly isWarning?: boolean | undefined }) => void) | undefined;
}

/** What a reduction did. */
export interface ReduceSummary {
  /** Of a dataset, the id of the reduced one. */
  readonly graphId: string | undefined;
  readonly column: string;
  readonly algorithm: Pca['algorithm'] | undefined;
  /** Values of a vector before and after. */
  readonly dimension: number;
  readonly components: number;
  /** Rows that the PCA was fitted to. */
  readonly fittedRows: number;
  /** Rows written, and how many of them have no vector. */
  readonly rows: number;
  readonly rowsWithout: number;
  /** Items of the training store; of a dataset, how many units were there already. */
  readonly items: number;
  readonly alreadyDone: number;
  /** Of a dataset: units that were written now, and items that it has no more. */
  readonly added: number;
  readonly takenOut: number;
  /** Share of the variance along each component: the curve. */
  readonly explainedVarianceRatio: readonly number[];
  /** Their sum. */
  readonly varianceKept: number;
  /** Files written, relative to `out`. */
  readonly files: readonly string[];
  readonly wallSeconds: number;
  /** Most memory of the process, from its beginning. */
  readonly peakRssBytes: number;
}

/** How a PCA is fitted. */
export type Fit =
  | { readonly algorithm: Pca['algorithm']; readonly components: number }
  | { readonly algorithm: 'exact'; readonly variance: number };

/**
 * The fit that options ask for.
 * @throws UsageError when they contradict each other or are out of range.
 */
export function fitOf(options: ReduceOptions): Fit {
  const { components, variance } = options;
  const algorithm = checkOneOf('algorithm', options.algorithm ?? 'exact', ['exact', 'incremental']);
  if (components !== undefined && variance !== undefined) {
    throw new UsageError('`components` and `variance` were both given, but each determines the other');
  }
  if (options.pca !== undefined && (components ?? variance ?? options.algorithm) !== undefined) {
    throw new UsageError(
      '`pca` names a PCA that has been fitted already: leave out `components`, `variance`, `algorithm`',
    );
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
  subclips: true,
  statistic: true,
  components: true,
  variance: true,
  algorithm: true,
  pca: true,
  encoding: true,
  compression: true,
  signal: true,
  onMessage: true,
  subclipSeconds: true,
};

/** Checks what needs no look at the input. */
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
