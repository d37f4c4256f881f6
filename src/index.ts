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
  PictureOptions,
  SoundOptions,
  VideoScope,
} from './graphs/dataflow/video-scope.ts';
export { network } from './graphs/named-network.ts';
export type { RunOptions } from './graphs/run-graph.ts';
export type { RunSummary } from './graphs/run-summary.ts';
export { type WriteDatasetOptions, writeDataset } from './graphs/write-dataset.ts';
export { type AudioOptions, audio } from './io/media/audio.ts';
export { type FrameSampling, type FramesOptions, frames } from './io/media/frames.ts';
export { Video, type VideosOptions, video, videos } from './io/media/video.ts';
export { BudgetTooSmallError, formatBytes, type HeldBytes, parseBytes } from './operators/budget.ts';
export {
  DUPLICATES,
  type Duplicates,
  type Embedder,
  type Embedding,
  type EmbedOptions,
  embed,
  embedKeeps,
} from './operators/embed.ts';
export { Flow, type FlowOptions, type Puller, type ScopeOptions } from './operators/flow.ts';
export { Frame } from './operators/frame.ts';
export type { Holding, OperatorMaker, OperatorOptions, Stage } from './operators/own-operator.ts';
export { Patch } from './operators/patch.ts';
export { Scope } from './operators/scope.ts';
export { dimensionOf, STATISTICS, type Statistic } from './operators/statistics.ts';
export {
  type Span,
  type SubclipOptions,
  type SubclipRow,
  type SubclipScope,
  subclips,
  subclipsClaim,
  type Timed,
} from './operators/subclips.ts';
