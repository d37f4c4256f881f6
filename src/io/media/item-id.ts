import { statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, posix, relative, resolve, sep } from 'node:path';
import { isDynamicPattern } from 'tinyglobby';
import { isFarAddress, pathOfAddress } from '../far/far-address.ts';

/**
 * How a file gets its id: `stem`, its name without extension; `path`, its path below the directory
 * or glob that it was found by, without extension; `parent`, the name of its directory, for corpora
 * with one directory per item.
 */
export const ID_RULES = ['stem', 'path', 'parent'] as const;

/** One of `ID_RULES`. */
export type IdRule = (typeof ID_RULES)[number];

/**
 * The id of a file.
 *
 * @param source - the directory or glob that it was found by, absolute; undefined for a file that
 * was named directly, whose path is as given.
 *
 * @example
 * itemId('trailers/heat/trailer.mp4', 'parent', '/data/trailers'); // 'heat'
 * itemId('https://films.example.org/heat.mp4?token=1', 'stem', undefined); // 'heat'
 */
export function itemId(path: string, rule: IdRule, source: string | undefined): string {
  if (isFarAddress(path)) return itemIdOfAddress(path, rule, source);
  if (rule === 'parent') return basename(dirname(resolve(path)));
  if (rule === 'stem') return stemOf(basename(path));
  const below = source === undefined ? path : relative(rootOf(source), resolve(path));
  const parts = stemOf(below).split(sep);
  const first = isAbsolute(below) ? 1 : parts.findIndex((part) => part !== '.' && part !== '..');
  return parts.slice(Math.max(first, 0)).join('/');
}

function itemIdOfAddress(address: string, rule: IdRule, source: string | undefined): string {
  const whole = pathOfAddress(address);
  if (rule === 'parent') return posix.basename(posix.dirname(whole));
  if (rule === 'stem') return stemOf(posix.basename(whole));
  const folder = source === undefined ? '' : pathOfAddress(source);
  return stemOf(folder === '' ? whole : whole.slice(folder.length + 1));
}

/**
 * The directory or glob that an input's files are found by, absolute; undefined for a file that is
 * named directly.
 */
export function sourceOf(input: string): string | undefined {
  if (isFarAddress(input)) return isFarFolder(input) ? input.replace(/\/+$/, '') : undefined;
  const kind = statSync(input, { throwIfNoEntry: false });
  return kind?.isDirectory() === true || (kind === undefined && isDynamicPattern(input)) ? resolve(input) : undefined;
}

/**
 * Whether an address stands for everything below it: that of a bucket, or one that ends in a slash.
 */
export function isFarFolder(address: string): boolean {
  return /^s3:\/\/([^/]+|.*\/)$/i.test(address);
}

/** The directory that a glob searches, or the directory itself. */
function rootOf(source: string): string {
  const parts = source.split(sep);
  const dynamic = parts.findIndex((part) => isDynamicPattern(part));
  return dynamic < 0 ? source : parts.slice(0, dynamic).join(sep) || sep;
}

function stemOf(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}
