import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../../core/atomic-file.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import { softwareVersion } from '../../io/dataset/software.ts';
import type { Scenario } from '../../io/ratings/scenarios.ts';
import { saveScenario } from '../../io/ratings/split-file.ts';
import { loadMetricModules } from '../metric-modules.ts';
import { ownRecommender } from '../recommenders/own-recommenders.ts';
import { costText, experimentCost } from './announce.ts';
import { checkVariants } from './check-variants.ts';
import { compareRows, referenceOf } from './compare-rows.ts';
import type { Comparison } from './comparison.ts';
import { type Environment, environment } from './environment.ts';
import type { Experiment, ExperimentConfig } from './experiment-config.ts';
import { type ExperimentData, openExperimentData } from './experiment-data.ts';
import { checkScenarios, noteOf, sizeOf, thresholdWarnings } from './experiment-note.ts';
import { experimentPlaces } from './experiment-points.ts';
import { ExperimentScenarios } from './experiment-scenarios.ts';
import { ExperimentStore } from './experiment-store.ts';
import type { PointRunOptions } from './experiment-tally.ts';
import { fitWarnings, testPartWarnings } from './fit-warnings.ts';
import type { GroupRow } from './group-sheets.ts';
import { idleKeys } from './idle-keys.ts';
import type { InputEffect } from './input-sheets.ts';
import { checkInputs } from './input-steps.ts';
import { PointFiles } from './point-files.ts';
import type { PointFailure } from './point-result.ts';
import { type PublishedSetting, publishedSetting } from './published.ts';
import { experimentEntries } from './recommender-entries.ts';
import { resolveConfig } from './resolve-config.ts';
import { type ResultTable, resultTables } from './result-tables.ts';
import { runPoints } from './run-points.ts';
import type { TrialCounts } from './run-trials.ts';
import { openSavedSplits, type SavedSplits } from './saved-splits.ts';
import { selectionMetric } from './search.ts';
import { type ExperimentRow, summarise } from './summarise.ts';
import { writeResults } from './write-results.ts';

/** How an experiment is run. */
export interface RunExperimentOptions extends PointRunOptions {
  /** Directory of the results. */
  readonly out: string;
}

/** What an experiment has found, and its progress. */
export interface ExperimentResult {
  readonly directory: string;
  /** The software of this run; each point records the software that computed it. */
  readonly software: string;
  readonly environment: Environment;
  readonly configuration: Experiment;
  /**
   * All points; those computed by this run, found already computed, or failed in this run. The rest
   * were not started.
   */
  readonly points: {
    readonly total: number;
    readonly computed: number;
    readonly reused: number;
    readonly failed: number;
  };
  /** Fits that were scored on the validation part. */
  readonly trials: TrialCounts;
  readonly failures: readonly PointFailure[];
  readonly interrupted: boolean;
  readonly scale: RatingScale;
  /** What looks doubtful about the ratings, scale, threshold and ids, in sentences. */
  readonly warnings: readonly string[];
  readonly rows: readonly ExperimentRow[];
  readonly tables: readonly ResultTable[];
  /** Tests of all rows against the row `compareTo`; empty without it. */
  readonly comparisons: readonly Comparison[];
  /** How well each group of users is served; empty if nothing is known about them. */
  readonly groups: readonly GroupRow[];
  /** What each of `inputs` changes; empty without them. */
  readonly inputs: readonly InputEffect[];
  /** Whether the thesis's figures are shown with ours. */
  readonly published: PublishedSetting;
}

/** Up to this number of ratings, splits are saved by default. */
const savedRatings = 2_000_000;
const known: KnownOptions<RunExperimentOptions> = {
  out: true,
  signal: true,
  stop: true,
  onMessage: true,
  onProgress: true,
};

