import type { EpochRecord } from './checkpoint.ts';
import type { FeedBuffers } from './feed-buffers.ts';
import type { FedBatch } from './feeds.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import type { PlateauOptions } from './plateau.ts';

/** Batches to learn from. */
export interface TrainingData {
  /**
   * The batches of an epoch from number `from` on (both counted from 0), always the same for the
   * same epoch. Feeds may be taken from `buffers`; a batch is moved away once it has been given.
   */
  batches(epoch: number, from: number, buffers: FeedBuffers): AsyncIterable<FedBatch> | Iterable<FedBatch>;
}

/** A batch with what should be predicted for it. */
export interface EvaluationBatch extends FedBatch {
  readonly targets: Float32Array;
}

/** Batches to judge by. */
export interface ValidationData {
  batches(buffers: FeedBuffers): AsyncIterable<EvaluationBatch> | Iterable<EvaluationBatch>;
}

/** Where a training leaves itself to be taken up again. */
export interface CheckpointOptions {
  /** Path of the file, which is replaced again and again. */
  readonly path: string;
  /**
   * Steps between checkpoints inside an epoch; at each epoch's end there is one anyway. Default:
   * none inside.
   */
  readonly everySteps?: number | undefined;
  /** What the data are, so that another data set's checkpoint is refused. */
  readonly data: string;
}

/** How a module is trained. */
export interface TrainerOptions {
  /** Seed of first weights and dropout masks. Default 1. */
  readonly seed?: number | undefined;
  /** Epochs at most. Default 100. */
  readonly epochs?: number | undefined;
  /** Epochs without a better validation loss before training ends. Default 5. */
  readonly patience?: number | undefined;
  /**
   * Steps without a better validation loss before training ends, however many epochs they are.
   * Default 500.
   */
  readonly patienceSteps?: number | undefined;
  /** First learning rate. Default 0.001. */
  readonly learningRate?: number | undefined;
  /** The rate of each epoch, in place of `learningRate` and `plateau`; the last one stays. */
  readonly rates?: readonly number[] | undefined;
  /** How the learning rate is lowered; `false` never. */
  readonly plateau?: PlateauOptions | false | undefined;
  /** Default `adam()`. */
  readonly optimiser?: Optimiser | undefined;
  /** Factor of the sum of squared kernels and embeddings in the loss. Default 1e-5. */
  readonly l2?: number | undefined;
  /** Values that replace the seeded first ones, by name. */
  readonly initialWeights?: ReadonlyMap<string, Float32Array> | undefined;
  readonly checkpoint?: CheckpointOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each epoch, before its checkpoint; awaited. */
  readonly onEpoch?: ((record: EpochRecord) => void | Promise<void>) | undefined;
}

/** What a training gave. */
export interface TrainingResult {
  readonly history: readonly EpochRecord[];
  /** Epoch whose weights the module has now. */
  readonly bestEpoch: number;
  /** Its validation loss; null without validation data. */
  readonly bestLoss: number | null;
  /** Epoch and batch that training continued from, when there was a checkpoint. */
  readonly resumedFrom: { readonly epoch: number; readonly batches: number } | undefined;
}
