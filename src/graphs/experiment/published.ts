import type { Experiment } from './experiment-config.ts';
import type { ExperimentRow } from './summarise.ts';
import { type ThesisRow, thesisRows, thesisSetting } from './thesis-results.ts';

/** What an experiment turned out to be made from. */
export interface ExperimentSize {
  /** Ratings in the file. */
  readonly ratingsRead: number;
  /** Movies and users of the scenario; the smallest number over all seeds. */
  readonly movies: number;
  readonly users: number;
  /** Whether only movies with features or trailers were used. */
  readonly onlyWithContent: boolean;
}

/** Whether the thesis's figures are shown with ours, and if not, what differs. */
export interface PublishedSetting {
  readonly shown: boolean;
  readonly source: string;
  /** How the setting differs; empty when they are shown. */
  readonly differs: readonly string[];
}

/**
 * Compares an experiment with the setting of the thesis: its figures are comparable only if all of
 * this is the same.
 */
export function publishedSetting(experiment: Experiment, size: ExperimentSize): PublishedSetting {
  const { perUser, folds, threshold, thresholdRule, years } = experiment;
  const { source, ratingsRead, perUser: counts, years: range } = thesisSetting;
  const conditions: [boolean, string][] = [
    [size.ratingsRead === ratingsRead, `${ratingsRead} ratings in the file (MovieLens 20M), not ${size.ratingsRead}`],
    [size.onlyWithContent, 'only movies with features or trailers'],
    [years?.from === range.from && years.to === range.to, `movies of ${range.from} to ${range.to}`],
    [size.movies === thesisSetting.movies, `${thesisSetting.movies} movies, not ${size.movies}`],
    [size.users === thesisSetting.users, `${thesisSetting.users} users, not ${size.users}`],
    [
      perUser !== undefined && (counts as readonly number[]).includes(perUser),
      `${counts.join(', ')} ratings of each user, not ${perUser ?? 'all'}`,
    ],
    [folds === thesisSetting.folds, `${thesisSetting.folds} folds, not ${folds}`],
    [
      threshold === thesisSetting.threshold && thesisSetting.thresholdRule === thresholdRule,
      `relevance above ${thesisSetting.threshold}, not ${thresholdRule === 'gt' ? 'above' : 'from'} ${threshold}`,
    ],
    [experiment.undefined === 'zero', 'users without a value counting 0, not left out'],
  ];
  const differs = conditions.filter(([same]) => !same).map(([, text]) => text);
  return { shown: differs.length === 0, source, differs };
}

/**
 * The thesis's figures for a row, by metric. Only recommenders of the thesis with no option set
 * have any. If several features are compared, the figures come from the table of aggregates.
 */
export function publishedFigures(
  row: Pick<ExperimentRow, 'scenario' | 'recommender' | 'options' | 'features'>,
  perUser: number | undefined,
  comparesFeatures: boolean,
): Readonly<Record<string, number>> {
  if (Object.keys(row.options).length > 0) return {};
  const aggregate = comparesFeatures ? row.features : undefined;
  const own = thesisRows.filter(
    (each) =>
      each.perUser === perUser &&
      each.recommender === row.recommender &&
      (each.scenario ?? row.scenario) === row.scenario &&
      each.aggregate === aggregate,
  );
  const [times, others] = [own.filter(isCost), own.filter((each) => !isCost(each))];
  const noTimes = row.scenario !== 'non-cold' && row.scenario !== 'hard-cold';
  return Object.assign({}, ...(noTimes ? [] : times).map(metricsOf), ...others.map(metricsOf));
}

/**
 * The number of the thesis's table that has the layout of one of ours, for instance 13: ranking at
 * 4, non-cold start, 20 ratings per user.
 */
export function thesisTable(
  find: { readonly metric: string; readonly scenario: string; readonly aggregates: boolean },
  perUser: number | undefined,
): number | undefined {
  const holds = (count: number | undefined) => (row: ThesisRow) =>
    row.perUser === count &&
    (row.scenario ?? find.scenario) === find.scenario &&
    (row.aggregate !== undefined) === find.aggregates &&
    Object.hasOwn(row.metrics, find.metric);
  // For other numbers of ratings per user, the layout is that of the main tables, which have 40.
  return (thesisRows.find(holds(perUser)) ?? thesisRows.find(holds(40)))?.table;
}

function isCost(row: ThesisRow): boolean {
  return row.scenario === undefined;
}

function metricsOf(row: ThesisRow): Readonly<Record<string, number>> {
  return row.metrics;
}
