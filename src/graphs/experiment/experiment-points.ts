import { contentHash } from '../../core/canonical-json.ts';
import { splitCount } from '../../io/ratings/scenario-kinds.ts';
import type { Experiment, ScenarioName } from './experiment-config.ts';
import type { RecommenderVariant } from './recommender-variants.ts';

/** A fold of a scenario, and the seeds of its data and of the recommenders. */
export interface ExperimentPlace {
  readonly scenario: ScenarioName;
  /** Seed of the draws of ratings and folds. */
  readonly splitSeed: number;
  /** Seed of the recommender's own draws. */
  readonly seed: number;
  /** Counted from 1. */
  readonly fold: number;
}

/** The smallest unit of an experiment: one recommender with its options at one place. */
export interface ExperimentPoint extends ExperimentPlace {
  readonly variant: RecommenderVariant;
}

/**
 * All places, ordered by scenario and then by data seed, so that few scenarios are held at a time.
 */
export function experimentPlaces(experiment: Experiment): ExperimentPlace[] {
  return experiment.scenarios.flatMap((scenario) => {
    const folds = Array.from({ length: foldCount(experiment, scenario) }, (_, index) => index + 1);
    return experimentRuns(experiment).flatMap((run) => folds.map((fold) => ({ scenario, ...run, fold })));
  });
}

/** How many folds a scenario has; one if it is divided by time. */
export function foldCount({ folds }: Experiment, scenario: ScenarioName): number {
  return scenario === 'given' ? folds : splitCount(scenario, folds);
}

/** The pairs of data seed and recommender seed; each pair over all folds is one run. */
export function experimentRuns({ seeds, splitSeeds }: Experiment): { splitSeed: number; seed: number }[] {
  if (splitSeeds === undefined) return seeds.map((seed) => ({ splitSeed: seed, seed }));
  return splitSeeds.flatMap((splitSeed) => seeds.map((seed) => ({ splitSeed, seed })));
}

/** The name of a point's files: readable, and different for different options. */
export function pointName({ scenario, variant, splitSeed, seed, fold }: ExperimentPoint): string {
  const { recommender: model, options, features } = variant;
  const hash = contentHash({ model, options, features: features ?? null }).slice(0, 10);
  return `${scenario}_${model}_${hash}_split-${splitSeed}_seed-${seed}_fold-${fold}`;
}

/** A point, as named in messages. */
export function pointText({ scenario, variant, splitSeed, seed, fold }: ExperimentPoint): string {
  const split = splitSeed === seed ? '' : `split ${splitSeed}, `;
  return `${scenario}, ${variant.label}, ${split}seed ${seed}, fold ${fold}`;
}
