import { catalogueFigure, cataloguePrefix } from '../../models/metrics/catalogue-metrics.ts';
import type { CatalogueFigures } from '../../models/metrics/evaluate-catalogue.ts';
import { type MetricName, metricNames, metrics } from '../../models/metrics/metrics.ts';
import type { BestRows } from './compare-rows.ts';
import type { Experiment } from './experiment-config.ts';
import { experimentRuns } from './experiment-points.ts';
import { type PublishedSetting, publishedFigures, thesisTable } from './published.ts';
import type { RowUse } from './recommender-entries.ts';
import { ratesAlike, selectionMetric } from './search.ts';
import type { ExperimentRow, RunMean } from './summarise.ts';

/** A column of a table. */
export interface TableColumn {
  readonly title: string;
  /** The name of the metric in the rows. */
  readonly metric: string;
  /** Digits after the decimal point. */
  readonly digits: number;
}

/** One recommender in a table. */
export interface TableRow {
  readonly label: string;
  /** What its figures may be used for. */
  readonly use: RowUse;
  /** The number of runs that its figures are means of. */
  readonly runs: number;
  /** By metric; undefined if the recommender has no result. */
  readonly cells: Readonly<Record<string, RunMean | undefined>>;
  /** The thesis's figures by metric, if the setting is the same. */
  readonly published: Readonly<Record<string, number>>;
}

/** A table of one scenario. */
export interface ResultTable {
  readonly kind: 'accuracy' | 'ranking' | 'catalogue' | 'other' | 'cost' | 'features' | 'validation';
  readonly title: string;
  readonly scenario: string;
  /** The thesis's table with the same layout. */
  readonly thesisTable: number | undefined;
  /** What a reader must know: threshold and rule, folds, seeds, size. */
  readonly note: string;
  /** The runs that a row should have: a row with fewer is a mean over other data. */
  readonly runs: number;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  /** By metric: the label of the best row, and of the second best if it may be as good. */
  readonly marks: Readonly<Record<string, { readonly best: string; readonly level?: string | undefined }>>;
}

/** What tables and headings call scenarios. */
export const scenarioTitles: Readonly<Record<string, string>> = {
  'non-cold': 'non-cold start',
  'hard-cold': 'hard-cold start',
  'leave-items-out': 'items left out',
  random: 'random folds',
  'leave-last-out': 'the last rating of each user left out',
  time: 'ratings after a moment',
  user: 'new users, a part of their ratings',
  'user-cold': 'new users',
  given: 'given split',
};

/** Columns of the metrics that tables have. */
function columns(names: readonly MetricName[], k?: number): TableColumn[] {
  return names.flatMap((name) => {
    const { column } = metrics[name];
    return column === undefined ? [] : [{ title: column, metric: k === undefined ? name : `${name}@${k}`, digits: 3 }];
  });
}

/**
 * Shares of users for whom a row ranks nothing: such figures only show the order of ids, or the
 * threshold.
 */
const chance = columns(['withoutList', 'constant']);
const accuracy = [...columns(metricNames('ratings')), ...chance];
/** Titles of the figures over the whole catalogue. */
const catalogueTitles = {
  ...{ recall: 'R', recallAdjusted: 'Radj', precision: 'P', ndcg: 'NDCG', hitRate: 'HR', mrr: 'MRR', map: 'MAP' },
  ...{ coverage: 'coverage', novelty: 'novelty' },
} as const satisfies Record<keyof CatalogueFigures, string>;

function catalogue(k: number): TableColumn[] {
  const figures = Object.entries(catalogueTitles).map(([name, title]) => ({
    title,
    metric: catalogueFigure(name, k),
    digits: 3,
  }));
  return [...figures, ...chanceOfCatalogue];
}
const other = columns(metricNames('users', 'lists'));
/** Without test ratings that are judged one by one, the lists are those of all items. */
const chanceOfCatalogue: readonly TableColumn[] = [
  { title: 'no list', metric: `${cataloguePrefix}withoutList`, digits: 3 },
  { title: 'constant', metric: `${cataloguePrefix}constant`, digits: 3 },
];
const cost: readonly TableColumn[] = [
  { title: 'train s', metric: 'trainSeconds', digits: 2 },
  { title: 'predict s', metric: 'predictSeconds', digits: 2 },
  { title: 'epochs', metric: 'epochs', digits: 1 },
  { title: 'peak MiB', metric: 'peakMebibytes', digits: 0 },
];

/**
 * The tables of the thesis: for each scenario accuracy, ranking at each list length, other metrics
 * and cost; and the comparison of features if there are several.
 */
