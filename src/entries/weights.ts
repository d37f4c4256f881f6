/**
 * Weight files, and the store that keeps them. The entry point `reelflow/weights`.
 *
 * @module reelflow/weights
 */

export {
  type ImportWeightsOptions,
  importWeights,
  type PlannedImport,
  plannedImport,
} from '../graphs/weights/import-weights.ts';
export type { ListedPostprocessing } from '../graphs/weights/list-networks.ts';
export { type ListedNetwork, type ListedWeights, listNetworks } from '../graphs/weights/list-networks.ts';
export { type MadeCard, type MakeCardOptions, makeCard } from '../graphs/weights/make-card.ts';
export { type PlannedPull, type PullWeightsOptions, plannedPull, pullWeights } from '../graphs/weights/pull-weights.ts';
export { type VerifiedWeights, verifyWeights } from '../graphs/weights/verify-weights.ts';
export type { WeightsReport } from '../graphs/weights/weights-report.ts';
export { removeWeights } from '../io/weights-store/remove-weights.ts';
export type { StoredWeights } from '../io/weights-store/weights-record.ts';
export { allStoredWeights, storedWeights, weightsDirectory } from '../io/weights-store/weights-store.ts';
export type { Initializer } from '../models/onnx/onnx-graph.ts';
export {
  floatInitializer,
  readWeights,
  type WeightFile,
  type WeightTensor,
  type WeightType,
} from '../models/weights/weight-file.ts';
