import type { RatingScale } from '../../core/rating-scale.ts';
import type { DuplicateRatingRule } from '../../io/ratings/duplicate-ratings.ts';
import type { ImplicitRule } from '../../io/ratings/implicit.ts';
import type { RatingColumnNames } from '../../io/ratings/rating-layout.ts';
import type { ScenarioKind } from '../../io/ratings/scenario-kinds.ts';
import type { UndefinedRule } from '../../models/metrics/metric-values.ts';
import type { ThresholdRule } from '../../models/metrics/ranked-list.ts';
import type { Protocol } from '../catalogue-evaluation.ts';
import type { Json } from '../graph.ts';
import type { RecommenderName } from '../recommenders/recommender-names.ts';

/** Options by recommender and key. */
export type RecommenderSettings = Readonly<Record<string, Readonly<Record<string, Json>>>>;

/**
 * What to compare, and on which data, as JSON. Each key is described in `experimentKeys`
 * and in the guide; all but `ratings` may be left out.
 */
export interface ExperimentConfig {
  readonly ratings: string;
  readonly movieList?: string | undefined;
  /** One training store, or several by name. */
  readonly features?: string | Readonly<Record<string, string>> | undefined;
  readonly trailers?: string | undefined;
  /** Facts about the users. */
  readonly demographics?: string | undefined;
  readonly recommenders?: readonly string[] | undefined;
  readonly scenarios?: readonly string[] | undefined;
  readonly movies?: number | undefined;
  readonly users?: number | undefined;
  readonly perUser?: number | undefined;
  readonly fewer?: 'keep' | 'drop' | undefined;
  readonly folds?: number | undefined;
  readonly protocol?: Protocol | undefined;
  readonly implicit?: ImplicitRule | undefined;
  readonly core?: number | undefined;
  readonly cut?: number | string | undefined;
  readonly foldIn?: number | undefined;
  readonly seeds?: readonly number[] | undefined;
  /** One seed for the data, or several: each is crossed with all `seeds`. */
  readonly splitSeed?: number | readonly number[] | undefined;
  /** A directory of splits, written by an experiment or `saveScenario`, to be used again. */
  readonly split?: string | undefined;
  readonly saveSplits?: 'auto' | 'yes' | 'no' | undefined;
  readonly validation?: 'ratings' | 'item-cold' | 'none' | undefined;
  readonly validationShare?: number | undefined;
  readonly years?: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined;
  readonly genres?: readonly string[] | undefined;
  readonly minUserRatings?: number | undefined;
  readonly minItemRatings?: number | undefined;
  readonly scale?: readonly number[] | undefined;
  readonly columns?: RatingColumnNames | undefined;
  readonly duplicateRatings?: DuplicateRatingRule | undefined;
  readonly skipBadLines?: boolean | undefined;
  /**
   * Whether all recommenders also learn from the validation part, once it has decided when to stop.
   */
  readonly refit?: boolean | undefined;
  readonly k?: readonly number[] | undefined;
  readonly threshold?: number | undefined;
  readonly thresholdRule?: ThresholdRule | undefined;
  readonly undefined?: UndefinedRule | undefined;
  readonly set?: RecommenderSettings | undefined;
  /** Lists of values by recommender and key; every combination is a separate row. */
  readonly grid?: Readonly<Record<string, Readonly<Record<string, readonly Json[]>>>> | undefined;
  /** The metric on the validation part that chooses among the combinations of a grid. */
  readonly select?: string | undefined;
  /** Inputs of `feature-mlp` that are added, removed and shuffled one at a time. */
  readonly inputs?: readonly string[] | undefined;
  /** Modules that export metrics of your own; they are loaded, which runs them. */
  readonly metrics?: readonly string[] | undefined;
  readonly search?: SearchKind | undefined;
  /** How many combinations of a grid to draw. */
  readonly trials?: number | undefined;
  /** The row that all others are tested against. */
  readonly compareTo?: string | undefined;
  readonly predictions?: boolean | undefined;
  /** Also writes values of users and predictions as CSV. */
  readonly csv?: boolean | undefined;
  /** TensorBoard event files of neural recommenders. */
  readonly logDirectory?: string | undefined;
  /**
   * Where recommenders that train in epochs learn: `cpu` (default), or a card such as `cuda`, whose
   * figures are those of another experiment.
   */
  readonly device?: string | undefined;
  readonly concurrency?: number | undefined;
}

/** How the combinations of a grid are tried: all of them, a random sample, or in rounds. */
export type SearchKind = (typeof searchKinds)[number];

/** The kinds of search. */
export const searchKinds = ['grid', 'random', 'halving'] as const;

/** A scenario by the kind of its folds; `given` for a split that came from elsewhere. */
export type ScenarioName = ScenarioKind | 'given';

/** A checked configuration with its defaults filled in. */
export interface Experiment {
  readonly ratings: string;
  readonly movieList: string | undefined;
  /** Training stores by name; a single one has the name `features`. */
  readonly features: Readonly<Record<string, string>>;
  readonly trailers: string | undefined;
  readonly demographics: string | undefined;
  readonly recommenders: readonly RecommenderName[];
  readonly scenarios: readonly ScenarioName[];
  readonly movies: number | undefined;
  readonly users: number | undefined;
  readonly perUser: number | undefined;
  readonly fewer: 'keep' | 'drop';
  readonly folds: number;
  readonly protocol: Protocol;
  readonly implicit: ImplicitRule | undefined;
  /** List lengths over the whole catalogue; empty if it is not ranked. */
  readonly catalogueK: readonly number[];
  readonly core: number | undefined;
  readonly cut: number | string | undefined;
  readonly foldIn: number | undefined;
  readonly seeds: readonly number[];
  /** Undefined: the seeds themselves. */
  readonly splitSeeds: readonly number[] | undefined;
  readonly split: string | undefined;
  readonly saveSplits: 'auto' | 'yes' | 'no';
  /** `by-scenario`: whole items in a scenario of new items, else ratings at random. */
  readonly validation: { readonly kind: 'ratings' | 'item-cold' | 'none' | 'by-scenario'; readonly share: number };
  readonly years: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined;
  readonly genres: readonly string[] | undefined;
  readonly minUserRatings: number;
  readonly minItemRatings: number;
  readonly scale: RatingScale | undefined;
  readonly columns: RatingColumnNames | undefined;
  readonly duplicateRatings: DuplicateRatingRule | undefined;
  readonly skipBadLines: boolean;
  readonly refit: boolean;
  readonly k: readonly number[];
  readonly threshold: number;
  readonly thresholdRule: ThresholdRule;
  readonly undefined: UndefinedRule;
  readonly set: RecommenderSettings;
  readonly grid: Readonly<Record<string, Readonly<Record<string, readonly Json[]>>>>;
  readonly select: string | undefined;
  readonly inputs: readonly string[] | undefined;
  readonly metrics: readonly string[] | undefined;
  readonly search: SearchKind;
  readonly trials: number | undefined;
  readonly compareTo: string | undefined;
  readonly predictions: boolean;
  readonly csv: boolean;
  readonly logDirectory: string | undefined;
  /** Undefined: the CPU. */
  readonly device: string | undefined;
  readonly concurrency: number;
}