export function resultTables(
  experiment: Experiment,
  rows: readonly ExperimentRow[],
  note: string,
  published: PublishedSetting,
  best: readonly BestRows[] = [],
): ResultTable[] {
  const compares = Object.keys(experiment.features).length > 1;
  return experiment.scenarios.flatMap((scenario) => {
    const own = rows.filter((row) => row.scenario === scenario);
    const make = (kind: ResultTable['kind'], title: string, list: readonly TableColumn[], from = own): ResultTable => {
      const metric = (list.find((column) => column.metric !== 'auc') as TableColumn).metric;
      return {
        kind,
        title: `${title}, ${scenarioTitles[scenario]}`,
        scenario,
        thesisTable:
          kind === 'validation'
            ? undefined
            : thesisTable({ metric, scenario, aggregates: kind === 'features' }, experiment.perUser),
        note: `${note}; ${truthOf(own)}`,
        runs: experimentRuns(experiment).length,
        columns: list,
        rows: from.map((row) => ({
          label: row.label,
          use: row.use,
          runs: row.runs.length,
          cells: Object.fromEntries(
            list.map(({ metric }) => [metric, (kind === 'validation' ? row.validation : row.metrics)[metric]]),
          ),
          // The thesis does not say which aggregate its main tables use: if ours has several, none
          // is comparable.
          published:
            published.shown && kind !== 'validation' && (kind === 'features' || !compares || row.features === undefined)
              ? only(list, publishedFigures(row, experiment.perUser, kind === 'features'))
              : {},
        })),
        marks: kind === 'validation' ? {} : marksOf(list, scenario, from, best),
      };
    };
    const reading = own.filter((row) => row.features !== undefined);
    const comparison = [...columns(['mrr', 'map', 'ndcg', 'ndcgRelevant'], experiment.k[0]), ...chance];
    const rated = ratesAlike(experiment)
      ? []
      : [
          make('accuracy', 'Accuracy', accuracy),
          ...experiment.k.map((k) =>
            make('ranking', `Ranking @${k}`, [...columns(metricNames('first-k'), k), ...chance]),
          ),
          make('other', 'Other metrics, whole lists', other),
        ];
    return [
      ...rated,
      ...experiment.catalogueK.map((k) => make('catalogue', `All items ranked @${k}`, catalogue(k))),
      make('cost', `Cost, all folds, ${experiment.concurrency} neural recommenders at most at a time`, [
        ...cost,
        ...(ratesAlike(experiment) ? chanceOfCatalogue : chance),
      ]),
      ...(compares && reading.length > 0
        ? [make('features', `Features compared, ranking @${experiment.k[0]}`, comparison, reading)]
        : []),
      ...(own.some(({ validation }) => Object.keys(validation).length > 0)
        ? [make('validation', 'Validation part, before it was learnt from', validationColumns(experiment))]
        : []),
    ];
  });
}

/**
 * Figures to judge the threshold by, from any row that has figures, since all are tested on the
 * same data.
 */
function truthOf(rows: readonly ExperimentRow[]): string {
  const shown = (metric: string) => {
    const means = rows.map((row) => row.metrics[metric]?.mean ?? Number.NaN);
    return means.find((mean) => !Number.isNaN(mean))?.toFixed(3) ?? '-';
  };
  return `mean of the training ratings ${shown('trainMean')}; share of relevant items ${shown('baseRate')}`;
}

/** The metrics that selection may use, and when neural recommenders stopped. */
function validationColumns(experiment: Experiment): TableColumn[] {
  const { k, catalogueK, select } = experiment;
  const rated = [
    ...columns(['mae', 'rmse']),
    ...k.flatMap((length) => columns(['ndcg'], length).map((each) => ({ ...each, title: `${each.title}@${length}` }))),
    ...columns(['auc']),
  ];
  const usual = [
    ...(ratesAlike(experiment) ? [] : rated),
    ...catalogueK.map((length) => ({
      title: `all items NDCG@${length}`,
      metric: catalogueFigure('ndcg', length),
      digits: 3,
    })),
    { title: 'best epoch', metric: 'bestEpoch', digits: 1 },
    ...(ratesAlike(experiment) ? chanceOfCatalogue : chance),
  ];
  const chooses = select === undefined ? undefined : selectionMetric(select, experiment);
  const missing = chooses !== undefined && !usual.some(({ metric }) => metric === chooses);
  return missing ? [{ title: chooses, metric: chooses, digits: 3 }, ...usual] : usual;
}

/** Below this p-value, a difference counts as real. */
const significance = 0.05;

function marksOf(
  list: readonly TableColumn[],
  scenario: string,
  rows: readonly ExperimentRow[],
  best: readonly BestRows[],
): ResultTable['marks'] {
  const found = best.filter(
    (each) => each.scenario === scenario && rows.length > 1 && list.some(({ metric }) => metric === each.metric),
  );
  return Object.fromEntries(
    found.map(({ metric, best: label, second, p }) => [
      metric,
      { best: label, level: second !== undefined && p >= significance ? second : undefined },
    ]),
  );
}

function only(list: readonly TableColumn[], figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).filter(([name]) => list.some(({ metric }) => metric === name)));
}
