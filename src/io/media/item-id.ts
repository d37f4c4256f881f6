import { statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, relative, resolve, sep } from 'node:path';
import { isDynamicPattern } from 'tinyglobby';

/**
 * What of a file is its id: `stem`, its name without extension; `path`, its path below the
 * directory or glob that it was found by, without extension; `parent`, the name of the directory
 * that it lies in, for corpora of one directory an item.
 */
export const ID_RULES = ['stem', 'path', 'parent'] as const;

/** One of `ID_RULES`. */
export type IdRule = (typeof ID_RULES)[number];

/**
 * The id of a file.
 *
 * @param source the directory or glob that it was found by, absolute; undefined of a file that was
 * named itself, whose path is as it was named.
 *
 * @example
 * itemId('trailers/heat/trailer.mp4', 'parent', '/data/trailers'); // 'heat'
 */
export function itemId(path: string, rule: IdRule, source: string | undefined): string {
  if (rule === 'parent') return basename(dirname(resolve(path)));
  if (rule === 'stem') return stemOf(basename(path));
  const below = source === undefined ? path : relative(rootOf(source), resolve(path));
  const parts = stemOf(below).split(sep);
  const first = isAbsolute(below) ? 1 : parts.findIndex((part) => part !== '.' && part !== '..');
  return parts.slice(Math.max(first, 0)).join('/');
}

/**
 * What the files that an input names are found by, absolute; undefined of a file, which names
 * itself.
 */
export function sourceOf(input: string): string | undefined {
  const kind = statSync(input, { throwIfNoEntry: false });
  return kind?.isDirectory() === true || (kind === undefined && isDynamicPattern(input)) ? resolve(input) : undefined;
}

/** The directory that a glob looks below, or the directory itself. */
function rootOf(source: string): string {
  const parts = source.split(sep);
  const dynamic = parts.findIndex((part) => isDynamicPattern(part));
  return dynamic < 0 ? source : parts.slice(0, dynamic).join(sep) || sep;
}

function stemOf(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}
