import { once } from 'node:events';
import { UsageError } from '../../src/core/errors.ts';
import { shellPath } from '../../src/core/shell-word.ts';
import { type DatasetStatus, datasetItems, datasetStatus } from '../../src/io/dataset/status.ts';
import { defineCommand } from '../command.ts';
import { csvLines, jsonLines, parquetBytes } from '../item-formats.ts';
import { word } from '../option-table.ts';

const FORMATS = { csv: csvLines, json: jsonLines, parquet: parquetBytes } as const;

/** `reelflow status`: summarises a dataset. */
export const command = defineCommand({
  name: 'status',
  operands: ['DIR'],
  does: 'summarises a dataset: items by state, age of the tables, versions; or lists its items',
  options: { format: word(['csv', 'json', 'parquet'] as const, 'the table of items, on stdout') },
  examples: [
    'reelflow status features/',
    'reelflow status features/ --format csv > items.csv',
    'reelflow status features/ --format parquet > items.parquet',
  ],
  async run({ format }, { operands: [directory = ''], console }) {
    if (format === undefined) {
      console.result(await datasetStatus(directory), (status) => statusText(status, directory));
      return 0;
    }
    if (format === 'parquet' && process.stdout.isTTY) {
      throw new UsageError('`--format parquet` writes binary data, but stdout is a terminal', {
        remedy: 'Redirect it to a file.',
      });
    }
    for await (const chunk of FORMATS[format](datasetItems(directory))) {
      if (!process.stdout.write(chunk) && !(await untilDrained())) return 0;
    }
    return 0;
  },
});

function statusText(status: DatasetStatus, directory: string): string {
  const { name, graphId, items, codes, seconds, tables, tablesAreCurrent, changed, versions } = status;
  const states = Object.entries(items).filter(([, count]) => count > 0);
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([what, count]) => `${count} ${what}`)
      .join(', ');
  const total = states.reduce((sum, [, count]) => sum + count, 0);
  const lines = [
    `${directory}: ${name} (graph ${graphId})`,
    `${total} items${total === 0 ? '' : `: ${states.map(([state, count]) => `${count} ${WORDS[state] ?? state}`).join(', ')}`}`,
    `${hoursText(seconds)} committed${changed === undefined ? '' : `, last change ${changed}`}`,
  ];
  if (Object.keys(codes).length > 0) lines.push(`dead or superseded, by reason: ${counts(codes)}`);
  for (const { path, items: of, rows, written } of tables) {
    lines.push(
      `table ${path}: ${rows} rows of ${of} items, ${written === undefined ? 'MISSING' : `written ${written}`}`,
    );
  }
  if (!tablesAreCurrent)
    lines.push(`the tables are out of date: \`reelflow compact ${shellPath(directory)}\` writes them`);
  if (items.gone > 0)
    lines.push(`\`reelflow prune ${shellPath(directory)}\` removes the items that are no longer inputs`);
  if (items.superseded > 0)
    lines.push(
      'superseded: their files have changed and failed; the tables keep the rows of the old files until the files can be read again, or until `prune --remove ITEM`',
    );
  const made = Object.entries(versions).map(([version, count]) => `${version} (${count} items)`);
  if (made.length > 0) lines.push(`made by ${made.sort().join(', ')}`);
  return `${lines.join('\n')}\n`;
}

function hoursText(seconds: number): string {
  return seconds < 3600 ? `${seconds.toFixed(1)} s` : `${(seconds / 3600).toFixed(2)} hours`;
}

const WORDS: Readonly<Record<string, string>> = { gone: 'no longer inputs', waiting: 'left to do' };

/**
 * Waits until stdout can take more; false if its reader has gone away (`... | head`), which is not
 * a failure.
 */
async function untilDrained(): Promise<boolean> {
  try {
    await once(process.stdout, 'drain');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false;
    throw error;
  }
}
