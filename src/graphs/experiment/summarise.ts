import type { CatalogueEvaluation } from '../../models/metrics/evaluate-catalogue.ts';
import { meanOfFolds } from '../../models/metrics/mean-of-folds.ts';
import type { PrecisionRecallPoint } from '../../models/metrics/precision-recall.ts';
import type { RocPoint } from '../../models/metrics/roc.ts';
import { deviationOf, meanOf } from '../../models/statistics/sample.ts';
import type { Json } from '../graph.ts';
import type { Experiment, ScenarioName } from './experiment-config.ts';
import { experimentRuns, foldCount } from './experiment-points.ts';
import { type Figures, flatCatalogue, flatMetrics } from './flat-metrics.ts';
import type { PointResult } from './point-result.ts';
import type { ExperimentEntry, RowUse } from './recommender-entries.ts';

/** A metric over runs. */
export interface SeedMean {
  /** Mean over the runs; NaN if no run has the metric. */
  readonly mean: number;
  /** Sample standard deviation over the runs; NaN for fewer than two. */
  readonly deviation: number;
}

/**
 * A metric over runs, and where its deviation comes from if data and recommenders have separate
 * seeds.
 */
export interface RunMean extends SeedMean {
  /** Between the means of different data (`splitSeed`); NaN for fewer than two. */
  readonly deviationOfData: number;
  /** Within the same data, between seeds of the recommender; NaN if no data have two. */
  readonly deviationOfSeeds: number;
}

/** The combination that the validation part chose at a place. */
export interface ChosenOptions {
  readonly splitSeed: number;
  readonly seed: number;
  readonly fold: number;
  /** The chosen options, as the grid writes them. */
  readonly label: string;
  readonly options: Readonly<Record<string, Json>>;
}

