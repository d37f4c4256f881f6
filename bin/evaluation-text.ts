import type { EvaluationReport } from '../src/graphs/evaluation.ts';
import { alignedRows } from '../src/graphs/text-table.ts';

/** What a person reads of an evaluation. */
export function evaluationText(report: EvaluationReport): string {
  const { users, scale, threshold, thresholdRule } = report;
  const rule = thresholdRule === 'gt' ? `above ${threshold}` : `at least ${threshold}`;
  const rankings = Object.entries(report.ranking);
  const names = ['precision', 'recall', 'recallPlain', 'f1', 'mrr', 'map', 'mapN', 'ndcg', 'ndcgLinear'] as const;
  const lists = ['coverage', 'diversity', 'personalisation'] as const;
  const row = (name: string, values: readonly number[]) => [name, ...values.map(shown)];
  return [
    `${report.ratings} ratings of ${users.evaluated} users; scale ${scale.minimum} to ${scale.maximum}; relevant and recommended: ${rule}`,
    `users without a metric count ${report.undefined === 'zero' ? '0' : 'not at all'}; ${users.withoutRecommended} with nothing recommended, ${users.withoutRelevant} with nothing relevant`,
    '',
    ...alignedRows([
      ['mae', 'rmse', 'mse', 'nrmse', 'nmae', 'auc'],
      [report.mae, report.rmse, report.mse, report.nrmse, report.nmae, report.auc].map(shown),
    ]),
    '',
    ...alignedRows([
      ['', ...rankings.map(([k]) => `@${k}`), 'whole lists'],
      ...names.map((name) => [
        ...row(
          name,
          rankings.map(([, metrics]) => metrics[name]),
        ),
        '',
      ]),
      ...lists.map((name) => row(name, [...rankings.map(([, metrics]) => metrics[name]), report[name]])),
    ]),
    '',
    `recommended on average ${shown(report.averageRecommended)}, relevant ${shown(report.averageRelevant)}; coverage is of ${report.catalogue} items`,
    ...(report.model === undefined
      ? []
      : [
          `${report.model}: trained in ${report.trainSeconds.toFixed(3)} s, predicted in ${report.predictSeconds.toFixed(3)} s, ${(report.peakRssBytes / 2 ** 20).toFixed(0)} MiB at most`,
        ]),
    ...((report.itemsWithoutMovie ?? 0) > 0
      ? [`items that the movie list lacks: ${report.itemsWithoutMovie}; in diversity they are unlike all others`]
      : []),
    ...report.files
      .filter(({ badLines }) => badLines.count > 0)
      .map(({ file, badLines }) => `${file}: bad lines passed over: ${badLines.count}`),
    '',
  ].join('\n');
}

function shown(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(4);
}
