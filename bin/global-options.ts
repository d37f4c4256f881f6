import { UsageError } from '../src/core/errors.ts';
import { flag, type OptionValues, parsed, text, word } from './option-table.ts';

/** How progress is shown: lines for a person, one JSON object per line, or nothing. */
export const PROGRESS_STYLES = ['line', 'ndjson', 'none'] as const;

/** What stderr is: text, or structured logs. */
export const LOG_STYLES = ['text', 'json'] as const;

/** Options that mean the same in every command. */
export const globalOptions = {
  json: flag('prints one JSON summary on stdout instead of text'),
  progress: word(PROGRESS_STYLES, 'progress on stderr: lines for a person, one JSON object per line, or none', 'line'),
  log: word(LOG_STYLES, 'what stderr is: text for a person, or one JSON record per line for a log store', 'text'),
  progressEvery: parsed(
    'TIME',
    'time between two lines of progress, such as 30s, 5m or 1h',
    durationOf,
    '1s on a terminal and for ndjson, else 60s',
  ),
  quiet: flag('hides progress and notes, and the result if nothing is new; errors and warnings are still shown'),
  config: text('FILE', 'options from a JSON file, {"COMMAND": {...}}; the command line takes precedence'),
  help: flag('prints the help'),
  version: flag('prints the version'),
};

/** Short forms of some of them. */
export const globalLetters: Readonly<Record<string, string>> = { help: 'h', quiet: 'q', version: 'V' };

/**
 * Options that replace the command's work or say where options are: a configuration file cannot
 * hold them.
 */
export const typedOnly: readonly string[] = ['config', 'help', 'version'];

/** The values of the global options. */
export type GlobalValues = OptionValues<typeof globalOptions>;

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };

/** The seconds in a text such as `30s`, `5m` or `1h`; a bare number is seconds. */
function durationOf(given: string, name: string): number {
  const [, count = '', unit = 's'] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?\s*$/.exec(given) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  if (count !== '' && seconds > 0) return seconds;
  throw new UsageError(`\`--${name}\` must be a time such as 30s, 5m or 1h, but is '${given}'`);
}
