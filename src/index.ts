// The public API: an explicit list of names. Everything else is internal and may change.

export {
  FlowError,
  type FlowErrorCode,
  MediaError,
  type MediaErrorCode,
  ModelError,
  type ModelErrorCode,
  ReelflowError,
  UsageError,
} from './errors.ts';
export { explainMermaid, explainText } from './graphs/explain.ts';
export { type ExtractOptions, type ExtractProgress, type ExtractSummary, extract } from './graphs/extract.ts';
export {
  type ExtractionGraph,
  type ExtractionOptions,
  type ExtractionServices,
  extractionGraph,
} from './graphs/extraction.ts';
export {
  type Graph,
  type GraphNode,
  graphId,
  type Json,
  type UnitContext,
  type UnitPlan,
  unitKey,
} from './graphs/graph.ts';
export { type CorpusOptions, listCorpus } from './graphs/inputs.ts';
export {
  type MemoryNeeds,
  type MemoryPart,
  type MemoryPlan,
  type NetworkNeed,
  planMemory,
  type SessionCost,
  type WorkerPlan,
} from './graphs/memory-plan.ts';
export { type ChosenNetworks, chooseNetworks, type NetworkChoice } from './graphs/networks.ts';
export { defaultMemory, type Estimate, type ExecutionOptions, type Plan, planExtraction } from './graphs/plan.ts';
export { type LocalRun, type RunEvent, runLocally } from './graphs/runners/local.ts';
export { CommitStore, type DeadLetter } from './io/dataset/commit-store.ts';
export { type CompactOptions, compact } from './io/dataset/compact.ts';
export { Dataset } from './io/dataset/dataset.ts';
export type { DatasetCounts, DatasetDescription, DatasetFile, DatasetTable } from './io/dataset/dataset-file.ts';
export type { ItemBatch, ItemBatchOptions } from './io/dataset/item-batches.ts';
export type { Item, ItemShape } from './io/dataset/item-shape.ts';
export { type ItemBuffer, ItemStore, MissingItemError } from './io/dataset/item-store.ts';
export { ItemStoreWriter } from './io/dataset/item-store-writer.ts';
export type { ColumnShape, UnitColumn, UnitFacts, UnitTable } from './io/dataset/schema.ts';
export { type ToDatasetOptions, type ToDatasetSummary, toDataset, type Unit, unit } from './io/dataset/to-dataset.ts';
export { type AudioOptions, audio } from './io/media/audio.ts';
export type { DecodingOptions } from './io/media/decoding-options.ts';
export { type ClipDescription, encodeClip } from './io/media/encode.ts';
export {
  combineVerdicts,
  type PartialVerdict,
  type RejectedVerdict,
  type Verdict,
  type WholeVerdict,
} from './io/media/faults.ts';
export { findFfmpeg, findFfprobe, type MediaTool, type ToolOrigin } from './io/media/ffmpeg.ts';
export { type FrameSampling, type FramesOptions, frames } from './io/media/frames.ts';
export type { AudioStreamInfo, DurationSource, MediaInfo, Ratio, VideoStreamInfo } from './io/media/media-info.ts';
export { MemorySampler, processTreeMemory, type TreeMemory } from './io/media/memory.ts';
export { type ProbeOptions, probe } from './io/media/probe.ts';
export type { Resize } from './io/media/resize.ts';
export { Video, videos } from './io/media/video.ts';
export {
  type AudioInput,
  type CardPreprocess,
  type FramesInput,
  loadCard,
  type ModelCard,
  parseCard,
} from './models/networks/card.ts';
export { Network } from './models/networks/embedder.ts';
export type { SessionMemory } from './models/networks/memory.ts';
export {
  alexnet,
  type NetworkOptions,
  NetworkPlan,
  network,
  type OpenOptions,
  vggish,
} from './models/networks/network.ts';
export { BudgetTooSmallError, formatBytes, type HeldBytes, parseBytes } from './operators/budget.ts';
export { type Embedder, type Embedding, type EmbedOptions, embed } from './operators/embed.ts';
export { Flow, type FlowOptions, type Puller, type ScopeOptions } from './operators/flow.ts';
export { Frame } from './operators/frame.ts';
export { Holder } from './operators/holder.ts';
export type { MapAsyncOptions } from './operators/map-async.ts';
export { MicroBatch, type MicroBatchOptions } from './operators/micro-batch.ts';
export { type FlowMetrics, OperatorClock, type OperatorKind, type OperatorMetrics } from './operators/observe.ts';
export { Patch } from './operators/patch.ts';
export { type Bytes, Payload } from './operators/payload.ts';
export { BufferPool } from './operators/pool.ts';
export { Scope } from './operators/scope.ts';
export type { SourceOptions } from './operators/source.ts';
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
export type { HoldOptions, WindowOptions } from './operators/window.ts';
export type { ZipOptions } from './operators/zip.ts';
