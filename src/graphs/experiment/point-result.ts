import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { CatalogueEvaluation } from '../../models/metrics/evaluate-catalogue.ts';
import type { Evaluation } from '../../models/metrics/metric-values.ts';
import type { PrecisionRecallPoint } from '../../models/metrics/precision-recall.ts';
import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import type { Json } from '../graph.ts';
import type { Environment } from './environment.ts';
import type { ScenarioName } from './experiment-config.ts';

/** What the validation part said about a recommender that had not learnt from it. */
export interface TrialResult {
  /** Of the validation ratings. */
  readonly evaluation: Evaluation;
  /**
   * Lists over the whole catalogue, where they were asked for and a validation rating is relevant.
   */
  readonly topN?: CatalogueEvaluation | undefined;
  /** Share of the training rows that it had learnt from. */
  readonly share: number;
  /** Wall seconds. */
  readonly trainSeconds: number;
  /** The epochs of a neural recommender; empty of other recommenders. */
  readonly history: readonly EpochRecord[];
  /** Of neural recommenders: the epoch (from 0) that was best, and its validation loss. */
  readonly best?: { readonly epoch: number; readonly loss: number | null } | undefined;
  /** Of neural recommenders: what is wrong with them by these ratings, in sentences. */
  readonly warnings?: readonly string[] | undefined;
}

/** What was measured at a point. */
export interface PointMeasurements {
  readonly counts: {
    /** Ratings of the fold: those learnt from, with `refit` the validation part too. */
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    /** Of the whole scenario. */
    readonly users: number;
    readonly items: number;
    readonly ratings: number;
    /** Users that had fewer ratings than were to be drawn. */
    readonly usersWithFewer: number;
    /** Items that are tested, and those among them of which no rating was learnt. */
    readonly testItems: number;
    readonly newTestItems: number;
  };
  /** Whether the validation part was learnt from, once it had said when to stop. */
  readonly refit: boolean;
  /** All options with their values, defaults filled in. */
  readonly resolvedOptions: Readonly<Record<string, Json>>;
  readonly environment: Environment;
  /** Wall seconds of the fit that was tested. */
  readonly trainSeconds: number;
  readonly predictSeconds: number;
  /**
   * The most memory that the process had held when the point was done, whatever else it had
   * computed.
   */
  readonly peakRssBytes: number;
  /** Epochs of a neural recommender, of the fit that was tested; 0 of other recommenders. */
  readonly epochs: number;
  readonly history: readonly EpochRecord[];
  /** What the validation part said; undefined without one. */
  readonly validation?: TrialResult | undefined;
  /** Of a private training: what it guarantees. */
  readonly privacy?: PrivacyGuarantee | undefined;
  /** Of the test ratings. */
  readonly evaluation: Evaluation;
  readonly precisionRecall: readonly PrecisionRecallPoint[];
  /** Lists over the whole catalogue, where they were asked for. */
  readonly topN?: CatalogueEvaluation | undefined;
}

/** A point's file. */
export interface PointResult extends PointMeasurements {
  readonly scenario: ScenarioName;
  readonly label: string;
  readonly recommender: string;
  readonly options: Readonly<Record<string, Json>>;
  readonly splitSeed: number;
  readonly seed: number;
  readonly fold: number;
  readonly software: string;
}

/** A point that could not be computed. */
export interface PointFailure {
  readonly scenario: ScenarioName;
  readonly label: string;
  readonly recommender: string;
  readonly splitSeed: number;
  readonly seed: number;
  readonly fold: number;
  readonly error: { readonly name: string; readonly code: string | undefined; readonly message: string };
}
