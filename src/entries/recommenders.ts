/**
 * Recommenders, their metrics, and experiments. The entry point `reelflow/recommenders`.
 *
 * @module reelflow/recommenders
 */

export type { Protocol } from '../graphs/catalogue-evaluation.ts';
export { type ElicitOptions, type ElicitReport, elicit } from '../graphs/elicit/elicit.ts';
export { type EvaluationReport, evaluatePredictions, type ScoringOptions } from '../graphs/evaluation.ts';
export type { ExperimentCost } from '../graphs/experiment/announce.ts';
export type { Comparison, CorrectedP } from '../graphs/experiment/comparison.ts';
export type { Environment } from '../graphs/experiment/environment.ts';
export type {
  Experiment,
  ExperimentConfig,
  RecommenderSettings,
  ScenarioName,
} from '../graphs/experiment/experiment-config.ts';
export { type SearchKind, searchKinds } from '../graphs/experiment/experiment-config.ts';
export type { KeyKind } from '../graphs/experiment/experiment-keys.ts';
export { type ExperimentKey, experimentKeys } from '../graphs/experiment/experiment-keys.ts';
export type { ExperimentProgress, PointRunOptions } from '../graphs/experiment/experiment-tally.ts';
export type { GroupRow } from '../graphs/experiment/group-sheets.ts';
export type { InputEffect } from '../graphs/experiment/input-sheets.ts';
export type { InputChange } from '../graphs/experiment/input-steps.ts';
export { type PlannedExperiment, plannedExperiment } from '../graphs/experiment/planned-experiment.ts';
export type { PointFailure, TrialResult } from '../graphs/experiment/point-result.ts';
export type { PublishedSetting } from '../graphs/experiment/published.ts';
export type { RowUse } from '../graphs/experiment/recommender-entries.ts';
export type { ResultTable, TableColumn, TableRow } from '../graphs/experiment/result-tables.ts';
export {
  type ExperimentResult,
  type RunExperimentOptions,
  runExperiment,
} from '../graphs/experiment/run-experiment.ts';
export type { TrialCounts } from '../graphs/experiment/run-trials.ts';
export type { ChosenOptions, ExperimentRow, RowRun, RunMean, SeedMean } from '../graphs/experiment/summarise.ts';
export {
  evaluatePolicy,
  type PolicyEvaluation,
  type PolicyEvaluationOptions,
} from '../graphs/policy-evaluation.ts';
export { evaluateRecommender, type RecommenderEvaluationOptions } from '../graphs/recommender-evaluation.ts';
export type { AttendedSubclip } from '../graphs/recommenders/attended-subclips.ts';
export type { Audience, Calibration } from '../graphs/recommenders/audience.ts';
export type { BranchOutputs } from '../graphs/recommenders/branch-outputs.ts';
export type { CatalogueItem } from '../graphs/recommenders/catalogue.ts';
export type { ClassicRecommenderName } from '../graphs/recommenders/classic-recommenders.ts';
export type { SimilarityBasis } from '../graphs/recommenders/content-similarity.ts';
export type { DefinedRecommenderName } from '../graphs/recommenders/defined-recommenders.ts';
export type { NewSince } from '../graphs/recommenders/earlier-training.ts';
export { editList } from '../graphs/recommenders/edit-list.ts';
export {
  type ChosenSubclips,
  type ExplainedItem,
  type ExplainedSubclip,
  type ExplainItemOptions,
  explainItem,
} from '../graphs/recommenders/explain-item.ts';
export type {
  FitData,
  FitOptions,
  FitProgress,
  FittedRecommender,
  RefitPlan,
} from '../graphs/recommenders/fit-data.ts';
export { fitRecommender } from '../graphs/recommenders/fit-recommender.ts';
export type { ExplainedWord } from '../graphs/recommenders/item-words.ts';
export { type LoadedRecommender, loadRecommender } from '../graphs/recommenders/load-recommender.ts';
export type {
  OwnRecommenderSetting,
  RecommenderCode,
  RecommenderDefinition,
} from '../graphs/recommenders/own-recommenders.ts';
export {
  type ComparedItem,
  type RankedUsers,
  type RankUsersOptions,
  rankUsers,
} from '../graphs/recommenders/rank-users.ts';
export type { NearestRated, PredictionReasons, RatingUsed } from '../graphs/recommenders/recommend.ts';
export {
  type Recommendations,
  type RecommendedItem,
  type RecommendOptions,
  recommend,
} from '../graphs/recommenders/recommend.ts';
export {
  type RecommendedToAll,
  type RecommendToAllOptions,
  recommendToAll,
} from '../graphs/recommenders/recommend-all.ts';
export { loadRecommenderModule } from '../graphs/recommenders/recommender-module.ts';
export { type RecommenderName, recommenderNames } from '../graphs/recommenders/recommender-names.ts';
export type { OptionKind, RecommenderOption } from '../graphs/recommenders/recommender-option.ts';
export { recommenderOptions } from '../graphs/recommenders/recommender-options.ts';
export { registerRecommender } from '../graphs/recommenders/register-recommender.ts';
export type { RecommenderFacts, SavedRecommender, TrainingCounts } from '../graphs/recommenders/saved-recommender.ts';
export { type SimilarItems, type SimilarItemsOptions, similarItems } from '../graphs/recommenders/similar-items.ts';
export { type ItemFeatures, MissingFeaturesError, StoreFeatures } from '../graphs/recommenders/store-features.ts';
export type { SubclipTime } from '../graphs/recommenders/subclip-times.ts';
export { type TrainOptions, type TrainSummary, trainRecommender } from '../graphs/recommenders/train-recommender.ts';
export type { FeatureFile } from '../graphs/recommenders/training-sources.ts';
export type { ValidationFigures } from '../graphs/recommenders/validation-figures.ts';
export { readUserGroups } from '../io/ratings/read-user-groups.ts';
export type { PlateauOptions } from '../models/autodiff/plateau.ts';
export type { GenreTable } from '../models/genres.ts';
export { type Accuracy, accuracy } from '../models/metrics/accuracy.ts';
export type { CatalogueMetricName } from '../models/metrics/catalogue-metrics.ts';
export { type EvaluateOptions, evaluate } from '../models/metrics/evaluate.ts';
export type { CatalogueEvaluation, CatalogueFigures } from '../models/metrics/evaluate-catalogue.ts';
export type { GroupMeans } from '../models/metrics/group-means.ts';
export type { ListMetrics } from '../models/metrics/lists.ts';
export { meanOfFolds } from '../models/metrics/mean-of-folds.ts';
export type { Evaluation, RankingMetrics, UndefinedRule, UserCounts } from '../models/metrics/metric-values.ts';
export type { MetricName, MetricOver, MetricScope, MetricValues } from '../models/metrics/metrics.ts';
export {
  type OffPolicyEstimates,
  type OffPolicyOptions,
  offPolicy,
  type PolicyLog,
  type PolicyValue,
  type RewardModel,
} from '../models/metrics/off-policy.ts';
export { type MetricDefinition, registerMetric } from '../models/metrics/own-metrics.ts';
export type { PrecisionRecallPoint } from '../models/metrics/precision-recall.ts';
export type { RankedList, ThresholdRule } from '../models/metrics/ranked-list.ts';
export type { RocPoint } from '../models/metrics/roc.ts';
export type { PredictedRatings } from '../models/metrics/test-ratings.ts';
export { type UserMetrics, UserValues } from '../models/metrics/user-values.ts';
export { epsilonOf, type GaussianSteps } from '../models/privacy/accountant.ts';
export type { PrivacyGuarantee, PrivacyOptions, PrivacyUnit } from '../models/privacy/privacy-options.ts';
export { BaselineRecommender } from '../models/recommenders/baseline.ts';
export type { BiasOptions } from '../models/recommenders/biases.ts';
export { type BlendOptions, BlendRecommender } from '../models/recommenders/blend.ts';
export { type ContentKnnOptions, ContentKnnRecommender } from '../models/recommenders/content-knn.ts';
export { type ContentRidgeOptions, ContentRidgeRecommender } from '../models/recommenders/content-ridge.ts';
export { type EaseOptions, EaseRecommender } from '../models/recommenders/ease.ts';
export type { AskedPoint } from '../models/recommenders/elicit/asked-users.ts';
export {
  type AskingOrder,
  type AskingStrategy,
  adaptiveStrategies,
  askingStrategies,
} from '../models/recommenders/elicit/strategies.ts';
export {
  type FederatedOptions,
  FederatedRecommender,
  type FederatedTraffic,
} from '../models/recommenders/federated/federated-recommender.ts';
export { GenreContentRecommender } from '../models/recommenders/genre-content.ts';
export type { ItemVectors } from '../models/recommenders/item-vectors.ts';
export { type KnnOptions, type KnnPrediction, KnnRecommender, knnPredictions } from '../models/recommenders/knn.ts';
export {
  type ArchitectureOptions,
  type Modality,
  type NetworkForm,
  type NeuralRecommenderName,
  networkForms,
  neuralRecommenderNames,
  type Pooling,
  poolings,
  reductions,
  type StreamReduction,
} from '../models/recommenders/neural/architectures.ts';
export type { RatingSpace } from '../models/recommenders/neural/branches.ts';
export type { FeatureSource, SourceModality } from '../models/recommenders/neural/feature-source.ts';
export { type NeuralOptions, NeuralRecommender } from '../models/recommenders/neural/neural-recommender.ts';
export type { PretrainedBranches, WeightsByName } from '../models/recommenders/neural/pretrained.ts';
export type { RatingPairs } from '../models/recommenders/neural/rating-batches.ts';
export type { LossName, LossOptions } from '../models/recommenders/neural/rating-loss.ts';
export type { TrainingSet } from '../models/recommenders/neural/training-set.ts';
export { PopularityRecommender } from '../models/recommenders/popularity.ts';
export { RandomRecommender } from '../models/recommenders/random-recommender.ts';
export type { Reasons, UsedPart, UsedRating } from '../models/recommenders/reasons.ts';
export type {
  AskedOfNewUser,
  ItemFactors,
  NewUserRatings,
  Predicts,
  Recommender,
  TrainingRatings,
} from '../models/recommenders/recommender.ts';
export {
  type AskedPolicy,
  type EpisodeFigures,
  playLoggedEpisodes,
} from '../models/recommenders/reinforcement/logged-episodes.ts';
export { type SimilarityName, similarityNames } from '../models/recommenders/similarity.ts';
export { regSvd, type SvdOptions, SvdRecommender } from '../models/recommenders/svd.ts';
export { type SvdPlusPlusOptions, SvdPlusPlusRecommender } from '../models/recommenders/svd-plus-plus.ts';
export { type SwitchOptions, SwitchRecommender } from '../models/recommenders/switch.ts';
export { UserMeanRecommender } from '../models/recommenders/user-mean.ts';
export type { PairWork } from '../models/recommenders/work.ts';
export { holm } from '../models/statistics/holm.ts';
export {
  type BootstrapOptions,
  bootstrapInterval,
  type Interval,
  meanInterval,
} from '../models/statistics/intervals.ts';
export { pairedTTest, type TestResult } from '../models/statistics/paired-t-test.ts';
export { type RandomisationOptions, randomisationTest } from '../models/statistics/randomisation-test.ts';
export { wilcoxonTest } from '../models/statistics/wilcoxon-test.ts';
