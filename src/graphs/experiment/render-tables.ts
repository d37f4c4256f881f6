import { alignedRows } from '../text-table.ts';
import type { ResultTable, TableRow } from './result-tables.ts';
import type { ExperimentRow } from './summarise.ts';

/** Tables as aligned text. Published figures stand in a line below the recommender's. */
export function tablesText(tables: readonly ResultTable[]): string {
  return tables.map((table) => [heading(table), table.note, ...alignedRows(cellsOf(table)), ''].join('\n')).join('\n');
}

/** Tables as Markdown. */
export function tablesMarkdown(tables: readonly ResultTable[]): string {
  return tables
    .map((table) => {
      const [head = [], ...rows] = cellsOf(table).map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
      const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
      const lines = [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`);
      return [`### ${heading(table)}`, '', table.note, '', ...lines, ''].join('\n');
    })
    .join('\n');
}

/** All metrics of all rows, one in a line: also those that no table has. Numbers in full. */
export function rowsCsv(
  rows: readonly ExperimentRow[],
  setting: { readonly threshold: number; readonly thresholdRule: string },
  publishedOf: (row: ExperimentRow) => Readonly<Record<string, number>>,
): string {
  const lines = rows.flatMap((row) => {
    const published = publishedOf(row);
    return Object.entries(row.metrics).map(([metric, { mean, deviation }]) => [
      ...[row.scenario, row.label, row.model, metric, numberText(mean), numberText(deviation)],
      ...[String(row.seeds.length), numberText(published[metric] ?? Number.NaN)],
      ...[String(setting.threshold), setting.thresholdRule],
    ]);
  });
  const head = 'scenario,label,model,metric,mean,deviation,seeds,published,threshold,threshold_rule';
  return csvText(head, lines);
}

/** The points of all ROC curves. */
export function rocCsv(rows: readonly ExperimentRow[]): string {
  const lines = rows.flatMap((row) =>
    row.roc.map(({ k, truePositiveRate, falsePositiveRate }) => [
      ...[row.scenario, row.label, row.model],
      ...[k, falsePositiveRate, truePositiveRate].map(numberText),
    ]),
  );
  return csvText('scenario,label,model,k,false_positive_rate,true_positive_rate', lines);
}

function heading({ title, thesisTable }: ResultTable): string {
  return thesisTable === undefined ? title : `${title} (layout of the thesis's table ${thesisTable})`;
}

function cellsOf(table: ResultTable): string[][] {
  return [
    ['recommender', ...table.columns.map(({ title }) => title)],
    ...table.rows.flatMap((row) => linesOf(table, row)),
  ];
}

function linesOf({ columns }: ResultTable, { label, cells, published }: TableRow): string[][] {
  const own = columns.map(({ metric, digits }) => {
    const cell = cells[metric];
    if (cell === undefined || Number.isNaN(cell.mean)) return '-';
    const mean = cell.mean.toFixed(digits);
    return Number.isNaN(cell.deviation) ? mean : `${mean} ±${cell.deviation.toFixed(digits)}`;
  });
  if (Object.keys(published).length === 0) return [[label, ...own]];
  const theirs = columns.map(({ metric, digits }) => published[metric]?.toFixed(digits) ?? '');
  return [
    [label, ...own],
    [`  ${label}, published`, ...theirs],
  ];
}

function numberText(value: number): string {
  return Number.isNaN(value) ? '' : String(value);
}

function csvText(head: string, lines: readonly (readonly string[])[]): string {
  const field = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return `${[head, ...lines.map((line) => line.map(field).join(','))].join('\n')}\n`;
}
