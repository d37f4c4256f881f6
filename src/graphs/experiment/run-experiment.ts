import { UsageError } from '../../core/errors.ts';
import type { FoldKind } from '../../io/ratings/folds.ts';
import type { ScenarioCounts } from '../../io/ratings/scenarios.ts';
import { ownRecommender } from '../recommenders/own-recommenders.ts';
import { checkVariants } from './check-variants.ts';
import type { Experiment, ExperimentConfig } from './experiment-config.ts';
import { type ExperimentData, openExperimentData } from './experiment-data.ts';
import { experimentPoints } from './experiment-points.ts';
import { ExperimentScenarios } from './experiment-scenarios.ts';
import { ExperimentStore } from './experiment-store.ts';
import type { PointFailure, PointResult } from './point-result.ts';
import { type PublishedSetting, publishedFigures, publishedSetting } from './published.ts';
import { recommenderVariants } from './recommender-variants.ts';
import { rocCsv, rowsCsv, tablesMarkdown, tablesText } from './render-tables.ts';
import { resolveConfig } from './resolve-config.ts';
import { type ResultTable, resultTables } from './result-tables.ts';
import { type PointRunOptions, runPoints } from './run-points.ts';
import { type ExperimentRow, summarise } from './summarise.ts';

/** How an experiment is run. */
export interface RunExperimentOptions extends PointRunOptions {
  /** Directory of the results. */
  readonly out: string;
}

/** What an experiment has found, and how far it is. */
export interface ExperimentResult {
  readonly directory: string;
  readonly configuration: Experiment;
  /**
   * Points in all; computed by this run; found computed; failed in this run. The rest was not
   * begun.
   */
  readonly points: {
    readonly total: number;
    readonly computed: number;
    readonly reused: number;
    readonly failed: number;
  };
  readonly failures: readonly PointFailure[];
  readonly interrupted: boolean;
  readonly rows: readonly ExperimentRow[];
  readonly tables: readonly ResultTable[];
  /** Whether the thesis's figures stand beside ours. */
  readonly published: PublishedSetting;
}

/**
 * Compares recommenders: every scenario x recommender x seed x fold is a point with a file of its
 * own in `out`. A second run computes only what is not there. Beside the points stand
 * `experiment.json` (the resolved configuration) and, once a point is done, `tables.txt`,
 * `tables.md`, `results.csv`, `roc.csv` and `results.json`.
 *
 * @throws UsageError for a wrong configuration, data that are not there, or a directory of another
 * experiment (`exists`): nothing is computed then.
 *
 * @example
 * const result = await runExperiment({ ratings: 'ml-latest-small', recommenders: ['baseline', 'item-knn'], perUser: 20 }, { out: 'results' });
 * console.log(result.rows[0]?.metrics.rmse?.mean);
 */
export async function runExperiment(
  config: ExperimentConfig,
  options: RunExperimentOptions,
): Promise<ExperimentResult> {
  const resolved = resolveConfig(config);
  recommenderVariants(resolved);
  const data = await openExperimentData(resolved, { onMessage: options.onMessage, signal: options.stop });
  if (data.badLines > 0) options.onMessage?.(`bad lines skipped: ${data.badLines}`);
  try {
    const experiment = withGenres(resolved, data, config.recommenders !== undefined);
    const variants = recommenderVariants(experiment);
    await checkVariants(variants, data);
    const points = experimentPoints(experiment, variants);
    const scenarios = new ExperimentScenarios(experiment, data);
    const counts = checkScenarios(experiment, scenarios, options.onMessage);
    const store = await ExperimentStore.open(options.out, experiment, { ...data.hashes, ...codeOf(experiment) });
    const outcomes = await runPoints(points, experiment, data, { scenarios, store }, options);
    const rows = summarise(experiment, variants, outcomes.results);
    const size = sizeOf(counts, outcomes.results);
    const onlyWithContent = data.itemsWithFeatures !== undefined;
    const published = publishedSetting(experiment, { ratingsRead: data.ratingsRead, onlyWithContent, ...size });
    const note = noteOf(experiment, size, outcomes.failures.length);
    const result: ExperimentResult = {
      directory: options.out,
      configuration: experiment,
      points: {
        total: points.length,
        computed: outcomes.computed,
        reused: outcomes.reused,
        failed: outcomes.failures.length,
      },
      failures: outcomes.failures,
      interrupted: outcomes.results.length + outcomes.failures.length < points.length,
      rows,
      tables: resultTables(experiment, rows, note, published),
      published,
    };
    if (outcomes.results.length > 0) await writeResults(store, result);
    return result;
  } finally {
    await data.close();
  }
}

