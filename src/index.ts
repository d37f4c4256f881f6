// The public API: an explicit list of names. Everything else is internal and may change.

export {
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
export type { RatingScale } from './core/rating-scale.ts';
export type { Columns, VideoScope } from './graphs/dataflow/video-scope.ts';
export { type EvaluationReport, evaluatePredictions, type ScoringOptions } from './graphs/evaluation.ts';
export type { Experiment, ExperimentConfig, ModelSettings } from './graphs/experiment/experiment-config.ts';
export { type ExperimentKey, experimentKeys } from './graphs/experiment/experiment-keys.ts';
export type { PointFailure } from './graphs/experiment/point-result.ts';
export type { PublishedSetting } from './graphs/experiment/published.ts';
export type { ResultTable, TableColumn, TableRow } from './graphs/experiment/result-tables.ts';
export { type ExperimentResult, type RunExperimentOptions, runExperiment } from './graphs/experiment/run-experiment.ts';
export type { RunOptions } from './graphs/experiment/run-points.ts';
export type { ExperimentRow, SeedMean } from './graphs/experiment/summarise.ts';
export { explainMermaid, explainText } from './graphs/explain.ts';
export { type ExtractOptions, extract } from './graphs/extract.ts';
export { type ExtractionOptions, extractionGraph } from './graphs/extraction.ts';
export { fetchCorpus } from './graphs/fetch/fetch.ts';
export type { FetchOptions, FetchProgress, FetchSource } from './graphs/fetch/fetch-options.ts';
export { type PlannedCommand, planFetch } from './graphs/fetch/fetch-plan.ts';
export { type FetchSummary, fetchFailures } from './graphs/fetch/fetch-summary.ts';
export {
  type Graph,
  type GraphNode,
  graphId,
  type Json,
  PlanOutdated,
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
export { evaluateModel, type ModelEvaluationOptions } from './graphs/model-evaluation.ts';
export { type ImportModelOptions, importModel } from './graphs/models/import-model.ts';
export { type ListedNetwork, type ListedWeights, listModels } from './graphs/models/list-models.ts';
export { type MadeCard, type MakeCardOptions, makeCard } from './graphs/models/make-card.ts';
export type { ModelReport } from './graphs/models/model-report.ts';
export { type PullModelOptions, pullModel } from './graphs/models/pull-model.ts';
export { type VerifiedModel, verifyModels } from './graphs/models/verify-models.ts';
export { network } from './graphs/named-network.ts';
export { type ChosenNetworks, chooseNetworks, type NetworkChoice } from './graphs/networks.ts';
export {
  defaultMemory,
  type Estimate,
  type ExecutionOptions,
  type Plan,
  type PlannedNetwork,
  planRun,
} from './graphs/plan.ts';
export type { Precision, PrecisionOptions } from './graphs/precision/choose-precision.ts';
export type { FitData, FitOptions, FitProgress, FittedModel } from './graphs/recommenders/fit-data.ts';
export { fitModel } from './graphs/recommenders/fit-model.ts';
export { type LoadedModel, loadModel } from './graphs/recommenders/load-model.ts';
export { type ModelName, modelNames } from './graphs/recommenders/model-names.ts';
export { type ModelOption, modelOptions } from './graphs/recommenders/model-options.ts';
export {
  type Recommendations,
  type RecommendedItem,
  type RecommendOptions,
  recommend,
} from './graphs/recommenders/recommend.ts';
export { MissingFeaturesError, StoreFeatures } from './graphs/recommenders/store-features.ts';
export { type TrainOptions, type TrainSummary, trainRecommender } from './graphs/recommenders/train-recommender.ts';
export type { ReduceOptions, ReduceSummary } from './graphs/reduction/options.ts';
export { reduce } from './graphs/reduction/reduce.ts';
export type { RunProgress } from './graphs/run-progress.ts';
export type { RunSummary } from './graphs/run-summary.ts';
export { type LocalRun, type RunEvent, runLocally, type UnitSource, type UnitStore } from './graphs/runners/local.ts';
export { type WriteDatasetOptions, writeDataset } from './graphs/write-dataset.ts';
export { openUnitCache } from './io/cache/open-cache.ts';
export type { UnitCache } from './io/cache/unit-cache.ts';
export { CommitStore } from './io/dataset/commit-store.ts';
export { type CompactOptions, compact } from './io/dataset/compact.ts';
export { Dataset } from './io/dataset/dataset.ts';
export type { DatasetCounts, DatasetDescription, DatasetFile, DatasetTable } from './io/dataset/dataset-file.ts';
export type { DeadLetter } from './io/dataset/dead-letter.ts';
export type { ItemBatch, ItemBatchOptions } from './io/dataset/item-batches.ts';
export type { Item, ItemShape } from './io/dataset/item-shape.ts';
export { type ItemBuffer, ItemStore, MissingItemError } from './io/dataset/item-store.ts';
export { ItemStoreWriter } from './io/dataset/item-store-writer.ts';
export type { ParquetCompression, ParquetEncoding } from './io/dataset/parquet.ts';
export type { ColumnShape, UnitColumn, UnitFacts, UnitTable } from './io/dataset/schema.ts';
export { openTable, type TableBatch, type TableReader, type TableReaderOptions } from './io/dataset/table-reader.ts';
export { type BatchPlace, type Vectors, vectorsOf } from './io/dataset/vector-column.ts';
export type { FetchFault, FetchReason } from './io/fetch/fetch-fault.ts';
export type { FailedRecord } from './io/fetch/fetch-record.ts';
export { splitCommand } from './io/fetch/split-command.ts';
export { type AudioOptions, audio } from './io/media/audio.ts';
export { type DecodingOptions, DoubtfulLength } from './io/media/decoding-options.ts';
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
export type { PassedOver } from './io/media/media-directory.ts';
export type { AudioStreamInfo, DurationSource, MediaInfo, Ratio, VideoStreamInfo } from './io/media/media-info.ts';
export { MemorySampler, processTreeMemory, type TreeMemory } from './io/media/memory.ts';
export { type ProbeOptions, probe } from './io/media/probe.ts';
export type { Resize } from './io/media/resize.ts';
export { Video, type VideosOptions, videos } from './io/media/video.ts';
export type { StoredModel } from './io/model-store/model-record.ts';
export { modelDirectory, storedModel, storedModels } from './io/model-store/model-store.ts';
export { removeModel } from './io/model-store/remove-model.ts';
export { type BadLine, type BadLineReport, DuplicateRatingError, RatingFileError } from './io/ratings/bad-lines.ts';
export type { DuplicateRule } from './io/ratings/duplicates.ts';
export { type FilteredRatings, filterRatings, type ItemFilter } from './io/ratings/filters.ts';
export { type FoldKind, makeFolds } from './io/ratings/folds.ts';
export { type GivenFiles, readGivenSplit } from './io/ratings/given-split.ts';
export { compareIdentifiers, identifierRanks } from './io/ratings/identifiers.ts';
export { type MovieLens, openMovieLens } from './io/ratings/movielens.ts';
export { type Movie, type MovieList, readMovies } from './io/ratings/movies.ts';
export type { RatingColumnNames } from './io/ratings/rating-layout.ts';
export { observedScale, type RatingTable } from './io/ratings/rating-table.ts';
export { readItemIds } from './io/ratings/read-item-ids.ts';
export { type PredictionTable, type ReadPredictionsOptions, readPredictions } from './io/ratings/read-predictions.ts';
export {
  type LoadedRatings,
  type RatingReport,
  type ReadRatingsOptions,
  readRatings,
} from './io/ratings/read-ratings.ts';
export { makeScenario, type Scenario, type ScenarioCounts, type ScenarioParameters } from './io/ratings/scenarios.ts';
export { selectRatings } from './io/ratings/select-ratings.ts';
export type { Split } from './io/ratings/split.ts';
export { readScenario, saveScenario } from './io/ratings/split-file.ts';
export { type RatingsPerUser, ratingsPerUser, type StartingSubset, startingSubset } from './io/ratings/subset.ts';
export { moviesWithFeatures, readTrailers, type TrailerList } from './io/ratings/trailers.ts';
export { type ValidationOptions, withValidation } from './io/ratings/validation.ts';
export { EventFile, type EventStep } from './io/tfevents/event-file.ts';
export type { EpochRecord } from './models/autodiff/checkpoint.ts';
export { concurrently } from './models/autodiff/concurrently.ts';
export { adam } from './models/autodiff/optimisers/adam.ts';
export type { Optimiser } from './models/autodiff/optimisers/optimiser.ts';
export { sgd } from './models/autodiff/optimisers/sgd.ts';
export type { TrainableNetwork } from './models/autodiff/plan.ts';
export { Tape } from './models/autodiff/tape.ts';
export { Trainer } from './models/autodiff/trainer.ts';
export type {
  CheckpointOptions,
  TrainerOptions,
  TrainingData,
  TrainingResult,
  ValidationData,
} from './models/autodiff/trainer-options.ts';
export type { GenreTable } from './models/genres.ts';
export { type Accuracy, accuracy } from './models/metrics/accuracy.ts';
export { type EvaluateOptions, evaluate } from './models/metrics/evaluate.ts';
export type { Evaluation, RankingMetrics, UndefinedRule, UserCounts } from './models/metrics/evaluation.ts';
export type { ListMetrics } from './models/metrics/lists.ts';
export { meanOfFolds } from './models/metrics/mean-of-folds.ts';
export type { ThresholdRule } from './models/metrics/ranked-list.ts';
export type { RocPoint } from './models/metrics/roc.ts';
export type { PredictedRatings } from './models/metrics/test-ratings.ts';
export {
  type AudioInput,
  type CardPreprocess,
  type FramesInput,
  loadCard,
  type ModelCard,
  parseCard,
} from './models/networks/card.ts';
export { Network } from './models/networks/embedder.ts';
export type { Assumption } from './models/networks/guess-input.ts';
export type { SessionMemory } from './models/networks/memory.ts';
export { checkWeights } from './models/networks/named-weights.ts';
export { type NetworkOptions, NetworkPlan, type OpenOptions } from './models/networks/network.ts';
export type { NetworkInput, PictureInput, SoundInput } from './models/networks/network-plan.ts';
export { type OfficialSource, officialSources } from './models/networks/official-sources.ts';
export { type NamedOptions, type NetworkName, type NetworkReads, networkNames } from './models/networks/registry.ts';
export type { KnownOrigin, WeightsFile } from './models/networks/weights-origin.ts';
export { type ChosenDevice, chooseDevice } from './models/onnx/device.ts';
export { type Device, type DeviceChoice, readDevice } from './models/onnx/device-name.ts';
export { fitExact } from './models/pca/exact.ts';
export { IncrementalPca } from './models/pca/incremental.ts';
export { mergeMoments } from './models/pca/merge-moments.ts';
export { type PcaModel, transform } from './models/pca/model.ts';
export { Moments } from './models/pca/moments.ts';
export { decodePca, type EncodedPca, encodePca } from './models/pca/pca-file.ts';
export { calibrate } from './models/quantisation/calibrate.ts';
export { BaselineRecommender } from './models/recommenders/baseline.ts';
export type { BiasOptions } from './models/recommenders/biases.ts';
export { type ContentRidgeOptions, ContentRidgeRecommender } from './models/recommenders/content-ridge.ts';
export { type DeepOptions, DeepRecommender } from './models/recommenders/deep/deep-recommender.ts';
export type { FeatureSource } from './models/recommenders/deep/feature-source.ts';
export {
  type ArchitectureOptions,
  type DeepModel,
  deepModels,
  type Modality,
} from './models/recommenders/deep/options.ts';
export { GenreContentRecommender } from './models/recommenders/genre-content.ts';
export { type KnnOptions, type KnnPrediction, KnnRecommender, knnPredictions } from './models/recommenders/knn.ts';
export { RandomRecommender } from './models/recommenders/random.ts';
export type { Recommender, TrainingRatings } from './models/recommenders/recommender.ts';
export { type SimilarityName, similarityNames } from './models/recommenders/similarity.ts';
export { regSvd, type SvdOptions, SvdRecommender } from './models/recommenders/svd.ts';
export {
  floatInitializer,
  readWeights,
  type WeightFile,
  type WeightTensor,
  type WeightType,
} from './models/weights/weight-file.ts';
export { BudgetTooSmallError, formatBytes, type HeldBytes, parseBytes } from './operators/budget.ts';
export type { DuplicateRules } from './operators/duplicates.ts';
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
export { Holder } from './operators/holder.ts';
export type { MapAsyncOptions } from './operators/map-async.ts';
export { MicroBatch } from './operators/micro-batch.ts';
export type { MicroBatchOptions } from './operators/micro-batch-options.ts';
export {
  type FlowMetrics,
  OperatorClock,
  type OperatorKind,
  type OperatorMetrics,
} from './operators/observe.ts';
export type { Holding, OperatorMaker, OperatorOptions, Stage } from './operators/own-operator.ts';
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
