import type { FetchProgress } from '../src/graphs/fetch/fetch-options.ts';
import type { FetchSummary } from '../src/graphs/fetch/fetch-summary.ts';
import type { FailedRecord } from '../src/io/fetch/fetch-record.ts';
import { formatBytes } from '../src/operators/budget.ts';

/** Maximum number of failures in a summary; the others are in the records. */
const NAMED = 20;

/** A line for a terminal: finished ids, running commands, bytes. */
export function fetchProgressLine({ done, total, failed, running, bytes, wallSeconds }: FetchProgress): string {
  return [
    `${done}/${total} ids${failed > 0 ? ` (${failed} failed)` : ''}`,
    `${running} running`,
    `${formatBytes(bytes)} in ${wallSeconds.toFixed(0)} s`,
  ].join('  ');
}

/**
 * One failure, followed by the last output of the command. An invalid id may contain anything, so
 * only its message shows it.
 */
export function failureText({ id, reason, message, attempts, output }: FailedRecord): string {
  const who = reason === 'bad-id' ? '' : `${id}: `;
  const tries = attempts > 1 ? `, ${attempts} attempts` : '';
  return [`${who}${message} [${reason}${tries}]`, ...output.map((line) => `    ${line}`)].join('\n');
}

/** The summary of a run as text. */
export function fetchSummaryText(summary: FetchSummary): string {
  const { fetched, alreadyThere, failed, failedEarlier, left } = summary.ids;
  const lines = [
    ...(summary.interrupted ? [`interrupted: ${left} of ${summary.ids.listed} left; the same command continues`] : []),
    `${fetched} fetched (${formatBytes(summary.bytes)}), ${alreadyThere} already there, ${failed} failed, ` +
      `${failedEarlier} failed earlier${left > 0 ? `, ${left} left` : ''}; ${summary.starts} commands in ${summary.wallSeconds.toFixed(1)} s`,
  ];
  for (const failure of summary.failures.slice(0, NAMED)) {
    lines.push(`failed: ${failureText({ ...failure, output: failure.output.slice(-2) })}`);
  }
  if (failed > NAMED) lines.push(`... and ${failed - NAMED} more`);
  if (failedEarlier > 0) lines.push(`What failed in earlier runs was not retried; use --retry-failed for that.`);
  if (failed + failedEarlier > 0) lines.push(`See \`reelflow fetch --failures ${summary.out}\`.`);
  lines.push(`manifest: ${summary.manifest} (${summary.inManifest} files)`);
  return `${lines.join('\n')}\n`;
}
