import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { checkString, shown } from './check.ts';
import { UsageError } from './errors.ts';

/** Extensions that mark a path as a data file, not a directory. */
const DATA = ['arrow', 'csv', 'html', 'json', 'jsonl', 'npy', 'npz', 'parquet', 'tsv', 'txt'];

/**
 * Asserts the path of an output file, whose extension determines its format.
 * @throws UsageError naming the allowed extensions.
 */
export function checkFileEnding<Ending extends string>(
  name: string,
  path: unknown,
  endings: readonly Ending[],
): Ending {
  const text = checkString(name, path);
  const given = extname(text).slice(1).toLowerCase();
  const found = endings.find((ending) => ending === given);
  if (found !== undefined && !/[\\/]$/.test(text)) return found;
  const taken = endings.map((ending) => `.${ending}`).join(' or ');
  throw new UsageError(`\`${name}\` must be a file whose name ends in ${taken}, but is ${shown(text)}`, {
    option: name,
    remedy: `Name it, for instance, ${basename(text, extname(text)) || 'items'}.${endings[0]}.`,
  });
}

/**
 * Asserts the path of an output directory: whoever writes `results.csv` expects a file, unless a
 * directory of that name exists.
 * @throws UsageError
 */
export function checkDirectoryName(name: string, path: unknown): string {
  const text = checkString(name, path);
  const ending = extname(text).slice(1).toLowerCase();
  if (/[\\/]$/.test(text) || !DATA.includes(ending) || existsSync(text)) return text;
  throw new UsageError(`\`${name}\` is a directory, but ${shown(text)} is named like a file`, {
    option: name,
    remedy: `Give it another name, such as ${basename(text, extname(text)) || 'out'}/, or put a / at its end.`,
  });
}
