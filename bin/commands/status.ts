import { once } from 'node:events';
import { UsageError } from '../../src/core/errors.ts';
import { type DatasetStatus, datasetItems, datasetStatus } from '../../src/io/dataset/status.ts';
import { csvLines, jsonLines, parquetBytes } from '../item-formats.ts';
import type { Arguments, Command } from '../options.ts';

const FORMATS = { csv: csvLines, json: jsonLines, parquet: parquetBytes } as const;

/** `reelflow status`: what is in a dataset. */
export const command: Command = {
  name: 'status',
  usage: 'DIR [options]',
  does: "tells what is in a dataset: items by state, the tables' age, versions; or lists its items",
  options: {
    format: { type: 'string', value: 'csv|json|parquet', does: 'the table of items, on stdout' },
    json: { type: 'boolean', does: 'prints the summary as JSON' },
  },
  examples: [
    'reelflow status features/',
    'reelflow status features/ --format csv > items.csv',
    'reelflow status features/ --format parquet > items.parquet',
  ],
  run,
};

async function run(args: Arguments): Promise<number> {
  const [directory, ...rest] = args.positionals;
  if (directory === undefined || rest.length > 0) throw new UsageError('`reelflow status` takes one dataset directory');
  const format = args.text('format');
  if (format === undefined) {
    const status = await datasetStatus(directory);
    process.stdout.write(args.flag('json') ? `${JSON.stringify(status)}\n` : text(status, directory));
    return 0;
  }
  if (!Object.hasOwn(FORMATS, format)) {
    throw new UsageError(`\`--format\` must be ${Object.keys(FORMATS).join(', ')}, but is '${format}'`, {
      option: 'format',
    });
  }
  if (format === 'parquet' && process.stdout.isTTY) {
    throw new UsageError('`--format parquet` writes binary data, but stdout is a terminal', {
      remedy: 'Redirect it to a file.',
    });
  }
  for await (const chunk of FORMATS[format as keyof typeof FORMATS](datasetItems(directory))) {
    if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
  }
  return 0;
}

function text(status: DatasetStatus, directory: string): string {
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
    `${(seconds / 3600).toFixed(2)} hours committed${changed === undefined ? '' : `, last change ${changed}`}`,
  ];
  if (Object.keys(codes).length > 0) lines.push(`dead or superseded by reason: ${counts(codes)}`);
  for (const { path, items: of, rows, written } of tables) {
    lines.push(
      `table ${path}: ${rows} rows of ${of} items, ${written === undefined ? 'MISSING' : `written ${written}`}`,
    );
  }
  if (!tablesAreCurrent) lines.push(`the tables are out of date: \`reelflow compact ${directory}\` writes them`);
  if (items.gone > 0) lines.push(`\`reelflow prune ${directory}\` takes out the items that are no inputs any more`);
  lines.push(`made by ${counts(versions) || 'nothing yet'}`);
  return `${lines.join('\n')}\n`;
}

const WORDS: Readonly<Record<string, string>> = { gone: 'no inputs any more', waiting: 'left to do' };
