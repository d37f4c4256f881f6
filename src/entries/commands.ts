/**
 * The command line's commands as functions, and the parts that a run is made of. The entry point
 * `reelflow/commands`.
 *
 * @module reelflow/commands
 */

export { type ChosenNetworks, chooseNetworks, type NetworkChoice } from '../graphs/choose-networks.ts';
export type { VideoGraph } from '../graphs/dataflow/dataflow.ts';
export type { NetworkServices } from '../graphs/dataflow/running-scope.ts';
export { type DiskEstimate, diskEstimate } from '../graphs/disk-estimate.ts';
export { type ExplainedBeside, explainMermaid, explainText, type FarInputs } from '../graphs/explain.ts';
export { type ExtractOptions, extract } from '../graphs/extract.ts';
export { type ExtractionOptions, extractionGraph } from '../graphs/extraction.ts';
export { fetchCorpus } from '../graphs/fetch/fetch.ts';
export type { FetchOptions, FetchProgress, FetchSource } from '../graphs/fetch/fetch-options.ts';
export { type PlannedCommand, planFetch } from '../graphs/fetch/fetch-plan.ts';
export { type FetchSummary, fetchFailures } from '../graphs/fetch/fetch-summary.ts';
export {
  type DataflowNode,
  type Graph,
  graphId,
  type Json,
  PlanOutdated,
  type UnitContext,
  type UnitPlan,
  unitKey,
} from '../graphs/graph.ts';
export { type CorpusOptions, listCorpus } from '../graphs/inputs.ts';
export type { CheckedPolicy, ItemPolicy } from '../graphs/item-policy.ts';
export {
  type MemoryNeeds,
  type MemoryPart,
  type MemoryPlan,
  type NetworkNeed,
  planMemory,
  type SessionCost,
  type WorkerPlan,
} from '../graphs/memory-plan.ts';
export type { DevicePlacement, DeviceUse, NetworkPlacement } from '../graphs/placement.ts';
export {
  defaultMemory,
  type Estimate,
  type ExecutionOptions,
  type Plan,
  type PlannedNetwork,
  planRun,
} from '../graphs/plan.ts';
export {
  type PlannedExtraction,
  type PlannedExtractionOptions,
  plannedExtraction,
} from '../graphs/planned-extraction.ts';
export type { Precision, PrecisionOptions } from '../graphs/precision/choose-precision.ts';
export { precisions } from '../graphs/precision/choose-precision.ts';
export { type PruneOptions, type PruneSummary, prune } from '../graphs/prune.ts';
export { type PlannedReduction, plannedReduction } from '../graphs/reduction/planned-reduction.ts';
export { reduce } from '../graphs/reduction/reduce.ts';
export type { ReduceOptions, ReduceSummary } from '../graphs/reduction/reduce-options.ts';
export type { RunProgress } from '../graphs/run-progress.ts';
export type { ItemReport, MessageAbout, RunStage } from '../graphs/run-reports.ts';
export { type PlannedWork, plannedWork, runWorker, type WorkerOptions } from '../graphs/run-worker.ts';
export type { RunMemory } from '../graphs/runners/local.ts';
export { type LocalRun, type RunEvent, runLocally, type UnitSource } from '../graphs/runners/local.ts';
export { shardIndex } from '../graphs/runners/shard.ts';
export { shardFromEnvironment } from '../graphs/runners/shard-from-environment.ts';
export { type GraphFromOptions, graphFrom } from '../graphs/spec/graph-from.ts';
export {
  type ExtractionOrigin,
  type GraphFacts,
  type GraphOrigin,
  type GraphSpec,
  type InlineOrigin,
  type ModuleOrigin,
  readSpec,
} from '../graphs/spec/graph-spec.ts';
export type { NetworkSpec } from '../graphs/spec/network-spec.ts';
export type { TableChoice } from '../graphs/table-choice.ts';
export { type TimeEstimate, timeEstimate } from '../graphs/time-estimate.ts';
export type { Measured, Tuned } from '../graphs/tuning/climb.ts';
export { type TuneOptions, type Tuning, tune } from '../graphs/tuning/tune.ts';
export type { FetchFault, FetchReason } from '../io/fetch/fetch-fault.ts';
export type { FailedRecord, FetchedRecord, FetchRecord } from '../io/fetch/fetch-record.ts';
export { splitCommand } from '../io/fetch/split-command.ts';
