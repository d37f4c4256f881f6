import { alignedRows } from '../text-table.ts';
import type { Comparison } from './comparison.ts';
import { type GroupRow, groupSheets } from './group-sheets.ts';
import { type InputEffect, inputSheets } from './input-sheets.ts';
import type { ResultTable } from './result-tables.ts';
import { comparisonSheets, type Sheet, type SheetCell, tableSheet } from './sheets.ts';

/** The tables of an experiment, and what is printed below them. */
type Printed = readonly [
  tables: readonly ResultTable[],
  comparisons?: readonly Comparison[],
  groups?: readonly GroupRow[],
  inputs?: readonly InputEffect[],
];

/** Tables as aligned text. Published figures stand in a line below the recommender's. */
export function tablesText(...printed: Printed): string {
  return sheetsOf(...printed)
    .map(({ title, note, rows }) => [title, note, ...alignedRows(rows.map(texts)), ''].join('\n'))
    .join('\n');
}

/** Tables as Markdown, the best of a column in bold. */
export function tablesMarkdown(...printed: Printed): string {
  return sheetsOf(...printed)
    .map(({ title, note, rows }) => {
      const [head = [], ...body] = rows.map((row) => row.map(markdownCell));
      const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
      const lines = [head, rule, ...body].map((row) => `| ${row.join(' | ')} |`);
      return [`### ${title}`, '', note, '', ...lines, ''].join('\n');
    })
    .join('\n');
}

/**
 * Tables as LaTeX for the package booktabs: the best of a column in bold; the second best
 * underlined if the paired t-test over users does not distinguish it from the best (p at least
 * 0.05, Holm-corrected).
 */
export function tablesLatex(...printed: Printed): string {
  const head = '% \\usepackage{booktabs}\n';
  return `${head}${sheetsOf(...printed)
    .map(latexTable)
    .join('\n')}`;
}

function latexTable({ title, note, rows }: Sheet): string {
  const [head = [], ...body] = rows.map((row) => `${row.map(latexCell).join(' & ')} \\\\`);
  return [
    '\\begin{table}',
    '\\centering',
    `\\caption{${latexText(title)}}`,
    `\\begin{tabular}{l${'r'.repeat((rows[0]?.length ?? 1) - 1)}}`,
    '\\toprule',
    head,
    '\\midrule',
    ...body,
    '\\bottomrule',
    '\\end{tabular}',
    '',
    `{\\footnotesize ${latexText(note)}}`,
    '\\end{table}',
    '',
  ].join('\n');
}

function sheetsOf(...[tables, comparisons = [], groups = [], inputs = []]: Printed): Sheet[] {
  return [...tables.map(tableSheet), ...comparisonSheets(comparisons), ...groupSheets(groups), ...inputSheets(inputs)];
}

function texts(row: readonly SheetCell[]): string[] {
  return row.map(({ text }) => text);
}

function markdownCell({ text, mark }: SheetCell): string {
  const escaped = text.replaceAll('|', '\\|');
  return mark === 'best' ? `**${escaped}**` : escaped;
}

function latexCell({ text, mark }: SheetCell): string {
  const [mean = '', deviation] = text.split(' ±');
  const spread = deviation === undefined ? '' : ` $\\pm$ ${deviation}`;
  const marked = { best: `\\textbf{${latexText(mean)}}`, level: `\\underline{${latexText(mean)}}` };
  return `${mark === undefined ? latexText(mean) : marked[mark]}${spread}`;
}

const latexWords: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '<': '$<$',
  '>': '$>$',
};

function latexText(text: string): string {
  return text.replaceAll(/[\\~^±<>&%$#_{}]/g, (found) => latexWords[found] ?? `\\${found}`);
}
