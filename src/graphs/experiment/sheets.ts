import type { Comparison, CorrectedP } from './comparison.ts';
import type { ResultTable, TableRow } from './result-tables.ts';
import type { RunMean } from './summarise.ts';

/** How a cell is marked: the best of its column, or one that may be as good. */
export type CellMark = 'best' | 'level' | undefined;

/** A cell of a printed table. */
export interface SheetCell {
  readonly text: string;
  readonly mark?: CellMark | undefined;
}

/** A table in printable form, independent of the format. The first row is the header. */
export interface Sheet {
  readonly title: string;
  readonly note: string;
  readonly rows: readonly (readonly SheetCell[])[];
}

/** A table of results. Published figures stand in a line below the recommender's. */
export function tableSheet(table: ResultTable): Sheet {
  const { title, thesisTable, note, columns } = table;
  const head = ['recommender', ...columns.map((column) => column.title)].map((text) => ({ text }));
  return {
    title: thesisTable === undefined ? title : `${title} (layout of the thesis's table ${thesisTable})`,
    note,
    rows: [head, ...table.rows.flatMap((row) => linesOf(table, row))],
  };
}

/** The tests of all rows against the reference, a sheet for each scenario. */
export function comparisonSheets(comparisons: readonly Comparison[]): Sheet[] {
  const groups = new Map<string, Comparison[]>();
  for (const each of comparisons) {
    const key = `${each.scenario}, over ${each.over}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups].map(([key, own]) => ({
    title: `Compared to ${own[0]?.reference}, ${key}`,
    note: [
      'difference: mean of row - reference, with its 95 % interval by t',
      `p: paired, two-sided, corrected by Holm over the rows of a metric`,
      own[0]?.over === 'users'
        ? 'pairs are users, each the mean over folds and runs; RMSE and MAE are those of each user'
        : 'pairs are seeds of the data (of one data set, of the recommender), each the mean over folds',
    ].join('; '),
    rows: [
      ['recommender', 'metric', 'pairs', 'difference', 'low', 'high', 'p t', 'p Wilcoxon', 'p randomisation'],
      ...own.map(({ label, metric, pairs, difference, interval, t, wilcoxon, randomisation }) => [
        ...[label, metric, String(pairs), ...[difference, interval.low, interval.high].map(signed)],
        ...[t, wilcoxon, randomisation].map(corrected),
      ]),
    ].map((row) => row.map((text) => ({ text }))),
  }));
}

function linesOf({ columns, marks, runs: all }: ResultTable, row: TableRow): SheetCell[][] {
  const { label, use, runs, cells, published } = row;
  const own = columns.map(({ metric, digits }): SheetCell => {
    const cell = cells[metric];
    if (cell === undefined || Number.isNaN(cell.mean)) return { text: '-' };
    return { text: cellText(cell, digits), mark: markOf(label, marks[metric]) };
  });
  const remarks = [
    ...(use === 'not for selection' ? [use] : []),
    ...(runs > 0 && runs < all ? [`${runs} of ${all} runs`] : []),
  ];
  const named = { text: [label, ...remarks.map((remark) => `[${remark}]`)].join(' ') };
  if (Object.keys(published).length === 0) return [[named, ...own]];
  const theirs = columns.map(({ metric, digits }) => ({ text: published[metric]?.toFixed(digits) ?? '' }));
  return [
    [named, ...own],
    [{ text: `  ${label}, published` }, ...theirs],
  ];
}

/**
 * `0.842 ±0.006`; if data and recommender have separate seeds, `0.842 ±0.006 (0.005/0.002)`.
 */
function cellText({ mean, deviation, deviationOfData, deviationOfSeeds }: RunMean, digits: number): string {
  const [middle, spread] = [mean, deviation].map((value) => value.toFixed(digits));
  if (Number.isNaN(deviation)) return String(middle);
  if (Number.isNaN(deviationOfSeeds)) return `${middle} ±${spread}`;
  const parts = [deviationOfData, deviationOfSeeds].map((value) => (Number.isNaN(value) ? '-' : value.toFixed(digits)));
  return `${middle} ±${spread} (${parts.join('/')})`;
}

function markOf(label: string, marks: ResultTable['marks'][string] | undefined): CellMark {
  if (marks?.best === label) return 'best';
  return marks?.level === label ? 'level' : undefined;
}

/** A number with its sign. */
export function signed(value: number): string {
  if (Number.isNaN(value)) return '-';
  return `${value > 0 ? '+' : ''}${value.toFixed(4)}`;
}

/** A corrected p as tables show it. */
export function corrected({ holm }: CorrectedP): string {
  if (Number.isNaN(holm)) return '-';
  return holm < 0.0001 ? '< 0.0001' : holm.toFixed(4);
}
