/**
 * What a dataflow needs.
 *
 * @module reelflow
 */

export {
  DatasetError,
  type DatasetErrorCode,
  FlowError,
  type FlowErrorCode,
  MediaError,
  type MediaErrorCode,
  ModelError,
  type ModelErrorCode,
  ReelflowError,
  SystemError,
  type SystemErrorCode,
  UsageError,
} from './core/errors.ts';
export type {
  ColumnOptions,
  Columns,
  ElementOf,
  EmbeddingOptions,
  ScopeAudioOptions,
  ScopeFramesOptions,
  VideoScope,
} from './graphs/dataflow/video-scope.ts';
export { network } from './graphs/named-network.ts';
export type { Calibration } from './graphs/precision/calibration-file.ts';
export type { InputChanges } from './graphs/run-items.ts';
export type { RunOptions, WatchOptions } from './graphs/run-options.ts';
export type { RunSummary } from './graphs/run-summary.ts';
export type { FleetState } from './graphs/runners/queue/fleet.ts';
export type { QueueOptions } from './graphs/runners/queue/queue-options.ts';
export type { Shard, ShardOptions } from './graphs/runners/shard.ts';
export type { ShardSummary, WholeCorpus } from './graphs/runners/shard-run.ts';
export type { MeasuredDeviceUse } from './graphs/sessions.ts';
export type { Dataflow } from './graphs/spec/flow-module.ts';
export type { ScratchOptions } from './graphs/with-input-copies.ts';
export {
  type InlineDataflow,
  type MadeGraph,
  type ModuleDataflow,
  type WriteDatasetOptions,
  writeDataset,
} from './graphs/write-dataset.ts';
export type { RowTable } from './io/dataset/row-table.ts';
export type { Row, RowScalar, RowSchema, RowType, RowValue } from './io/dataset/row-types.ts';
export { type AudioOptions, audio } from './io/media/audio.ts';
export { type FrameSampling, type FramesOptions, frames } from './io/media/frames.ts';
export { type HeldFile, Video, type VideoOptions, type VideosOptions, video, videos } from './io/media/video.ts';
export type { Similarity } from './models/quantisation/cosine.ts';
export { BudgetTooSmallError, type HeldBytes } from './operators/budget.ts';
export {
  type Embedder,
  type Embedding,
  type EmbedOptions,
  embed,
  type RepeatedFrames,
} from './operators/embed.ts';
export { Flow, type FlowOptions, type PullSource, type ScopeOptions } from './operators/flow.ts';
export { Frame } from './operators/frame.ts';
export type { Holding, OperatorMaker, OperatorOptions, Stage } from './operators/own-operator.ts';
export { Patch } from './operators/patch.ts';
export { Scope } from './operators/scope.ts';
export { type Statistic, statisticNames } from './operators/statistics.ts';
export {
  type Span,
  type SubclipOptions,
  type SubclipRow,
  type SubclipScope,
  subclips,
  type Timed,
} from './operators/subclips.ts';
