/**
 * The training engine, training stores and TensorBoard files. The entry point `reelflow/training`.
 *
 * @module reelflow/training
 */

export type { ItemBatch, ItemBatchOptions } from '../io/dataset/item-batches.ts';
export type { Item, ItemShape } from '../io/dataset/item-shape.ts';
export { type ItemBuffer, ItemStore, MissingItemError } from '../io/dataset/item-store.ts';
export { ItemStoreWriter } from '../io/dataset/item-store-writer.ts';
export { EventFile, type EventStep } from '../io/tfevents/event-file.ts';
export type { EpochRecord } from '../models/autodiff/checkpoint.ts';
export { concurrently } from '../models/autodiff/concurrently.ts';
export type { Dimension, FloatType, GraphEmitter, Tensor, TensorType } from '../models/autodiff/emitter.ts';
export type { FeedBuffers } from '../models/autodiff/feed-buffers.ts';
export type { BatchFeed, FedBatch, Feeds } from '../models/autodiff/feeds.ts';
export type { Initialiser, Uniform } from '../models/autodiff/initialisers.ts';
export type { AdamOptions } from '../models/autodiff/optimisers/adam.ts';
export { adam } from '../models/autodiff/optimisers/adam.ts';
export type { Optimiser } from '../models/autodiff/optimisers/optimiser.ts';
export { sgd } from '../models/autodiff/optimisers/sgd.ts';
export type { GradientPrivacy } from '../models/autodiff/private-step.ts';
export type { LookUp, Mask, Variable } from '../models/autodiff/tape.ts';
export { Tape } from '../models/autodiff/tape.ts';
export { Trainer } from '../models/autodiff/trainer.ts';
export type {
  CheckpointOptions,
  EpochProgress,
  EvaluationBatch,
  JudgedBatch,
  TrainerOptions,
  TrainingData,
  TrainingResult,
  ValidationData,
} from '../models/autodiff/trainer-options.ts';
export type { ModuleOutputs, TrainableModule } from '../models/autodiff/training-plan.ts';
export type { AttributeValue, GraphValue, OnnxGraph, OnnxNode } from '../models/onnx/onnx-graph.ts';