/**
 * Compares recommenders: every scenario x recommender x seed x fold is a point with its own file in
 * `out`. A second run computes only what is missing. With `select` the validation part chooses
 * among the combinations of a grid, and only what it chose is tested. Next to the points are
 * `experiment.json` (the resolved configuration), the splits, the values of each user and, once a
 * point is done, tables and figures.
 *
 * @throws UsageError for a wrong configuration, missing data, or a directory of another experiment
 * (`exists`); nothing is computed in these cases.
 *
 * @example
 * const result = await runExperiment({ ratings: 'ml-latest-small', recommenders: ['baseline', 'item-knn'], perUser: 20, compareTo: 'baseline' }, { out: 'results' });
 * console.log(result.rows[0]?.metrics.rmse?.mean, result.comparisons[0]?.t.holm);
 */
export async function runExperiment(
  config: ExperimentConfig,
  options: RunExperimentOptions,
): Promise<ExperimentResult> {
  checkKnownOptions('runExperiment', options, known);
  const begun = await beginExperiment(config, options);
  const { experiment, entries, data, saved, scenarios, first, warnings, hashes, total } = begun;
  try {
    const store = await ExperimentStore.open(options.out, experiment, hashes);
    // A split that was read already exists.
    if (saved === undefined) await saveSplits(options.out, experiment, scenarios);
    const files = new PointFiles(options.out, experiment);
    const outcomes = await runPoints(entries, { experiment, data, scenarios, store, files, options });
    const { results, failures, computed, reused, trials } = outcomes;
    const doubts = [...testPartWarnings(results, experiment.protocol), ...fitWarnings(results)];
    for (const doubt of doubts) options.onMessage?.(`warning: ${doubt}`, { isWarning: true });
    const rows = summarise(experiment, entries, results);
    const size = sizeOf(first.scenario.counts, results);
    const onlyWithContent = data.itemsWithFeatures !== undefined;
    const published = publishedSetting(experiment, { ratingsRead: data.ratingsRead, onlyWithContent, ...size });
    const note = noteOf(experiment, data, size, rows, { results, failed: failures.length });
    const compared = await compareRows(experiment, entries, rows, results, files, data.userFacts);
    const result: ExperimentResult = {
      directory: options.out,
      software: softwareVersion(),
      environment: environment(),
      configuration: experiment,
      points: { total, computed, reused, failed: failures.length },
      trials,
      failures,
      interrupted: results.length + failures.length < total,
      scale: data.scale,
      warnings: [...warnings, ...doubts],
      rows,
      tables: resultTables(experiment, rows, note, published, compared.best),
      comparisons: compared.comparisons,
      groups: compared.groups,
      inputs: compared.inputs,
      published,
    };
    if (results.length > 0) await writeResults(store, result, entries, results, compared);
    return result;
  } finally {
    await data.close();
  }
}

/**
 * Prepares an experiment before it writes or computes anything: what it reads, what it consists of,
 * what it will cost. The caller closes `data`.
 *
 * @throws as `runExperiment`.
 */
export async function beginExperiment(
  config: ExperimentConfig,
  options: Pick<RunExperimentOptions, 'stop' | 'onMessage'>,
) {
  const resolved = resolveConfig(config);
  await loadMetricModules(resolved.metrics);
  if (resolved.select !== undefined) selectionMetric(resolved.select, resolved);
  experimentEntries(resolved);
  const saved = resolved.split === undefined ? undefined : await openSavedSplits(resolved.split);
  const data = await openExperimentData(resolved, { onMessage: options.onMessage, signal: options.stop });
  try {
    if (data.badLines > 0) options.onMessage?.(`bad lines skipped: ${data.badLines}`);
    const experiment = withSplits(withGenres(resolved, data, config.recommenders !== undefined), saved, config);
    const entries = experimentEntries(experiment);
    if (experiment.compareTo !== undefined) referenceOf(entries, experiment.compareTo);
    if (experiment.inputs !== undefined) checkInputs(experiment.inputs, data, Object.keys(experiment.features)[0]);
    await checkVariants(
      entries.flatMap(({ candidates }) => candidates),
      data,
    );
    const scenarios = new ExperimentScenarios(experiment, data, saved, options);
    const first = await checkScenarios(experiment, scenarios, options.onMessage);
    const warnings = [
      ...data.warnings,
      ...idleKeys(config, experiment, entries),
      ...thresholdWarnings(experiment, data, first),
    ];
    for (const warning of warnings) options.onMessage?.(`warning: ${warning}`, { isWarning: true });
    const cost = experimentCost(experiment, entries, first, data);
    options.onMessage?.(costText(cost));
    const hashes = { ...data.hashes, ...codeOf(experiment), split: saved?.hash };
    const total = pointCount(experiment, entries.length);
    return { experiment, entries, data, saved, scenarios, first, warnings, hashes, cost, total };
  } catch (error) {
    await data.close();
    throw error;
  }
}

