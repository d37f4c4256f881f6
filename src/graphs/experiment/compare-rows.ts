import { setImmediate as turn } from 'node:timers/promises';
import { UsageError } from '../../core/errors.ts';
import type { UserFacts } from '../../core/user-facts.ts';
import { catalogueFigure, catalogueMetricNames } from '../../models/metrics/catalogue-metrics.ts';
import { groupMeans } from '../../models/metrics/group-means.ts';
import { metricNames, metrics } from '../../models/metrics/metrics.ts';
import { holm } from '../../models/statistics/holm.ts';
import { type Interval, meanInterval } from '../../models/statistics/intervals.ts';
import { pairedTTest } from '../../models/statistics/paired-t-test.ts';
import { meanOf } from '../../models/statistics/sample.ts';
import { type Comparison, compared, type PairedSamples } from './comparison.ts';
import type { Experiment, ScenarioName } from './experiment-config.ts';
import { betterWhen } from './flat-metrics.ts';
import type { GroupRow } from './group-sheets.ts';
import { type InputEffect, inputEffects } from './input-sheets.ts';
import { inputSteps } from './input-steps.ts';
import type { PointFiles } from './point-files.ts';
import type { PointResult } from './point-result.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import { ratesAlike } from './search.ts';
import type { ExperimentRow } from './summarise.ts';
import { UsersOfRows } from './users-of-rows.ts';

/** The best row for a metric in a scenario, and the second best. */
export interface BestRows {
  readonly scenario: ScenarioName;
  readonly metric: string;
  readonly best: string;
  readonly second: string | undefined;
  /**
   * Paired t-test of best against second best over users, corrected for all rows that the best one
   * is tested against; NaN if the metric has no per-user values.
   */
  readonly p: number;
}

/**
 * A 95 % confidence interval of a row's metric: of the mean over users, each averaged over folds
 * and runs.
 */
export interface RowInterval extends Interval {
  /**
   * The centre of the interval. It weights users equally, whereas a row's RMSE and MAE weight
   * ratings equally.
   */
  readonly mean: number;
  readonly scenario: ScenarioName;
  readonly label: string;
  readonly metric: string;
  readonly users: number;
}

/** What the values of users reveal about the rows. */
export interface RowComparisons {
  readonly intervals: readonly RowInterval[];
  readonly best: readonly BestRows[];
  /** Comparisons of every row with the reference, if one was named. */
  readonly comparisons: readonly Comparison[];
  /** How well each group of users is served, if the users' groups are known. */
  readonly groups: readonly GroupRow[];
  /** What each input changes, where inputs are compared. */
  readonly inputs: readonly InputEffect[];
}

/**
 * Finds the label of the row that others are compared with.
 *
 * @throws UsageError when no row, or more than one, matches.
 */
export function referenceOf(entries: readonly ExperimentEntry[], name: string): string {
  const meant = entries.filter(({ label }) => label === name);
  const own = meant.length > 0 ? meant : entries.filter(({ recommender: model }) => model === name);
  const [entry, ...others] = own;
  if (entry !== undefined && others.length === 0) return entry.label;
  throw new UsageError(`\`compareTo\` must be the label of one row, but is '${name}'`, {
    option: 'compareTo',
    remedy: `Rows: ${entries.map(({ label }) => `'${label}'`).join(', ')}.`,
  });
}

/** Tests rows against each other by the values of their users, and by their runs. */
export async function compareRows(
  experiment: Experiment,
  entries: readonly ExperimentEntry[],
  rows: readonly ExperimentRow[],
  results: readonly PointResult[],
  files: PointFiles,
  userFacts: UserFacts = new Map(),
): Promise<RowComparisons> {
  const names = testedMetrics(experiment);
  const found = {
    ...{ intervals: [] as RowInterval[], best: [] as BestRows[] },
    ...{ comparisons: [] as Comparison[], groups: [] as GroupRow[], inputs: [] as InputEffect[] },
  };
  const reference = experiment.compareTo === undefined ? undefined : referenceOf(entries, experiment.compareTo);
  for (const scenario of experiment.scenarios) {
    const own = rows.filter((row) => row.scenario === scenario && row.runs.length > 0);
    const users = new UsersOfRows(experiment, files);
    for (const { label, metrics: figures } of own) {
      const entry = entries.find((each) => each.label === label) as ExperimentEntry;
      // If a row has no figure (such as the error of scores), its users have none either.
      const known = names.filter((name) => !Number.isNaN(figures[name]?.mean ?? Number.NaN));
      await users.add(scenario, entry, results, known);
    }
    for (const [label, averages] of users) {
      found.groups.push(...groupMeans(averages, userFacts).map((group) => ({ scenario, label, ...group })));
      for (const [metric, values] of averages) {
        const own = [...values.values()];
        const figures = { mean: meanOf(own), users: own.length, ...meanInterval(own) };
        found.intervals.push({ scenario, label, metric, ...figures });
      }
    }
    found.best.push(...(await bestRows(scenario, own, users)));
    for (const metric of experiment.inputs === undefined ? [] : names) {
      await turn();
      const { steps } = inputSteps(experiment.inputs ?? []);
      const samples = await Promise.all(
        steps.map((step) => userSamples({ scenario, label: step.with }, { label: step.without }, metric, users)),
      );
      found.inputs.push(...inputEffects(steps, (step) => samples[steps.indexOf(step)] ?? []));
    }
    const base = own.find(({ label }) => label === reference);
    if (base === undefined) continue;
    const others = own.filter((row) => row !== base);
    for (const metric of names) {
      await turn();
      const overUsers = await Promise.all(others.map((row) => userSamples(row, base, metric, users)));
      found.comparisons.push(...compared(overUsers.flat()));
      found.comparisons.push(...compared(others.flatMap((row) => seedSamples(row, base, metric))));
    }
  }
  return found;
}

