import { contentHash } from '../../core/canonical-json.ts';
import { type ScenarioKind, splitCount } from '../../io/ratings/scenario-kinds.ts';
import type { Experiment } from './experiment-config.ts';
import type { RecommenderVariant } from './recommender-variants.ts';

/** The least piece of an experiment: one recommender on one fold of one scenario, by one seed. */
export interface ExperimentPoint {
  readonly scenario: ScenarioKind;
  readonly variant: RecommenderVariant;
  readonly seed: number;
  /** Counted from 1. */
  readonly fold: number;
}

/**
 * All points: scenario by scenario, seed by seed, then recommenders and folds, so that few
 * scenarios are held at a time.
 */
export function experimentPoints(experiment: Experiment, variants: readonly RecommenderVariant[]): ExperimentPoint[] {
  const foldsOf = (scenario: ScenarioKind) =>
    Array.from({ length: splitCount(scenario, experiment.folds) }, (_, index) => index + 1);
  return experiment.scenarios.flatMap((scenario) =>
    experiment.seeds.flatMap((seed) =>
      variants.flatMap((variant) => foldsOf(scenario).map((fold) => ({ scenario, variant, seed, fold }))),
    ),
  );
}

/** The name of a point's file: readable, and different for different options. */
export function pointName({ scenario, variant, seed, fold }: ExperimentPoint): string {
  const { model, options, features } = variant;
  const hash = contentHash({ model, options, features: features ?? null }).slice(0, 10);
  return `${scenario}_${model}_${hash}_seed-${seed}_fold-${fold}`;
}

/** A point in a message. */
export function pointText({ scenario, variant, seed, fold }: ExperimentPoint): string {
  return `${scenario}, ${variant.label}, seed ${seed}, fold ${fold}`;
}
