import type { EvaluationReport } from '../src/graphs/evaluation.ts';
import { tablesText } from '../src/graphs/experiment/render-tables.ts';
import { alignedRows } from '../src/graphs/text-table.ts';
import type { CatalogueEvaluation, CatalogueFigures } from '../src/models/metrics/evaluate-catalogue.ts';
import type { GroupMeans } from '../src/models/metrics/group-means.ts';
import { type MetricOver, metricNames } from '../src/models/metrics/metrics.ts';

/** An evaluation as text. */
export function evaluationText(report: EvaluationReport): string {
  const { users, scale, threshold, thresholdRule, trainMean } = report;
  const rule = thresholdRule === 'gt' ? `above ${threshold}` : `at least ${threshold}`;
  const rankings = Object.entries(report.ranking);
  const single = (names: readonly MetricOver<'ratings' | 'users'>[]) =>
    alignedRows([names, names.map((name) => shown(report[name]))]);
  const atEach = (name: MetricOver<'first-k' | 'lists'>) => [
    name,
    ...rankings.map(([, values]) => shown(values[name])),
  ];
  return [
    `${report.ratings} ratings of ${users.evaluated} users; scale ${scale.minimum} to ${scale.maximum}; relevant and recommended: ${rule}`,
    `${share(report.baseRate)} of a user's items are relevant; the training ratings have a mean of ${shown(trainMean)}`,
    `users without a metric count ${report.undefined === 'zero' ? '0' : 'not at all'}; ${Number.isNaN(users.withoutRecommended) ? '-' : users.withoutRecommended} with nothing recommended, ${users.withoutRelevant} with nothing relevant; ${share(report.constant)} have the same prediction for all items`,
    '',
    ...single(metricNames('ratings')),
    '',
    ...single(metricNames('users')),
    '',
    ...alignedRows([
      ['', ...rankings.map(([k]) => `@${k}`), 'whole lists'],
      ...metricNames('first-k').map((name) => [...atEach(name), '']),
      ...metricNames('lists').map((name) => [...atEach(name), shown(report[name])]),
    ]),
    '',
    `coverage is of ${report.catalogue} items`,
    ...(report.topN === undefined ? [] : topNText(report.topN)),
    ...(report.groups === undefined ? [] : groupsText(report.groups, report.recommender ?? 'predictions')),
    ...(report.recommender === undefined
      ? []
      : [
          `${report.recommender}: trained in ${report.trainSeconds.toFixed(3)} s, predicted in ${report.predictSeconds.toFixed(3)} s, ${(report.peakRssBytes / 2 ** 20).toFixed(0)} MiB at most`,
        ]),
    ...report.warnings.map((warning) => `warning: ${warning}`),
    ...report.files
      .filter(({ badLines }) => badLines.count > 0)
      .map(({ file, badLines }) => `${file}: bad lines skipped: ${badLines.count}`),
    '',
  ].join('\n');
}

function topNText({ at, users, items, averageRelevant, constant }: CatalogueEvaluation): string[] {
  const lists = Object.entries(at);
  const names = Object.keys(lists[0]?.[1] ?? {}) as (keyof CatalogueFigures)[];
  return [
    '',
    `all ${items} items that a user has not rated in training, ranked for ${users} users with ${averageRelevant.toFixed(1)} relevant ones each; ${share(constant)} have the same score for all items, so ties are broken at random`,
    ...alignedRows([
      ['', ...lists.map(([k]) => `@${k}`)],
      ...names.map((name) => [name, ...lists.map(([, figures]) => shown(figures[name]))]),
    ]),
    '',
  ];
}

function groupsText(groups: readonly GroupMeans[], label: string): string[] {
  return [
    '',
    tablesText(
      [],
      [],
      groups.map((group) => ({ ...group, scenario: '', label })),
    ),
  ];
}

function share(value: number): string {
  return Number.isNaN(value) ? '-' : `${(100 * value).toFixed(1)} %`;
}

function shown(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(4);
}
