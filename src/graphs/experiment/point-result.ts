import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { CatalogueEvaluation } from '../../models/metrics/evaluate-catalogue.ts';
import type { Evaluation } from '../../models/metrics/metric-values.ts';
import type { PrecisionRecallPoint } from '../../models/metrics/precision-recall.ts';
import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import type { Json } from '../graph.ts';
import type { Environment } from './environment.ts';
import type { ScenarioName } from './experiment-config.ts';

/** The validation result of a recommender that had not learnt from the validation part. */
export interface TrialResult {
  /** Scores on the validation ratings. */
  readonly evaluation: Evaluation;
  /**
   * Lists over the whole catalogue, if requested and if a validation rating is relevant.
   */
  readonly topN?: CatalogueEvaluation | undefined;
  /** The share of the training rows that it had learnt from. */
  readonly share: number;
  /** Wall seconds. */
  readonly trainSeconds: number;
  /** The epochs of a neural recommender; empty for other recommenders. */
  readonly history: readonly EpochRecord[];
  /** For neural recommenders: the best epoch (from 0), and its validation loss. */
  readonly best?: { readonly epoch: number; readonly loss: number | null } | undefined;
  /** For neural recommenders: what these ratings show to be wrong, in sentences. */
  readonly warnings?: readonly string[] | undefined;
}

/** The measurements of a point. */
export interface PointMeasurements {
  readonly counts: {
    /** Ratings of the fold: those used for training, with `refit` including the validation part. */
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    /** For the whole scenario. */
    readonly users: number;
    readonly items: number;
    readonly ratings: number;
    /** Users who had fewer ratings than were to be drawn. */
    readonly usersWithFewer: number;
    /** Test items, and those among them without a single training rating. */
    readonly testItems: number;
    readonly newTestItems: number;
  };
  /** Whether the validation part was also used for training, once it had decided when to stop. */
  readonly refit: boolean;
  /** All options with their values, with defaults filled in. */
  readonly resolvedOptions: Readonly<Record<string, Json>>;
  readonly environment: Environment;
  /** Wall seconds of the fit that was tested. */
  readonly trainSeconds: number;
  readonly predictSeconds: number;
  /**
   * Peak memory of the process up to the end of the point, including whatever else it had computed.
   */
  readonly peakRssBytes: number;
  /** Epochs of the fit that was tested, for a neural recommender; 0 for others. */
  readonly epochs: number;
  readonly history: readonly EpochRecord[];
  /** The validation result; undefined without a validation part. */
  readonly validation?: TrialResult | undefined;
  /** What the fit that was tested warned of, in sentences. */
  readonly warnings?: readonly string[] | undefined;
  /** What a private training guarantees. */
  readonly privacy?: PrivacyGuarantee | undefined;
  /** Scores on the test ratings. */
  readonly evaluation: Evaluation;
  readonly precisionRecall: readonly PrecisionRecallPoint[];
  /** Lists over the whole catalogue, if requested. */
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
  readonly error: {
    readonly name: string;
    readonly code: string | undefined;
    readonly message: string;
    readonly remedy?: string | undefined;
  };
}
