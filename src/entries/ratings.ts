/**
 * Ratings, movies, trailers, and how they are split. The entry point `reelflow/ratings`.
 *
 * @module reelflow/ratings
 */

export type { RatingScale } from '../core/rating-scale.ts';
export type { UserFacts } from '../core/user-facts.ts';
export { type BadLine, type BadLineReport, DuplicateRatingError, RatingFileError } from '../io/ratings/bad-lines.ts';
export { readDemographics } from '../io/ratings/demographics.ts';
export type { DuplicateRatingRule } from '../io/ratings/duplicate-ratings.ts';
export { type FilteredRatings, filterRatings, type ItemFilter } from '../io/ratings/filters.ts';
export { type FoldKind, makeFolds } from '../io/ratings/folds.ts';
export { type GivenFiles, readGivenSplit } from '../io/ratings/given-split.ts';
export { compareIdentifiers, identifierRanks } from '../io/ratings/identifiers.ts';
export type { ImplicitRule } from '../io/ratings/implicit.ts';
export { kCore } from '../io/ratings/k-core.ts';
export { type MovieLens, type MovieLensOptions, openMovieLens } from '../io/ratings/movielens.ts';
export { type Movie, type MovieList, readMovies } from '../io/ratings/movies.ts';
export type { RatingColumnNames } from '../io/ratings/rating-layout.ts';
export { observedScale, type RatingTable } from '../io/ratings/rating-table.ts';
export { readItemIds } from '../io/ratings/read-item-ids.ts';
export { type PredictionTable, type ReadPredictionsOptions, readPredictions } from '../io/ratings/read-predictions.ts';
export {
  type LoadedRatings,
  type RatingReport,
  type ReadRatingsOptions,
  readRatings,
} from '../io/ratings/read-ratings.ts';
export { scaleDoubts } from '../io/ratings/scale-doubts.ts';
export type { ScenarioKind } from '../io/ratings/scenario-kinds.ts';
export { makeScenario, type Scenario, type ScenarioCounts, type ScenarioParameters } from '../io/ratings/scenarios.ts';
export { selectRatings } from '../io/ratings/select-ratings.ts';
export type { Split } from '../io/ratings/split.ts';
export { readScenario, saveScenario } from '../io/ratings/split-file.ts';
export { type RatingsPerUser, ratingsPerUser, type StartingSubset, startingSubset } from '../io/ratings/subset.ts';
export { moviesWithFeatures, readTrailers, type TrailerList } from '../io/ratings/trailers.ts';
export { type ValidationOptions, withValidation } from '../io/ratings/validation.ts';