function pointCount(experiment: Experiment, entries: number): number {
  return experimentPlaces(experiment).length * entries;
}

/**
 * A saved split determines the folds and the scenarios. One scenario is one data set whatever the
 * seeds, which are then those of the recommenders alone.
 *
 * @throws UsageError when several data sets are requested but there is only one.
 */
function withSplits(experiment: Experiment, saved: SavedSplits | undefined, config: ExperimentConfig): Experiment {
  if (saved === undefined) return experiment;
  const scenarios = config.scenarios === undefined ? saved.kinds : experiment.scenarios;
  const { seeds, splitSeeds } = experiment;
  if (saved.isSingle && splitSeeds !== undefined && splitSeeds.length > 1) {
    throw new UsageError('`splitSeed` must be a single number, because `split` is one data set', {
      option: 'splitSeed',
      remedy: 'Leave it out, or name the `splits` of an experiment, which has one for each seed.',
    });
  }
  const isRepeated = saved.isSingle && splitSeeds === undefined && seeds.length > 1;
  return { ...experiment, scenarios, folds: saved.folds, splitSeeds: isRepeated ? seeds.slice(0, 1) : splitSeeds };
}

/** Saves each scenario in `splits` when it is made, unless it exists. */
async function saveSplits(out: string, experiment: Experiment, scenarios: ExperimentScenarios): Promise<void> {
  const { saveSplits: wanted } = experiment;
  if (wanted === 'no') return;
  const directory = join(out, 'splits');
  scenarios.onMade = async (name: string, scenario: Scenario) => {
    if (wanted === 'auto' && scenario.ratings.values.length > savedRatings) return;
    const path = join(directory, name);
    if (existsSync(path)) return;
    await makeDirectory(directory);
    await saveScenario(scenario, path).catch((error: unknown) => {
      // Another process has saved the same one in the meantime.
      if (!(error instanceof UsageError && error.code === 'exists')) throw error;
    });
  };
  await scenarios.again();
}

/** The code of user-defined recommenders: different code gives different results. */
function codeOf({ recommenders: models }: Experiment): Record<string, string> {
  return Object.fromEntries(
    models.flatMap((name) => {
      const { version, module } = ownRecommender(name)?.code ?? {};
      return version === undefined ? [] : [[`recommender.${name}`, `${version} ${module?.sha256 ?? ''}`.trim()]];
    }),
  );
}

/** Removes genre-content if there are no genres. @throws UsageError if it was requested by name. */
function withGenres(experiment: Experiment, { movies }: ExperimentData, named: boolean): Experiment {
  const known = [...(movies?.values() ?? [])].some(({ genres }) => genres.length > 0);
  if (known || !experiment.recommenders.includes('genre-content')) return experiment;
  if (named) {
    throw new UsageError('recommender genre-content needs the genres of the movies', {
      remedy: 'Give a MovieLens directory as `ratings`, or `movieList`.',
    });
  }
  return { ...experiment, recommenders: experiment.recommenders.filter((model) => model !== 'genre-content') };
}
