/** The training engine, training stores and TensorBoard files. The entry point `reelflow/training`. */

export type { ItemBatch, ItemBatchOptions } from '../io/dataset/item-batches.ts';
export type { Item, ItemShape } from '../io/dataset/item-shape.ts';
export { type ItemBuffer, ItemStore, MissingItemError } from '../io/dataset/item-store.ts';
export { ItemStoreWriter } from '../io/dataset/item-store-writer.ts';
export { EventFile, type EventStep } from '../io/tfevents/event-file.ts';
export type { EpochRecord } from '../models/autodiff/checkpoint.ts';
export { concurrently } from '../models/autodiff/concurrently.ts';
export { adam } from '../models/autodiff/optimisers/adam.ts';
export type { Optimiser } from '../models/autodiff/optimisers/optimiser.ts';
export { sgd } from '../models/autodiff/optimisers/sgd.ts';
export type { TrainableNetwork } from '../models/autodiff/plan.ts';
export { Tape } from '../models/autodiff/tape.ts';
export { Trainer } from '../models/autodiff/trainer.ts';
export type {
  CheckpointOptions,
  TrainerOptions,
  TrainingData,
  TrainingResult,
  ValidationData,
} from '../models/autodiff/trainer-options.ts';
