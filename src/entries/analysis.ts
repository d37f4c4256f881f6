/**
 * Analysis of features and ratings: two-dimensional layouts, overlaps of groups, distributions. The
 * entry point `reelflow/analysis`.
 *
 * @module reelflow/analysis
 */

export {
  type AnalyseFeaturesOptions,
  analyseFeatures,
  type FeatureAnalysis,
  type ItemLabel,
  type PlannedAnalysis,
  plannedAnalysis,
} from '../graphs/analysis/analyse-features.ts';
export {
  type AnalyseRatingsOptions,
  analyseRatings,
  type LongTail,
  type RatingAnalysis,
  type RatingGroup,
} from '../graphs/analysis/analyse-ratings.ts';
export type {
  AnalysisProgress,
  GroupOverlaps,
  StreamAnalysis,
  StreamAnalysisOptions,
} from '../graphs/analysis/analyse-stream.ts';
export type { ClipOptions, ClipVector } from '../graphs/analysis/clip-vector.ts';
export type { FeatureRows } from '../graphs/analysis/feature-rows.ts';
export type { RatingPart, RatingSelection } from '../graphs/analysis/rating-parts.ts';
export {
  type FeatureSearch,
  type FoundFeatures,
  type SearchFeaturesOptions,
  searchFeatures,
} from '../graphs/analysis/search-features.ts';
export type { TextOptions } from '../graphs/analysis/text-vector.ts';
export { writePoints } from '../graphs/analysis/write-points.ts';
export { experimentReport } from '../graphs/reports/experiment-report.ts';
export { type FilmStrip, FilmStrips } from '../graphs/reports/film-strips.ts';
export { type RunMoment, RunRecord } from '../graphs/reports/run-record.ts';
export { runReport } from '../graphs/reports/run-report.ts';
export type { Served } from '../graphs/serve/open-served.ts';
export { type FeatureServer, type ServeOptions, serve } from '../graphs/serve/serve.ts';
export { serveMcp } from '../graphs/serve/serve-mcp.ts';
export type { TableChoice } from '../graphs/table-choice.ts';
export type { Overlaps } from '../models/analysis/bhattacharyya.ts';
export type { Density, Extent } from '../models/analysis/density.ts';
export type { Faithfulness } from '../models/analysis/faithfulness.ts';
export type { InnerRule } from '../models/analysis/inner-third.ts';
export type { LabelPrediction } from '../models/analysis/label-prediction.ts';
export type { LinearProbe } from '../models/analysis/linear-probe.ts';
export type { Points } from '../models/analysis/points.ts';
