import { basename, resolve } from 'node:path';
import { type Html, html, prose } from '../../io/report/html.ts';
import { type PageSection, pageHtml } from '../../io/report/page.ts';
import { curvesFigure, type Estimate, estimatesFigure, histogramFigure } from '../../io/report/series-figures.ts';
import { counted, figureHtml, tableHtml } from '../../io/report/table.ts';
import { metrics } from '../../models/metrics/metrics.ts';
import type { Comparison } from '../experiment/comparison.ts';
import { scenarioTitles } from '../experiment/result-tables.ts';
import type { ExperimentResult } from '../experiment/run-experiment.ts';
import { comparisonSheets, type Sheet, tableSheet } from '../experiment/sheets.ts';
import type { ExperimentRow } from '../experiment/summarise.ts';
import { readExperiment, type SavedExperiment } from './saved-experiment.ts';

/**
 * The page of an experiment, made from the files in its directory: tables with the best of each
 * column, tests against the reference, curves, the course of each training, the distribution of
 * predictions, and published figures if the setting is the same. A single, self-contained HTML
 * file.
 *
 * @throws UsageError `dataset` when the directory has no results.
 * @example
 * await writeFile('report.html', await experimentReport('results/'));
 */
export async function experimentReport(directory: string): Promise<string> {
  const saved = await readExperiment(directory);
  const { result } = saved;
  const scenarios = [...new Set(result.rows.map(({ scenario }) => scenario))];
  const { points } = result;
  const compared = new Set(result.rows.map(({ label }) => label)).size;
  return pageHtml({
    title: `Experiment ${basename(resolve(directory))}`,
    warnings: [
      ...result.warnings.map((warning) => `${warning[0]?.toUpperCase()}${warning.slice(1)}.`),
      ...(result.interrupted ? ['The experiment was interrupted: some of its points are missing.'] : []),
    ],
    summary: `${counted(compared, 'recommender')}, ${scenarios.map(titleOf).join(' and ')}: ${counted(points.total, 'point')}, ${points.computed + points.reused} of them computed, ${points.failed} failed.`,
    sections: [
      ...overview(result, scenarios),
      ...tests(result.comparisons),
      ...scenarios.map((scenario) => curves(result.rows, scenario)),
      ...learning(saved),
      ...spread(saved),
      ...scenarios.map((scenario) => tables(result, scenario)),
      made(result),
    ],
  });
}

function titleOf(scenario: string): string {
  return scenarioTitles[scenario] ?? scenario;
}

/** The name of a metric in the tables, such as `NDCG-rel@4` of `ndcgRelevant@4`. */
function columnOf(metric: string): string {
  const [name = '', ...length] = metric.split('@');
  const { column = name } = (metrics as Readonly<Record<string, { readonly column?: string | undefined }>>)[name] ?? {};
  return [column, ...length].join('@');
}

/** The metrics that summarise an experiment, among those that it has. */
function leading(rows: readonly ExperimentRow[]): { metric: string; title: string }[] {
  const has = (metric: string) => rows.some((row) => Number.isFinite(row.metrics[metric]?.mean));
  const lengths = Object.keys(rows[0]?.metrics ?? {}).flatMap((name) => /^ndcg@(\d+)$/.exec(name)?.[1] ?? []);
  const k = lengths.at(-1);
  return [
    { metric: 'auc', title: 'AUC: how often a relevant item comes before one that is not (0.5 is chance)' },
    ...(k === undefined
      ? []
      : [{ metric: `ndcgRelevant@${k}`, title: `NDCG-rel@${k}: NDCG in which only relevant items have a gain` }]),
    { metric: 'rmse', title: 'RMSE of predicted ratings (less is better)' },
  ].filter(({ metric }) => has(metric));
}

function overview({ rows }: ExperimentResult, scenarios: readonly string[]): PageSection[] {
  const repeated = rows.some(({ runs }) => runs.length > 1);
  const figures = leading(rows).map(({ metric, title }) => {
    const estimates = rows.flatMap(({ label, scenario, metrics }): Estimate[] => {
      const { mean = Number.NaN, deviation = Number.NaN } = metrics[metric] ?? {};
      if (!Number.isFinite(mean)) return [];
      const off = Number.isFinite(deviation) ? deviation : 0;
      return [{ name: label, group: titleOf(scenario), value: mean, low: mean - off, high: mean + off }];
    });
    return figureHtml(
      estimatesFigure(estimates, { figure: `${columnOf(metric)} of each recommender`, x: columnOf(metric), y: '' }),
      `${title}.${repeated ? ' Dots are means, bars a standard deviation over runs to either side.' : ''}`,
    );
  });
  const heading =
    scenarios.includes('non-cold') && scenarios.includes('hard-cold') ? 'Cold against non-cold' : 'At a glance';
  return [{ id: 'overview', heading, body: html`<div class="pair">${figures}</div>` }];
}