/** The code of recommenders of one's own: of another one the results are others. */
function codeOf({ models }: Experiment): Record<string, string> {
  return Object.fromEntries(
    models.flatMap((name) => {
      const { version, module } = ownRecommender(name)?.code ?? {};
      return version === undefined ? [] : [[`recommender.${name}`, `${version} ${module?.sha256 ?? ''}`.trim()]];
    }),
  );
}

/** Without genres there is no genre-content. @throws UsageError when it was asked for by name. */
function withGenres(experiment: Experiment, { movies }: ExperimentData, named: boolean): Experiment {
  const known = [...(movies?.values() ?? [])].some(({ genres }) => genres.length > 0);
  if (known || !experiment.models.includes('genre-content')) return experiment;
  if (named) {
    throw new UsageError('recommender genre-content needs the genres of the movies', {
      remedy: 'Give a MovieLens directory as `ratings`, or `movieList`.',
    });
  }
  return { ...experiment, models: experiment.models.filter((model) => model !== 'genre-content') };
}

/** Wrong filters and sizes show here, before anything is computed or written. */
function checkScenarios(
  { scenarios, seeds, perUser, fewer }: Experiment,
  made: ExperimentScenarios,
  say: ((line: string) => void) | undefined,
): ScenarioCounts {
  const { counts, splits } = made.of(scenarios[0] as FoldKind, seeds[0] as number).scenario;
  const tests = splits.map(({ test }) => test.length);
  if (tests.some((test) => test === 0)) {
    throw new UsageError(`a fold has no test ratings: ${tests.join(', ')}`, {
      code: 'ratings',
      remedy: 'Use more ratings per user, or fewer folds.',
    });
  }
  say?.(
    `${counts.ratings} ratings of ${counts.users} users and ${counts.items} movies; test ratings by fold: ${tests.join(', ')}`,
  );
  if (perUser !== undefined && counts.usersWithFewer !== undefined && counts.usersWithFewer > 0) {
    const what = fewer === 'keep' ? 'keep what they have' : 'are left out';
    say?.(`${counts.usersWithFewer} users have fewer than ${perUser} ratings and ${what}`);
  }
  return counts;
}

/** Other seeds may draw ratings of fewer movies: the least number of all. */
function sizeOf(first: ScenarioCounts, results: readonly PointResult[]): { movies: number; users: number } {
  return {
    movies: Math.min(first.items, ...results.map(({ counts }) => counts.items)),
    users: Math.min(first.users, ...results.map(({ counts }) => counts.users)),
  };
}

function noteOf(experiment: Experiment, size: { movies: number; users: number }, failed: number): string {
  const { threshold, thresholdRule, undefined: undefinedRule, folds, seeds, perUser } = experiment;
  const drawn = perUser === undefined ? 'all ratings of each user' : `${perUser} ratings of each user`;
  return [
    `${size.movies} movies x ${size.users} users, ${drawn}`,
    `relevant and recommended: rating ${thresholdRule === 'gt' ? '>' : '>='} ${threshold}`,
    `users without a value ${undefinedRule === 'zero' ? 'count 0' : 'are left out'}`,
    `mean of ${folds} folds`,
    seeds.length === 1 ? `seed ${seeds[0]}` : `mean ± standard deviation over seeds ${seeds.join(', ')}`,
    ...(failed > 0 ? [`${failed} points failed: a recommender without them has no figures for that seed`] : []),
  ].join('; ');
}

async function writeResults(store: ExperimentStore, result: ExperimentResult): Promise<void> {
  const { configuration, rows, tables, published } = result;
  const compares = Object.keys(configuration.features).length > 1;
  const figures = (row: ExperimentRow) =>
    published.shown ? publishedFigures(row, configuration.perUser, compares && row.features !== undefined) : {};
  const source = `Published figures: ${published.shown ? published.source : `not shown, because they are for ${published.differs.join('; ')}`}.\n`;
  await store.writeText('tables.txt', `${tablesText(tables)}\n${source}`);
  await store.writeText('tables.md', `${tablesMarkdown(tables)}\n${source}`);
  await store.writeText('results.csv', rowsCsv(rows, configuration, figures));
  await store.writeText('roc.csv', rocCsv(rows));
  await store.writeText('results.json', `${JSON.stringify(result, null, 1)}\n`);
}
