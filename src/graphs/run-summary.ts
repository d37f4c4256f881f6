import type { DatasetRowTable, DatasetTable } from '../io/dataset/dataset-file.ts';
import type { Device } from '../models/onnx/device-name.ts';
import type { OperatorMetrics } from '../operators/operator-meter.ts';
import type { Bytes } from '../operators/payload.ts';
import type { Calibration } from './precision/calibration-file.ts';
import type { Precision } from './precision/choose-precision.ts';
import type { InputChanges } from './run-items.ts';
import type { FleetState } from './runners/queue/fleet.ts';
import type { ShardSummary } from './runners/shard-run.ts';
import type { MeasuredDeviceUse } from './sessions.ts';

/** What an extraction did. */
export interface RunSummary {
  readonly graphId: string;
  readonly videos: {
    readonly committed: number;
    /** Committed items whose media decoded only in part. */
    readonly partial: number;
    /** Committed items that were taken from the cache, without decoding. */
    readonly cached: number;
    /** Committed items whose file was only renamed: they took over its unit, without decoding. */
    readonly renamed: number;
    readonly alreadyDone: number;
    readonly skipped: number;
    /** Dead letters among the inputs, earlier ones included. */
    readonly dead: number;
  };
  /** Frames, patches and media seconds of the units computed and committed in this run. */
  readonly frames: number;
  readonly patches: number;
  readonly videoSeconds: number;
  /**
   * Elements that took the vector of an equal one, out of all that reached the networks in this
   * run, dead units included.
   */
  readonly duplicates: { readonly frames: number; readonly patches: number };
  /** From the first item to the last commit. */
  readonly wallSeconds: number;
  readonly memory: {
    readonly limitBytes: Bytes;
    readonly budgetBytes: Bytes;
    readonly peakHeldBytes: Bytes;
    /** The peak of the process and its children together, sampled every 50 ms. */
    readonly peakRssBytes: Bytes;
  };
  readonly operators: readonly OperatorMetrics[];
  readonly dead: readonly { readonly item: string; readonly code: string; readonly message: string }[];
  readonly skipped: readonly { readonly item: string; readonly reason: string }[];
  /**
   * What is odd about the media of committed items: a stream that was left out, timestamps that
   * break off, a wrong length.
   */
  readonly notes: readonly { readonly item: string; readonly notes: readonly string[] }[];
  /** Networks whose weights are random, so that their features mean nothing beyond a test. */
  readonly randomWeights: readonly string[];
  readonly execution: {
    readonly workers: number;
    readonly threads: number;
    readonly batch: number;
    readonly concurrency: number;
    /** Where the networks were computed. */
    readonly device: Device;
    /** Memory of the devices, planned and used; left out on the CPU. */
    readonly devices?: readonly MeasuredDeviceUse[] | undefined;
    /** The precision of the layers of the visual network. */
    readonly precision: Precision;
  };
  /**
   * For a visual network in int8: frames of its calibration, and how alike its vectors are to those
   * in float32.
   */
  readonly calibration?: Pick<Calibration, 'frames' | 'cosine'> | undefined;
  /**
   * Seconds spent creating sessions (on a device, while the first frames are decoded), running
   * (without anything before it), and writing the tables.
   */
  readonly phases: { readonly sessions: number; readonly run: number; readonly compaction: number };
  /**
   * The dataset's Parquet tables as they now are; none for a stream, or if they were never written.
   */
  readonly tables: readonly DatasetTable[];
  /** The same for the tables of a dataflow's own rows (`scope.rows`). */
  readonly rowTables: readonly DatasetRowTable[];
  /**
   * How its inputs relate to the items that the dataset had before; left out for a stream, which
   * keeps nothing.
   */
  readonly inputs?: InputChanges | undefined;
  /**
   * For the run of a shard: which shard it is, and the progress of the whole corpus. All other
   * counts cover only what this run did. The tables are written by the run that finds nothing left.
   */
  readonly shard?: ShardSummary | undefined;
  /**
   * For a run done by the workers of a queue: their state when it ended, as they reported it.
   * Everything else comes from the dataset.
   */
  readonly fleet?: FleetState | undefined;
  /**
   * Requests for remote inputs and to an object store, retries, and bytes in both directions; left
   * out if there were none.
   */
  readonly network?:
    | {
        readonly requests: number;
        readonly retries: number;
        readonly receivedBytes: Bytes;
        readonly sentBytes: Bytes;
      }
    | undefined;
  /** Whether the run was stopped before its end. */
  readonly interrupted: boolean;
  /**
   * Items that an interrupted run leaves for the same command to finish; 0 if it was not
   * interrupted.
   */
  readonly left: number;
  /** Why the tables were not written, although the units are committed. */
  readonly failure?: { readonly code: string; readonly message: string } | undefined;
  /** Whether it ended because the reader of its stream went away. */
  readonly readerGone: boolean;
}