function tests(comparisons: readonly Comparison[]): PageSection[] {
  if (comparisons.length === 0) return [];
  const users = comparisons.filter(({ over }) => over === 'users');
  const metrics = [...new Set(users.map(({ metric }) => metric))];
  const ranking = metrics.filter((metric) => metric.startsWith('ndcgRelevant@')).slice(-1);
  const figures = ['auc', ...ranking, 'rmse']
    .filter((metric) => metrics.includes(metric))
    .map((metric) => {
      const name = columnOf(metric);
      const estimates = users
        .filter((each) => each.metric === metric)
        .map(({ label, scenario, difference, interval }) => ({
          ...{ name: label, group: titleOf(scenario), value: difference, low: interval.low, high: interval.high },
        }));
      return figureHtml(
        estimatesFigure(
          estimates,
          { figure: `Difference in ${name} from ${comparisons[0]?.reference}`, x: `difference in ${name}`, y: '' },
          { rule: 0 },
        ),
        `${name}: mean difference from ${comparisons[0]?.reference} over users, with its 95 % interval. A bar that crosses 0 shows no clear difference.`,
      );
    });
  const sheets = comparisonSheets(comparisons.map((each) => ({ ...each, metric: columnOf(each.metric) })));
  return [
    {
      id: 'tests',
      heading: `Differences from ${comparisons[0]?.reference}, tested`,
      body: html`<div class="pair">${figures}</div>${sheets.map((sheet) => html`<details><summary>${sheet.title}</summary>${sheetHtml(sheet)}</details>`)}`,
    },
  ];
}

function curves(rows: readonly ExperimentRow[], scenario: string): PageSection {
  const own = rows.filter((row) => row.scenario === scenario);
  const roc = own
    .filter((row) => row.roc.length > 0)
    .map(({ label, roc: points }) => ({
      name: label,
      points: [{ x: 0, y: 0 }, ...points.map(({ falsePositiveRate: x, truePositiveRate: y }) => ({ x, y }))],
    }));
  const precision = own
    .filter((row) => row.precisionRecall.length > 0)
    .map(({ label, precisionRecall }) => ({
      name: label,
      points: precisionRecall.map(({ recall: x, precision: y }) => ({ x, y })),
    }));
  const name = titleOf(scenario);
  return {
    id: `curves-${slug(scenario)}`,
    heading: `Curves, ${name}`,
    body: html`<div class="pair">${figureHtml(
      curvesFigure(
        precision,
        { figure: `Precision and recall, ${name}`, x: 'recall', y: 'precision' },
        { x: [0, 1], y: [0, 1], dots: true, width: 340 },
      ),
      'Precision and recall of lists of 1, 2, 3, ... items, mean over users, folds and runs.',
    )}${figureHtml(
      curvesFigure(
        roc,
        { figure: `ROC, ${name}`, x: 'false positive rate', y: 'true positive rate' },
        { x: [0, 1], y: [0, 1], diagonal: true, dots: true, width: 340 },
      ),
      'The same lists as a ROC curve; the dotted diagonal is chance.',
    )}</div>`,
  };
}

/** A figure for each neural recommender of each scenario. */
function learning({ courses }: SavedExperiment): PageSection[] {
  if (courses.length === 0) return [];
  const groups = new Map<string, (typeof courses)[number][]>();
  for (const course of courses) {
    const key = `${course.label}, ${titleOf(course.scenario)}`;
    groups.set(key, [...(groups.get(key) ?? []), course]);
  }
  const figures = [...groups].map(([name, own]) => {
    const longest = Math.max(...own.map(({ history }) => history.length));
    const meanAt = (lossOf: (epoch: (typeof own)[number]['history'][number]) => number | null) =>
      Array.from({ length: longest }, (_, epoch) => {
        const values = own.flatMap(({ history }) => (history[epoch] && lossOf(history[epoch])) ?? []);
        return { x: epoch + 1, y: values.reduce((sum, value) => sum + value, 0) / values.length };
      }).filter(({ y }) => Number.isFinite(y));
    const series = [
      { name: 'training', points: meanAt(({ trainingLoss }) => trainingLoss) },
      { name: 'validation', points: meanAt(({ validationLoss }) => validationLoss) },
    ].filter(({ points }) => points.length > 0);
    return figureHtml(
      curvesFigure(series, { figure: `Learning curve of ${name}`, x: 'epoch', y: 'loss' }, { width: 280 }),
      `${name}: mean loss over ${counted(own.length, 'training')}; those that stopped earlier count as far as they got.`,
    );
  });
  return [{ id: 'learning', heading: 'Learning curves', body: html`<div class="pair">${figures}</div>` }];
}

