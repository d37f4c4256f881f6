import type { EpochRecord } from './checkpoint.ts';
import type { FeedBuffers } from './feed-buffers.ts';
import type { FedBatch } from './feeds.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import type { PlateauOptions } from './plateau.ts';

/** Batches to learn from. */
export interface TrainingData {
  /** Rows of an epoch, for its progress. */
  readonly rows?: number | undefined;
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

/** A batch that says itself how wrong its predictions are, summed over some judgements. */
export interface JudgedBatch extends FedBatch {
  readonly judge: (predictions: Float32Array) => { readonly wrong: number; readonly judgements: number };
}

/** Batches to judge by. */
export interface ValidationData {
  /**
   * How wrong the predictions of all batches are, one after the other; training keeps what is least
   * wrong. Default: the mean squared error, or where batches judge themselves the mean over all
   * judgements.
   */
  readonly loss?: ((predictions: Float32Array, targets: Float32Array) => number) | undefined;
  batches(buffers: FeedBuffers): AsyncIterable<EvaluationBatch | JudgedBatch> | Iterable<EvaluationBatch | JudgedBatch>;
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

/**
 * Where an epoch stands.
 *
 * @example
 * await Trainer.open(module, { onProgress: ({ rows, of }) => console.log(`${rows} of ${of} rows`) });
 */
export interface EpochProgress {
  /** Counted from 0. */
  readonly epoch: number;
  /** Rows that it has learnt. */
  readonly rows: number;
  /** All rows of an epoch, where the data say it. */
  readonly of: number | undefined;
  /** Mean of the loss over the rows learnt. */
  readonly loss: number;
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
   * Steps without a better validation loss before training ends, however many epochs that is.
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
  /**
   * Whether embeddings are learnt sparsely: a step then changes the rows alone that its batch names
   * (Adam as `torch.optim.SparseAdam`, L2 on those rows), and its cost does not grow with users and
   * items. Default: tables of at least 10,000 rows are.
   */
  readonly sparse?: boolean | undefined;
  /**
   * Where steps are computed: `cpu` (default), or a card such as `cuda`. There up to 64 steps are
   * one run, between which the weights stay on the card; predictions are the CPU's. Where that
   * cannot be, training is on the CPU, and `onMessage` is told why. The card changes roundings, so
   * that weights differ from the CPU's; a checkpoint may be continued elsewhere.
   */
  readonly device?: string | undefined;
  /** Several steps in one run on the CPU too. @internal */
  readonly inLoop?: boolean | undefined;
  /** Told a sentence about where it is trained, if that is not where it should be. */
  readonly onMessage?: ((sentence: string) => void) | undefined;
  /** Values that replace the seeded first ones, by name. */
  readonly initialWeights?: ReadonlyMap<string, Float32Array> | undefined;
  readonly checkpoint?: CheckpointOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Called inside an epoch whenever some batches are learnt: 1, 2, 4, 8, then 16 small ones at a
   * time, or one of 4 MiB.
   */
  readonly onProgress?: ((progress: EpochProgress) => void) | undefined;
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
