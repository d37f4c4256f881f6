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
 * What is compared, and on what: as JSON. Each key is described in `experimentKeys`
 * and in the guide; all but `ratings` may be left out.
 */
export interface ExperimentConfig {
  readonly ratings: string;
  readonly movieList?: string;
  /** One training store, or several by name. */
  readonly features?: string | Readonly<Record<string, string>>;
  readonly trailers?: string;
  readonly recommenders?: readonly string[];
  readonly scenarios?: readonly string[];
  readonly movies?: number;
  readonly users?: number;
  readonly perUser?: number;
  readonly fewer?: 'keep' | 'drop';
  readonly folds?: number;
  readonly protocol?: Protocol;
  readonly implicit?: ImplicitRule;
  readonly core?: number;
  readonly cut?: number | string;
  readonly foldIn?: number;
  readonly seeds?: readonly number[];
  /** One seed for the data, or several: each is crossed with all `seeds`. */
  readonly splitSeed?: number | readonly number[];
  /** A directory of splits that an experiment or `saveScenario` has written, to be used again. */
  readonly split?: string;
  readonly saveSplits?: 'auto' | 'yes' | 'no';
  readonly validation?: 'ratings' | 'item-cold' | 'none';
  readonly validationShare?: number;
  readonly years?: { readonly from?: number; readonly to?: number };
  readonly genres?: readonly string[];
  readonly minUserRatings?: number;
  readonly minItemRatings?: number;
  readonly scale?: readonly number[];
  readonly columns?: RatingColumnNames;
  readonly duplicateRatings?: DuplicateRatingRule;
  readonly skipBadLines?: boolean;
  /** Whether everyone learns from the validation part too, once it has said when to stop. */
  readonly refit?: boolean;
  readonly k?: readonly number[];
  readonly threshold?: number;
  readonly thresholdRule?: ThresholdRule;
  readonly undefined?: UndefinedRule;
  readonly set?: RecommenderSettings;
  /** Lists of values by recommender and key; every combination is a row of its own. */
  readonly grid?: Readonly<Record<string, Readonly<Record<string, readonly Json[]>>>>;
  /** The metric of the validation part that chooses among the combinations of a grid. */
  readonly select?: string;
  readonly search?: SearchKind;
  /** How many combinations of a grid are drawn. */
  readonly trials?: number;
  /** The row that all others are tested against. */
  readonly compareTo?: string;
  readonly predictions?: boolean;
  /** Values of users and predictions as CSV too. */
  readonly csv?: boolean;
  /** TensorBoard event files of neural recommenders. */
  readonly logDirectory?: string;
  readonly concurrency?: number;
}

/** How the combinations of a grid are tried: all, some drawn at random, or in rounds. */
export type SearchKind = (typeof searchKinds)[number];

/** The kinds of search. */
export const searchKinds = ['grid', 'random', 'halving'] as const;

/** A scenario by the kind of its folds; `given` of a split that came from elsewhere. */
export type ScenarioName = ScenarioKind | 'given';

/** A configuration that is checked, with its defaults filled in. */
export interface Experiment {
  readonly ratings: string;
  readonly movieList: string | undefined;
  /** Training stores by name; a single one has the name `features`. */
  readonly features: Readonly<Record<string, string>>;
  readonly trailers: string | undefined;
  readonly models: readonly RecommenderName[];
  readonly scenarios: readonly ScenarioName[];
  readonly movies: number | undefined;
  readonly users: number | undefined;
  readonly perUser: number | undefined;
  readonly fewer: 'keep' | 'drop';
  readonly folds: number;
  readonly protocol: Protocol;
  readonly implicit: ImplicitRule | undefined;
  /** List lengths over the whole catalogue; none where it is not ranked. */
  readonly catalogueK: readonly number[];
  readonly core: number | undefined;
  readonly cut: number | string | undefined;
  readonly foldIn: number | undefined;
  readonly seeds: readonly number[];
  /** Undefined: the seed itself. */
  readonly splitSeeds: readonly number[] | undefined;
  readonly split: string | undefined;
  readonly saveSplits: 'auto' | 'yes' | 'no';
  /** `by-scenario`: whole items in a scenario of new items, else ratings at random. */
  readonly validation: { readonly kind: 'ratings' | 'item-cold' | 'none' | 'by-scenario'; readonly share: number };
  readonly years: { readonly from?: number; readonly to?: number } | undefined;
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
  readonly search: SearchKind;
  readonly trials: number | undefined;
  readonly compareTo: string | undefined;
  readonly predictions: boolean;
  readonly csv: boolean;
  readonly logDirectory: string | undefined;
  readonly concurrency: number;
}
