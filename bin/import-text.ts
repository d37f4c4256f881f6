import type { ImportedStream, ImportSummary } from '../src/graphs/import/import-options.ts';

/** Maximum number of columns that a summary names. */
const NAMED = 10;

/** The summary of an import as text. */
export function importText(summary: ImportSummary): string {
  const { out, items, subclips, streams, leftOut, standardise, fitOn } = summary;
  const lines = [
    `${out}: ${items} items of ${subclips} subclip${subclips === 1 ? '' : 's'}, ${streams.length} stream${streams.length === 1 ? '' : 's'}`,
  ];
  for (const stream of streams) lines.push(...streamLines(stream, items));
  const on = fitOn === undefined ? 'all items' : `the ${fitOn.items} items that are also in ${fitOn.file}`;
  lines.push(
    standardise === 'none' ? 'values unchanged (--standardise none)' : `standardised (${standardise}), fitted to ${on}`,
  );
  if (fitOn !== undefined && fitOn.unknown > 0) lines.push(`ids in ${fitOn.file} without features: ${fitOn.unknown}`);
  if (leftOut.count > 0) lines.push(`items without any vectors, left out: ${idList(leftOut)}`);
  lines.push(`${summary.wallSeconds.toFixed(1)} s`);
  return `${lines.join('\n')}\n`;
}

function streamLines(stream: ImportedStream, items: number): string[] {
  const { name, kind, file, dimension, lacking, dropped, passedOver, missingValues } = stream;
  const lines = [
    `${name}: ${dimension} value${dimension === 1 ? '' : 's'} (${kind}) of ${stream.items} of the ${items} items, from ${file}`,
  ];
  if (lacking.count > 0) lines.push(`  without it: ${idList(lacking)}`);
  if (dropped.length > 0)
    lines.push(`  left out: ${shortened(dropped.map(({ column, why }) => `${column} (${why})`))}`);
  if (passedOver.length > 0) lines.push(`  columns skipped: ${shortened(passedOver)}`);
  if (missingValues > 0) lines.push(`  values missing or not finite: ${missingValues}`);
  return lines;
}

function idList({ count, first }: { readonly count: number; readonly first: readonly string[] }): string {
  return `${count} (${first.join(', ')}${count > first.length ? ', ...' : ''})`;
}

function shortened(names: readonly string[]): string {
  return `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? `, and ${names.length - NAMED} more` : ''}`;
}
