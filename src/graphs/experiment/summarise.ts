import { type ScenarioKind, splitCount } from '../../io/ratings/scenario-kinds.ts';
import type { CatalogueEvaluation } from '../../models/metrics/evaluate-catalogue.ts';
import { meanOfFolds } from '../../models/metrics/mean-of-folds.ts';
import type { Evaluation } from '../../models/metrics/metric-values.ts';
import { metricNames } from '../../models/metrics/metrics.ts';
import type { RocPoint } from '../../models/metrics/roc.ts';
import type { Json } from '../graph.ts';
import type { Experiment } from './experiment-config.ts';
import type { PointResult } from './point-result.ts';
import type { RecommenderVariant } from './recommender-variants.ts';

/** A metric over seeds. */
export interface SeedMean {
  /** Mean over the seeds; NaN when no seed has it. */
  readonly mean: number;
  /** Sample standard deviation over the seeds; NaN of fewer than two. */
  readonly deviation: number;
}

/** The figures of one recommender in one scenario. */
export interface ExperimentRow {
  readonly scenario: ScenarioKind;
  readonly label: string;
  readonly model: string;
  readonly options: Readonly<Record<string, Json>>;
  readonly features: string | undefined;
  /** The seeds of which all folds are there; the others count for nothing. */
  readonly seeds: readonly number[];
  /**
   * By name: `rmse`, `ndcg@10`, `coverage` (whole lists), `coverage@10`, ... Each metric is
   * computed per fold, averaged over the folds, then over the seeds. `trainSeconds` and
   * `predictSeconds` are sums over the folds; `peakMebibytes` is the most that the whole process
   * had held by then.
   */
  readonly metrics: Readonly<Record<string, SeedMean>>;
  /** Mean curve over folds and seeds. */
  readonly roc: readonly RocPoint[];
}

/**
 * The rows of an experiment, in the order of its scenarios and recommenders. A row of which no seed
 * is complete has no metrics.
 */
export function summarise(
  experiment: Experiment,
  variants: readonly RecommenderVariant[],
  results: readonly PointResult[],
): ExperimentRow[] {
  return experiment.scenarios.flatMap((scenario) =>
    variants.map((variant) => {
      const own = results.filter((result) => result.scenario === scenario && result.label === variant.label);
      const folds = experiment.seeds
        .map((seed) => ({ seed, points: own.filter((result) => result.seed === seed) }))
        .filter(({ points }) => points.length === splitCount(scenario, experiment.folds));
      const evaluations = folds.flatMap(({ points }) => points.map(({ evaluation }) => evaluation));
      return {
        scenario,
        label: variant.label,
        model: variant.model,
        options: variant.options,
        features: variant.features,
        seeds: folds.map(({ seed }) => seed),
        metrics: overSeeds(folds.map(({ points }) => metricsOf(points))),
        roc: evaluations.length === 0 ? [] : meanOfFolds(evaluations).roc,
      };
    }),
  );
}

/** Mean and sample standard deviation; values that are NaN are left out. */
export function seedMean(values: readonly number[]): SeedMean {
  const defined = values.filter((value) => !Number.isNaN(value));
  const mean = defined.reduce((sum, value) => sum + value, 0) / defined.length;
  if (defined.length < 2) return { mean, deviation: Number.NaN };
  const squares = defined.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (defined.length - 1)) };
}

/** All figures of one seed: means over its folds, costs as sums. */
function metricsOf(points: readonly PointResult[]): Record<string, number> {
  const evaluation = meanOfFolds(points.map((point) => point.evaluation));
  const sum = (select: (point: PointResult) => number) => points.reduce((total, point) => total + select(point), 0);
  return {
    ...flat(evaluation),
    ...meanTopN(points.flatMap(({ topN }) => topN ?? [])),
    trainSeconds: sum((point) => point.trainSeconds),
    predictSeconds: sum((point) => point.predictSeconds),
    epochs: sum((point) => point.epochs) / points.length,
    peakMebibytes: Math.max(...points.map((point) => point.peakRssBytes)) / 2 ** 20,
  };
}

/** Means over the folds of the figures of the whole catalogue: `catalogue.ndcg@10`, ... */
function meanTopN(folds: readonly CatalogueEvaluation[]): Record<string, number> {
  const figures = folds.map(({ at }) =>
    Object.entries(at).flatMap(([k, values]) =>
      Object.entries(values).map(([name, value]) => [`catalogue.${name}@${k}`, value] as const),
    ),
  );
  if (folds.length === 0) return {};
  const constant = folds.reduce((sum, fold) => sum + fold.constant, 0) / folds.length;
  return Object.fromEntries([
    ['catalogue.constant', constant],
    ...(figures[0] ?? []).map(([name], index) => [
      name,
      figures.reduce((sum, fold) => sum + (fold[index]?.[1] ?? Number.NaN), 0) / figures.length,
    ]),
  ]);
}

function flat(evaluation: Evaluation): Record<string, number> {
  const plain = metricNames('ratings', 'users', 'lists').map((name) => [name, evaluation[name]]);
  const ranking = Object.entries(evaluation.ranking).flatMap(([k, values]) =>
    metricNames('first-k', 'lists').map((name) => [`${name}@${k}`, values[name]]),
  );
  return Object.fromEntries([...plain, ['trainMean', evaluation.trainMean], ...ranking]);
}

function overSeeds(seeds: readonly Record<string, number>[]): Record<string, SeedMean> {
  const names = Object.keys(seeds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, seedMean(seeds.map((seed) => seed[name] ?? Number.NaN))]));
}
