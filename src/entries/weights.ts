/**
 * Weight files, and the store that keeps them. The entry point `reelflow/weights`.
 *
 * @module reelflow/weights
 */

export { type ImportModelOptions, importModel } from '../graphs/models/import-model.ts';
export type { ListedPostprocessing } from '../graphs/models/list-models.ts';
export { type ListedNetwork, type ListedWeights, listModels } from '../graphs/models/list-models.ts';
export { type MadeCard, type MakeCardOptions, makeCard } from '../graphs/models/make-card.ts';
export type { ModelReport } from '../graphs/models/model-report.ts';
export { type PullModelOptions, pullModel } from '../graphs/models/pull-model.ts';
export { type VerifiedModel, verifyModels } from '../graphs/models/verify-models.ts';
export type { StoredModel } from '../io/model-store/model-record.ts';
export { modelDirectory, storedModel, storedModels } from '../io/model-store/model-store.ts';
export { removeModel } from '../io/model-store/remove-model.ts';
export type { Initializer } from '../models/onnx/graph.ts';
export {
  floatInitializer,
  readWeights,
  type WeightFile,
  type WeightTensor,
  type WeightType,
} from '../models/weights/weight-file.ts';
