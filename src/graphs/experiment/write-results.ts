import type { RowComparisons } from './compare-rows.ts';
import type { ExperimentStore } from './experiment-store.ts';
import { groupsCsv } from './group-sheets.ts';
import { inputsCsv } from './input-sheets.ts';
import type { PointResult } from './point-result.ts';
import { publishedFigures } from './published.ts';
import type { ExperimentEntry } from './recommender-entries.ts';
import { comparisonsCsv, learningCsv, precisionRecallCsv, rocCsv, rowsCsv, valuesCsv } from './render-csv.ts';
import { tablesLatex, tablesMarkdown, tablesText } from './render-tables.ts';
import type { ExperimentResult } from './run-experiment.ts';
import type { ExperimentRow } from './summarise.ts';

/** Files of results that are always written, in the order in which they are listed to the user. */
export const resultFiles = [
  ...[
    'tables.txt',
    'tables.md',
    'tables.tex',
    'results.csv',
    'values.csv',
    'roc.csv',
    'precision-recall.csv',
    'learning.csv',
  ],
  'results.json',
] as const;

/** Writes tables and figures, replacing those of the previous run. */
export async function writeResults(
  store: ExperimentStore,
  result: ExperimentResult,
  entries: readonly ExperimentEntry[],
  results: readonly PointResult[],
  { intervals }: RowComparisons,
): Promise<void> {
  const { configuration, rows, tables, published, comparisons, groups, inputs, warnings } = result;
  const compares = Object.keys(configuration.features).length > 1;
  const figures = (row: ExperimentRow) =>
    published.shown ? publishedFigures(row, configuration.perUser, compares && row.features !== undefined) : {};
  const source = `Published figures: ${published.shown ? published.source : `not shown, because they are for ${published.differs.join('; ')}`}.\n`;
  const below = [...warnings.map((warning) => `Warning: ${warning}.\n`), source].join('\n');
  const texts: Readonly<Record<(typeof resultFiles)[number], string>> = {
    'tables.txt': `${tablesText(tables, comparisons, groups, inputs)}\n${below}`,
    'tables.md': `${tablesMarkdown(tables, comparisons, groups, inputs)}\n${below}`,
    'tables.tex': `${tablesLatex(tables, comparisons, groups, inputs)}\n${below.replace(/^(?=.)/gm, '% ')}`,
    'results.csv': rowsCsv(rows, configuration, figures, intervals),
    'values.csv': valuesCsv(entries, results),
    'roc.csv': rocCsv(rows),
    'precision-recall.csv': precisionRecallCsv(rows),
    'learning.csv': learningCsv(entries, results),
    'results.json': `${JSON.stringify(result, null, 1)}\n`,
  };
  for (const [name, text] of Object.entries(texts)) await store.writeText(name, text);
  if (groups.length > 0) await store.writeText('groups.csv', groupsCsv(groups));
  if (inputs.length > 0) await store.writeText('inputs.csv', inputsCsv(inputs));
  if (comparisons.length > 0) await store.writeText('comparisons.csv', comparisonsCsv(comparisons));
}
