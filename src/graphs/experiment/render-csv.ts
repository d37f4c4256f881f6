import { csvField } from '../../core/csv-field.ts';
import type { RowInterval } from './compare-rows.ts';
import type { Comparison } from './comparison.ts';
import { flatMetrics } from './flat-metrics.ts';
import type { PointResult } from './point-result.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import type { ExperimentRow } from './summarise.ts';

/**
 * All metrics of all rows, one per line, including those that no table shows. Numbers have full
 * precision.
 */
export function rowsCsv(
  rows: readonly ExperimentRow[],
  setting: { readonly threshold: number; readonly thresholdRule: string },
  publishedOf: (row: ExperimentRow) => Readonly<Record<string, number>>,
  intervals: readonly RowInterval[] = [],
): string {
  const intervalOf = new Map(intervals.map((each) => [`${each.scenario}\n${each.label}\n${each.metric}`, each]));
  const lines = rows.flatMap((row) => {
    const published = publishedOf(row);
    const place = [row.scenario, row.label, row.recommender, row.use];
    const parts = [
      ...Object.entries(row.metrics).map((entry) => ['test', ...entry] as const),
      ...Object.entries(row.validation).map((entry) => ['validation', ...entry] as const),
    ];
    return parts.map(([part, metric, { mean, deviation, deviationOfData, deviationOfSeeds }]) => {
      const interval = part === 'test' ? intervalOf.get(`${row.scenario}\n${row.label}\n${metric}`) : undefined;
      return [
        ...[...place, part, metric, ...[mean, deviation, deviationOfData, deviationOfSeeds].map(numberText)],
        ...[interval?.mean, interval?.low, interval?.high].map((bound) => numberText(bound ?? Number.NaN)),
        ...[String(row.seeds.length), String(row.runs.length)],
        numberText((part === 'test' ? published[metric] : undefined) ?? Number.NaN),
        ...[String(setting.threshold), setting.thresholdRule],
      ];
    });
  });
  const head = [
    'scenario,label,recommender,use,part,metric,mean,deviation,deviation_of_data,deviation_of_seeds',
    'user_mean,user_interval_low,user_interval_high,seeds,runs,published,threshold,threshold_rule',
  ];
  return csvText(head.join(','), lines);
}

/**
 * One value per line: each metric of each fold of each run, on the test and the validation part.
 */
export function valuesCsv(entries: readonly ExperimentEntry[], results: readonly PointResult[]): string {
  const lines = results.flatMap((result) => {
    const entry = entries.find(({ candidates }) => candidates.some(({ label }) => label === result.label));
    const { scenario, label, recommender: model, splitSeed, seed, fold, validation } = result;
    const place = [scenario, entry?.label ?? label, model, entry?.use ?? 'compared', label];
    const seeds = [splitSeed, seed, fold].map(String);
    const parts = [['test', result] as const, ...(validation ? [['validation', validation] as const] : [])];
    return parts.flatMap(([part, figures]) =>
      Object.entries(flatMetrics(figures)).map(([metric, value]) => [
        ...place,
        ...seeds,
        part,
        metric,
        numberText(value),
      ]),
    );
  });
  return csvText('scenario,label,recommender,use,options,split_seed,seed,fold,part,metric,value', lines);
}

/** The tests of all rows against the reference. */
export function comparisonsCsv(comparisons: readonly Comparison[]): string {
  const lines = comparisons.map(({ interval, bootstrap, t, wilcoxon, randomisation, ...facts }) => [
    ...[facts.scenario, facts.label, facts.reference, facts.metric, facts.over, String(facts.pairs)],
    ...[facts.difference, interval.low, interval.high, bootstrap.low, bootstrap.high].map(numberText),
    ...[t, wilcoxon, randomisation].flatMap(({ p, holm }) => [p, holm].map(numberText)),
  ]);
  const head = [
    'scenario,label,reference,metric,over,pairs,difference,interval_low,interval_high,bootstrap_low,bootstrap_high',
    't_p,t_holm,wilcoxon_p,wilcoxon_holm,randomisation_p,randomisation_holm',
  ];
  return csvText(head.join(','), lines);
}

/** The points of all ROC curves. */
export function rocCsv(rows: readonly ExperimentRow[]): string {
  const lines = rows.flatMap((row) =>
    row.roc.map(({ k, truePositiveRate, falsePositiveRate }) => [
      ...[row.scenario, row.label, row.recommender, row.use],
      ...[k, falsePositiveRate, truePositiveRate].map(numberText),
    ]),
  );
  return csvText('scenario,label,recommender,use,k,false_positive_rate,true_positive_rate', lines);
}

/**
 * The epochs of every neural recommender, one per line: of the fit that was tested and, if that fit
 * also learnt from the validation part (`refit`), of the earlier fit that was scored on it.
 */
export function learningCsv(entries: readonly ExperimentEntry[], results: readonly PointResult[]): string {
  const lines = results.flatMap((result) => {
    const entry = entries.find(({ candidates }) => candidates.some(({ label }) => label === result.label));
    const { scenario, label, recommender: model, splitSeed, seed, fold, refit, history, validation } = result;
    const place = [scenario, entry?.label ?? label, model, entry?.use ?? 'compared', label];
    const judged = refit ? (validation?.history ?? []) : [];
    return Object.entries({ tested: history, judged }).flatMap(([fit, epochs]) =>
      epochs.map(({ epoch, steps, learningRate, trainingLoss, validationLoss }) => [
        ...[...place, ...[splitSeed, seed, fold].map(String), fit],
        ...[epoch + 1, steps, learningRate, trainingLoss, validationLoss ?? Number.NaN].map(numberText),
      ]),
    );
  });
  const head = 'scenario,label,recommender,use,options,split_seed,seed,fold,fit';
  return csvText(`${head},epoch,steps,learning_rate,training_loss,validation_loss`, lines);
}

/** The points of all precision-recall curves. */
export function precisionRecallCsv(rows: readonly ExperimentRow[]): string {
  const lines = rows.flatMap((row) =>
    row.precisionRecall.map(({ k, recall, precision }) => [
      ...[row.scenario, row.label, row.recommender, row.use],
      ...[k, recall, precision].map(numberText),
    ]),
  );
  return csvText('scenario,label,recommender,use,k,recall,precision', lines);
}

function numberText(value: number): string {
  return Number.isNaN(value) ? '' : String(value);
}

function csvText(head: string, lines: readonly (readonly string[])[]): string {
  return `${[head, ...lines.map((line) => line.map(csvField).join(','))].join('\n')}\n`;
}