function spread({ counts, edges }: SavedExperiment): PageSection[] {
  if (counts.length === 0) return [];
  const shares = (values: Float64Array) => {
    const total = values.reduce((sum, value) => sum + value, 0);
    return values.map((value) => value / total);
  };
  const panels = counts.map(({ scenario, label, predictions, ratings }) => {
    const [predicted, rated] = [shares(predictions), shares(ratings)];
    const bins = edges.slice(0, -1).map((from, at) => ({
      ...{ from, to: edges[at + 1] as number, bar: predicted[at] as number, line: rated[at] as number },
    }));
    const name = `${label}, ${titleOf(scenario)}`;
    return html`<figure>${histogramFigure(bins, { figure: `Predictions of ${name}`, x: 'rating', y: 'share' })}<figcaption>${name}</figcaption></figure>`;
  });
  return [
    {
      id: 'predictions',
      heading: 'How predictions are distributed',
      body: html`<p>Bars: what was predicted for the test ratings; line: what the ratings were. A recommender whose bars all lie on one side of the threshold recommends everything, or nothing.</p><div class="panels wide">${panels}</div>`,
    },
  ];
}

function tables({ tables: all, published }: ExperimentResult, scenario: string): PageSection {
  const own = all.filter((table) => table.scenario === scenario);
  const notes = new Set(own.map(({ note }) => note));
  const [note] = notes;
  const source = published.shown
    ? `Published figures stand below ours: ${published.source}.`
    : `Published figures are not shown, because they are for ${published.differs.join('; ')}.`;
  return {
    id: `tables-${slug(scenario)}`,
    heading: `Tables, ${titleOf(scenario)}`,
    body: html`${notes.size === 1 ? html`<p class="note">${note}.</p>` : undefined}<p class="note">Bold: the best of its column; underlined: the second best, if a paired t-test over users does not tell them apart. ${source}</p>${own.map(
      (table) => html`<h3>${tableSheet(table).title}</h3>${sheetHtml(tableSheet(table), notes.size === 1)}`,
    )}`,
  };
}

/** A table in printable form, with its cells marked. */
function sheetHtml({ title, note, rows: [head = [], ...rows] }: Sheet, silent = false): Html {
  const cell = ({ text, mark }: Sheet['rows'][number][number]) => {
    if (mark === 'best') return html`<strong>${text}</strong>`;
    return mark === 'level' ? html`<u>${text}</u>` : text;
  };
  return html`${silent ? undefined : html`<p class="note">${note}.</p>`}${tableHtml(
    title,
    head.map(({ text }) => text),
    rows.map((row) => row.map(cell)),
    { captioned: false },
  )}`;
}

function made({ software, environment, configuration, failures }: ExperimentResult): PageSection {
  const { node, onnxruntime, cpu, processors, os } = environment;
  return {
    id: 'made',
    heading: 'How it was made',
    body: html`${
      failures.length === 0
        ? undefined
        : tableHtml(
            'Points that failed',
            ['recommender', 'scenario', 'seed', 'fold', 'error', 'remedy'],
            failures.map(({ label, scenario, seed, fold, error }) => [
              ...[label, titleOf(scenario), seed, fold, prose(error.message), prose(error.remedy ?? '')],
            ]),
          )
    }<p>${software}, Node.js ${node}, ONNX Runtime ${onnxruntime}; ${cpu}, ${processors} processors, ${os}.</p>
<details><summary>Configuration</summary><pre tabindex="0">${JSON.stringify(configuration, null, 1)}</pre></details>`,
  };
}

function slug(text: string): string {
  return text.replaceAll(/[^a-z\d]+/gi, '-');
}
