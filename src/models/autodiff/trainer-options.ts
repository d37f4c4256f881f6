import type { EpochRecord } from './checkpoint.ts';
import type { FeedBuffers } from './feed-buffers.ts';
import type { FedBatch } from './feeds.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import type { PlateauOptions } from './plateau.ts';
import type { GradientPrivacy } from './private-step.ts';

/** Batches to learn from. */
export interface TrainingData {
  /** Number of rows in an epoch, for progress reports. */
  readonly rows?: number | undefined;
  /**
   * The batches of an epoch from number `from` on (both counted from 0), always the same for the
   * same epoch. Feeds may use `buffers`; a batch is transferred once it has been yielded.
   */
  batches(epoch: number, from: number, buffers: FeedBuffers): AsyncIterable<FedBatch> | Iterable<FedBatch>;
}

/** A batch with its expected predictions. */
export interface EvaluationBatch extends FedBatch {
  readonly targets: Float32Array;
}

/** A batch that computes the error of its own predictions, summed over a number of judgements. */
export interface JudgedBatch extends FedBatch {
  readonly judge: (predictions: Float32Array) => { readonly wrong: number; readonly judgements: number };
}

/** Batches for validation. */
export interface ValidationData {
  /**
   * The error of the predictions of all batches in order; training keeps the weights with the
   * smallest. Default: the mean squared error or, if batches compute their own, the mean over all
   * judgements.
   */
  readonly loss?: ((predictions: Float32Array, targets: Float32Array) => number) | undefined;
  batches(buffers: FeedBuffers): AsyncIterable<EvaluationBatch | JudgedBatch> | Iterable<EvaluationBatch | JudgedBatch>;
}

/** Where and when a training saves its state in order to resume. */
export interface CheckpointOptions {
  /** Path of the file, which is replaced each time. */
  readonly path: string;
  /**
   * Steps between checkpoints within an epoch; there is always one at the end of an epoch. Default:
   * none within.
   */
  readonly everySteps?: number | undefined;
  /** Identity of the data, so that a checkpoint of another data set is refused. */
  readonly data: string;
}

/**
 * Progress of an epoch.
 *
 * @example
 * declare const module: TrainableModule;
 * await Trainer.open(module, { onProgress: ({ rows, of }) => console.log(`${rows} of ${of} rows`) });
 */
export interface EpochProgress {
  /** Counted from 0. */
  readonly epoch: number;
  /** Number of rows processed. */
  readonly rows: number;
  /** Number of rows in the epoch, if the data state it. */
  readonly of: number | undefined;
  /** Mean of the loss over the rows processed. */
  readonly loss: number;
}

/** How a module is trained. */
export interface TrainerOptions {
  /** Seed of initial weights and dropout masks. Default 1. */
  readonly seed?: number | undefined;
  /** Maximum number of epochs. Default 100. */
  readonly epochs?: number | undefined;
  /** Epochs without a better validation loss before training ends. Default 5. */
  readonly patience?: number | undefined;
  /**
   * Steps without a better validation loss before training ends, however many epochs that is.
   * Default 500.
   */
  readonly patienceSteps?: number | undefined;
  /** Initial learning rate. Default 0.001. */
  readonly learningRate?: number | undefined;
  /** The rate of each epoch, instead of `learningRate` and `plateau`; the last one is kept. */
  readonly rates?: readonly number[] | undefined;
  /** How the learning rate is lowered; `false`: never. */
  readonly plateau?: PlateauOptions | false | undefined;
  /** Default `adam()`. */
  readonly optimiser?: Optimiser | undefined;
  /** Factor of the sum of squared kernels and embeddings in the loss. Default 1e-5. */
  readonly l2?: number | undefined;
  /**
   * Whether embeddings are learnt sparsely: a step then changes only the rows that its batch names
   * (Adam like `torch.optim.SparseAdam`, L2 on those rows), and its cost does not grow with the
   * number of users and items. Default: for tables of at least 10,000 rows.
   */
  readonly sparse?: boolean | undefined;
  /**
   * Where steps run: `cpu` (default), or a card such as `cuda`. On a card up to 64 steps form one
   * run, during which the weights stay there; predictions are computed on the CPU. If the card
   * cannot be used, training runs on the CPU and `onMessage` is told why. A card rounds
   * differently, so weights differ from the CPU's; a checkpoint may be resumed on another device.
   */
  readonly device?: string | undefined;
  /**
   * Makes steps differentially private. Batches are then `joinUnits` of a Poisson sample of units;
   * steps run on the CPU.
   */
  readonly gradientPrivacy?: GradientPrivacy | undefined;
  /** Several steps in one run on the CPU too. @internal */
  readonly inLoop?: boolean | undefined;
  /** Called with a sentence if the training runs elsewhere than requested. */
  readonly onMessage?: ((sentence: string) => void) | undefined;
  /** Values that replace the seeded initial ones, by name. */
  readonly initialWeights?: ReadonlyMap<string, Float32Array> | undefined;
  readonly checkpoint?: CheckpointOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Called during an epoch as batches are learnt: after 1, 2, 4, 8, then every 16 small ones, or
   * one of 4 MiB.
   */
  readonly onProgress?: ((progress: EpochProgress) => void) | undefined;
  /** Called after each epoch, before its checkpoint; awaited. */
  readonly onEpoch?: ((record: EpochRecord) => void | Promise<void>) | undefined;
}

/** The result of a training. */
export interface TrainingResult {
  readonly history: readonly EpochRecord[];
  /** The epoch whose weights the module now has. */
  readonly bestEpoch: number;
  /** Its validation loss; null without validation data. */
  readonly bestLoss: number | null;
  /** Epoch and batch that training resumed from, if there was a checkpoint. */
  readonly resumedFrom: { readonly epoch: number; readonly batches: number } | undefined;
}
