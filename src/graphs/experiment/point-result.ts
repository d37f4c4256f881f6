import type { ScenarioKind } from '../../io/ratings/scenario-kinds.ts';
import type { CatalogueEvaluation } from '../../models/metrics/evaluate-catalogue.ts';
import type { Evaluation } from '../../models/metrics/metric-values.ts';
import type { Json } from '../graph.ts';

/** What was measured at a point. */
export interface PointMeasurements {
  readonly counts: {
    /** Ratings of the fold. */
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    /** Of the whole scenario. */
    readonly users: number;
    readonly items: number;
    readonly ratings: number;
    /** Users that had fewer ratings than were to be drawn. */
    readonly usersWithFewer: number;
  };
  /** Wall seconds. */
  readonly trainSeconds: number;
  readonly predictSeconds: number;
  /**
   * The most memory that the process had held when the point was done, whatever else it had
   * computed.
   */
  readonly peakRssBytes: number;
  /** Epochs of a neural recommender; 0 of other recommenders. */
  readonly epochs: number;
  readonly evaluation: Evaluation;
  /** Lists over the whole catalogue, where they were asked for. */
  readonly topN?: CatalogueEvaluation;
}

/** A point's file. */
export interface PointResult extends PointMeasurements {
  readonly scenario: ScenarioKind;
  readonly label: string;
  readonly model: string;
  readonly options: Readonly<Record<string, Json>>;
  readonly seed: number;
  readonly fold: number;
  readonly software: string;
}

/** A point that could not be computed. */
export interface PointFailure {
  readonly scenario: ScenarioKind;
  readonly label: string;
  readonly model: string;
  readonly seed: number;
  readonly fold: number;
  readonly error: { readonly name: string; readonly code: string | undefined; readonly message: string };
}