/** The metrics that have a value for each user and a known better side. */
function testedMetrics(experiment: Experiment): string[] {
  const { k, catalogueK } = experiment;
  const ofCatalogue = catalogueK.flatMap((length) => catalogueMetricNames.map((name) => catalogueFigure(name, length)));
  if (ratesAlike(experiment)) return ofCatalogue;
  const shown = (name: keyof typeof metrics) => metrics[name].column !== undefined;
  const firstK = metricNames('first-k').filter((name) => 'ofUser' in metrics[name] && shown(name));
  const whole = metricNames('users').filter((name) => betterWhen(name) !== undefined && shown(name));
  return ['mae', 'rmse', ...k.flatMap((length) => firstK.map((name) => `${name}@${length}`)), ...whole, ...ofCatalogue];
}

async function userSamples(
  { scenario, label }: Pick<ExperimentRow, 'scenario' | 'label'>,
  { label: reference }: Pick<ExperimentRow, 'label'>,
  metric: string,
  users: UsersOfRows,
): Promise<PairedSamples[]> {
  const [left, right] = (await users.pairs(label, reference, metric)) ?? [];
  if (left === undefined || right === undefined || left.length === 0) return [];
  return [{ scenario, metric, label, reference, over: 'users', left, right }];
}

/**
 * Pairs are formed by seeds of the data: runs on the same data are not independent, so they are
 * averaged. With only one data set, pairs are formed by seeds of the recommender. A single seed
 * gives no pairs, and nor do repetitions: two recommenders that draw no random numbers differ by
 * the same amount for every seed, which says nothing new.
 */
function seedSamples(row: ExperimentRow, base: ExperimentRow, metric: string): PairedSamples[] {
  const single = new Set(row.runs.map(({ splitSeed }) => splitSeed)).size < 2;
  const groups = new Map<number, [left: number, right: number][]>();
  for (const run of row.runs) {
    const other = base.runs.find(({ splitSeed, seed }) => splitSeed === run.splitSeed && seed === run.seed);
    const [left, right] = [run.metrics[metric] ?? Number.NaN, other?.metrics[metric] ?? Number.NaN];
    if (Number.isNaN(left - right)) continue;
    const key = single ? run.seed : run.splitSeed;
    groups.set(key, [...(groups.get(key) ?? []), [left, right]]);
  }
  if (groups.size < 2) return [];
  const { scenario, label } = row;
  const left = [...groups.values()].map((pairs) => meanOf(pairs.map(([one]) => one)));
  const right = [...groups.values()].map((pairs) => meanOf(pairs.map(([, other]) => other)));
  if (single && areAlike(left) && areAlike(right)) return [];
  return [{ scenario, metric, label, reference: base.label, over: 'seeds', left, right }];
}

function areAlike(values: readonly number[]): boolean {
  return values.every((value) => value === values[0]);
}

/**
 * Excludes rows of a grid without selection: picking the best of those would be a choice made on
 * the test set. Also excludes rows that lack a run which others have: their means are over other
 * data.
 */
async function bestRows(
  scenario: ScenarioName,
  rows: readonly ExperimentRow[],
  users: UsersOfRows,
): Promise<BestRows[]> {
  const most = Math.max(...rows.map(({ runs }) => runs.length));
  const eligible = rows.filter(({ use, runs }) => use !== 'not for selection' && runs.length === most);
  const names = Object.keys(eligible[0]?.metrics ?? {}).filter((name) => betterWhen(name) !== undefined);
  const found: BestRows[] = [];
  for (const metric of names) {
    const sign = betterWhen(metric) === 'lower' ? 1 : -1;
    const figureOf = (row: ExperimentRow) => row.metrics[metric]?.mean ?? Number.NaN;
    const order = eligible
      .filter((row) => !Number.isNaN(figureOf(row)))
      .sort((one, other) => sign * (figureOf(one) - figureOf(other)));
    const [best, ...others] = order;
    if (best === undefined) continue;
    const p: number[] = [];
    for (const { label } of others) {
      const samples = await users.pairs(best.label, label, metric);
      p.push(samples === undefined ? Number.NaN : pairedTTest(...samples).p);
    }
    found.push({
      ...{ scenario, metric, best: best.label, second: others[0]?.label },
      p: holm(p)[0] ?? Number.NaN,
    });
  }
  return found;
}