/** All figures of one pair of seeds, averaged over its folds. */
export interface RowRun {
  readonly splitSeed: number;
  readonly seed: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** The figures of one recommender in one scenario. */
export interface ExperimentRow {
  readonly scenario: ScenarioName;
  readonly label: string;
  readonly recommender: string;
  /** Empty for a row whose options the validation part chose: see `chosen`. */
  readonly options: Readonly<Record<string, Json>>;
  readonly features: string | undefined;
  /** What its test figures may be used for. */
  readonly use: RowUse;
  /** The seeds whose folds are complete; the others do not count. */
  readonly seeds: readonly number[];
  /** The figures of each complete run: from which the means are computed. */
  readonly runs: readonly RowRun[];
  /** If the options are `selected`: what was chosen at each fold and seed. */
  readonly chosen: readonly ChosenOptions[];
  /**
   * By name: `rmse`, `ndcg@10`, `coverage` (whole lists), `coverage@10`, ... Each metric is
   * computed per fold, averaged over the folds, then over the runs, each a pair of seeds.
   * `trainSeconds` and `predictSeconds` are sums over the folds; `peakMebibytes` is the peak memory
   * of the whole process up to then.
   */
  readonly metrics: Readonly<Record<string, RunMean>>;
  /** The same for the validation parts; `bestEpoch` counts from 1. */
  readonly validation: Readonly<Record<string, RunMean>>;
  /** Mean curve over folds and runs. */
  readonly roc: readonly RocPoint[];
  readonly precisionRecall: readonly PrecisionRecallPoint[];
}

/**
 * The rows of an experiment, in the order of its scenarios and recommenders. A row without a
 * complete run has no metrics.
 */
export function summarise(
  experiment: Experiment,
  entries: readonly ExperimentEntry[],
  results: readonly PointResult[],
): ExperimentRow[] {
  return experiment.scenarios.flatMap((scenario) =>
    entries.map((entry) => {
      const runs = completeRuns(experiment, scenario, entry, results);
      const points = runs.flatMap((run) => run.points);
      const [variant] = entry.candidates;
      const figures = runs.map(({ splitSeed, seed, points: own }) => ({ splitSeed, seed, metrics: testFigures(own) }));
      return {
        scenario,
        label: entry.label,
        recommender: entry.recommender,
        options: entry.use === 'selected' ? {} : (variant?.options ?? {}),
        features: entry.features,
        use: entry.use,
        seeds: [...new Set(runs.map(({ seed }) => seed))],
        runs: figures,
        chosen: entry.use === 'selected' ? points.map(chosenOf) : [],
        metrics: overRuns(figures.map(({ splitSeed, metrics }) => [splitSeed, metrics])),
        validation: overRuns(runs.map((run) => [run.splitSeed, validationFigures(run.points)])),
        roc: points.length === 0 ? [] : meanOfFolds(points.map(({ evaluation }) => evaluation)).roc,
        precisionRecall: meanOfCurves(points.map(({ precisionRecall }) => precisionRecall)),
      };
    }),
  );
}

/** The points of a row by run, for runs with all folds complete. */
export function completeRuns(
  experiment: Experiment,
  scenario: ScenarioName,
  { candidates }: ExperimentEntry,
  results: readonly PointResult[],
): { splitSeed: number; seed: number; points: PointResult[] }[] {
  const labels = new Set(candidates.map(({ label }) => label));
  const own = results.filter((result) => result.scenario === scenario && labels.has(result.label));
  return experimentRuns(experiment)
    .map((run) => ({
      ...run,
      points: own.filter(({ splitSeed, seed }) => splitSeed === run.splitSeed && seed === run.seed),
    }))
    .filter(({ points }) => points.length === foldCount(experiment, scenario));
}

/** Mean and sample standard deviation; values that are NaN are left out. */
export function seedMean(values: readonly number[]): SeedMean {
  const defined = values.filter((value) => !Number.isNaN(value));
  return { mean: meanOf(defined), deviation: deviationOf(defined) };
}

/** Mean over runs, and the deviation between data and within them. */
export function runMean(runs: readonly (readonly [splitSeed: number, value: number])[]): RunMean {
  const groups = new Map<number, number[]>();
  for (const [splitSeed, value] of runs) {
    if (!Number.isNaN(value)) groups.set(splitSeed, [...(groups.get(splitSeed) ?? []), value]);
  }
  const repeated = [...groups.values()].filter((values) => values.length > 1);
  const within = meanOf(repeated.map((values) => deviationOf(values) ** 2));
  const crossed = repeated.length > 0;
  return {
    ...seedMean(runs.map(([, value]) => value)),
    // If each data set has one seed, the two causes of deviation cannot be told apart.
    deviationOfData: crossed ? deviationOf([...groups.values()].map(meanOf)) : Number.NaN,
    deviationOfSeeds: crossed ? Math.sqrt(within) : Number.NaN,
  };
}

function chosenOf({ splitSeed, seed, fold, label, options }: PointResult): ChosenOptions {
  return { splitSeed, seed, fold, label, options };
}

/** All figures of one run: means over its folds, costs as sums. */
function testFigures(points: readonly PointResult[]): Record<string, number> {
  const sum = (select: (point: PointResult) => number) => points.reduce((total, point) => total + select(point), 0);
  return {
    ...foldMeans(points),
    trainSeconds: sum((point) => point.trainSeconds),
    predictSeconds: sum((point) => point.predictSeconds),
    epochs: sum((point) => point.epochs) / points.length,
    peakMebibytes: Math.max(...points.map((point) => point.peakRssBytes)) / 2 ** 20,
  };
}

/**
 * The figures of some folds: means over all of them; for the catalogue, over those that have lists.
 */
function foldMeans(folds: readonly Figures[]): Record<string, number> {
  return {
    ...flatMetrics({ evaluation: meanOfFolds(folds.map(({ evaluation }) => evaluation)) }),
    ...meanTopN(folds.flatMap(({ topN }) => topN ?? [])),
  };
}

function meanTopN(folds: readonly CatalogueEvaluation[]): Record<string, number> {
  const figures = folds.map(flatCatalogue);
  const names = Object.keys(figures[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, meanOf(figures.map((fold) => fold[name] ?? Number.NaN))]));
}

function validationFigures(points: readonly PointResult[]): Record<string, number> {
  const trials = points.flatMap(({ validation }) => (validation ? [validation] : []));
  if (trials.length < points.length || trials.length === 0) return {};
  const best = trials.flatMap((trial) => (trial.best ? [trial.best.epoch + 1] : []));
  const means = foldMeans(trials);
  return best.length > 0 ? { ...means, bestEpoch: meanOf(best) } : means;
}

function overRuns(runs: readonly (readonly [number, Record<string, number>])[]): Record<string, RunMean> {
  const names = Object.keys(runs[0]?.[1] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, runMean(runs.map(([seed, figures]) => [seed, figures[name] ?? Number.NaN]))]),
  );
}

/** A curve that ends before the longest one stays at its last point. */
function meanOfCurves(curves: readonly (readonly PrecisionRecallPoint[])[]): PrecisionRecallPoint[] {
  const some = curves.filter((curve) => curve.length > 0);
  const length = Math.max(0, ...some.map((curve) => curve.length));
  return Array.from({ length }, (_, index) => {
    const points = some.map((curve) => curve[Math.min(index, curve.length - 1)] as PrecisionRecallPoint);
    return {
      k: index + 1,
      recall: meanOf(points.map(({ recall }) => recall)),
      precision: meanOf(points.map(({ precision }) => precision)),
    };
  });
}
