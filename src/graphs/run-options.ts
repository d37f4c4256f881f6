import type { KnownOptions } from '../core/known-options.ts';
import type { UnitCache } from '../io/cache/unit-cache.ts';
import type { ParquetCompression, ParquetEncoding } from '../io/dataset/parquet.ts';
import type { OperationsOptions } from './operations/run-operations.ts';
import type { ExecutionOptions } from './plan.ts';
import type { RunProgress } from './run-progress.ts';
import type { ItemReport, MessageAbout, RunStage } from './run-reports.ts';
import type { QueueOptions } from './runners/queue/queue-options.ts';
import type { ShardOptions } from './runners/shard.ts';

/** How a run is stopped, and which listeners observe it. */
export interface WatchOptions {
  /** When aborted, the run finishes what is running and starts nothing new. */
  readonly drain?: AbortSignal | undefined;
  /** When aborted, the run stops at once; what is committed stays. */
  readonly signal?: AbortSignal | undefined;
  /** Called about once a second. */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  /** Sentences a person should read: random weights, items left out, dead letters. */
  readonly onMessage?: ((message: string, about?: MessageAbout) => void) | undefined;
  /** Called for each item whose decoding begins, with the length of its media in seconds. */
  readonly onItemStarted?:
    | ((item: { readonly item: string; readonly path: string; readonly seconds: number }) => void)
    | undefined;
  /** Called for each finished item. */
  readonly onItem?: ((report: ItemReport) => void) | undefined;
  /** Called for each stage that begins before there is any progress, or after it. */
  readonly onStage?: ((stage: RunStage) => void) | undefined;
}

/** How a graph is run, apart from its inputs and its output. Nothing here changes values. */
export interface RunOptions extends ExecutionOptions, WatchOptions, ShardOptions, QueueOptions, OperationsOptions {
  /**
   * Units already made by a run into another dataset: an address that `openUnitCache` accepts, or a
   * cache of your own. Default: none.
   */
  readonly cache?: string | UnitCache | undefined;
  /** Writes the Parquet tables of a dataset at the end. Default true. */
  readonly compact?: boolean | undefined;
  /**
   * How the tables' vectors are encoded; not part of the graph. Default: like the existing tables,
   * or `plain` for new ones.
   */
  readonly encoding?: ParquetEncoding | undefined;
  /**
   * How the tables are compressed; not part of the graph. Default: like the existing tables, or
   * `zstd` for new ones.
   */
  readonly compression?: ParquetCompression | undefined;
  /**
   * For tests: frames and patches are overwritten as soon as nothing holds them any more, so that
   * an operator of yours that keeps one without holding it computes garbage. Default false.
   */
  readonly poison?: boolean | undefined;
}

/** The options for watching a run. */
export const watchOptions: KnownOptions<WatchOptions> = {
  drain: true,
  signal: true,
  onProgress: true,
  onMessage: true,
  onItem: true,
  onItemStarted: true,
  onStage: true,
};

/** The options of a run, whatever is computed. */
export const runOptions: KnownOptions<RunOptions> = {
  ...watchOptions,
  memory: true,
  concurrency: true,
  batch: true,
  workers: true,
  threads: true,
  device: true,
  cache: true,
  compact: true,
  encoding: true,
  compression: true,
  metricsPort: true,
  poison: true,
  shard: true,
  steal: true,
  runner: true,
  queue: true,
};
