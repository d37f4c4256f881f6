import { fileFault, quoted } from './bad-lines.ts';
import { decimalText } from './fields.ts';
import { splitLine } from './split-line.ts';

/** Names of the columns in a file with a header, if they are not among the usual ones. */
export interface RatingColumnNames {
  readonly user?: string | undefined;
  readonly item?: string | undefined;
  readonly rating?: string | undefined;
  readonly timestamp?: string | undefined;
}

/** How the lines of a ratings file are laid out. */
export interface RatingLayout {
  readonly delimiter: string;
  /** Whether fields may be in double quotes. */
  readonly quotes: boolean;
  readonly header: boolean;
  /** Number of fields in every line. */
  readonly fields: number;
  /** Positions of the columns, from 0; -1: none. That of users is there unless all are of one. */
  readonly user: number;
  readonly item: number;
  readonly rating: number;
  readonly timestamp: number;
}

/** Names to look for, ignoring case and underscores, if none are given. */
const USUAL: Readonly<Record<keyof RatingColumnNames, readonly string[]>> = {
  user: ['userid', 'user', 'uid'],
  item: ['movieid', 'itemid', 'item', 'movie', 'iid'],
  rating: ['rating', 'score', 'stars'],
  timestamp: ['timestamp', 'time'],
};

/**
 * Positions of the columns among the names in a header or a schema; -1 if missing.
 *
 * @throws UsageError `ratings` when a given name does not exist, or names more than one column.
 */
export function locateColumns(
  names: readonly string[],
  wanted: RatingColumnNames,
  file: string,
): Record<keyof RatingColumnNames, number> {
  const plain = names.map((name) => name.trim().toLowerCase().replaceAll('_', ''));
  const locate = (role: keyof RatingColumnNames): number => {
    const given = wanted[role];
    if (given === undefined) {
      return USUAL[role].map((usual) => plain.indexOf(usual)).find((position) => position >= 0) ?? -1;
    }
    const position = names.findIndex((name) => name.trim() === given);
    if (position < 0) throw fileFault(file, `has no column ${quoted(given)}; it has ${listed(names)}`);
    return position;
  };
  return { user: locate('user'), item: locate('item'), rating: locate('rating'), timestamp: locate('timestamp') };
}

/** The error for a file without the columns that ratings need. */
export function missingColumns(file: string, names: readonly string[]): Error {
  return fileFault(
    file,
    `has no columns with known names for users, items and ratings; it has ${listed(names)}`,
    "Name them: `columns: { user: 'NAME', item: 'NAME', rating: 'NAME' }`.",
  );
}

/**
 * Determines the layout from the first line: the delimiter (`::`, tab, comma, semicolon, bar),
 * whether it is a header, and the positions of user, item and rating. Without a header they are the
 * first three fields, and the time is the fourth.
 *
 * @param ofOneUser whether a header may lack the column of users.
 * @throws UsageError `ratings` when the line can be neither a header nor a rating.
 */
export function detectLayout(
  firstLine: string,
  file: string,
  columns: RatingColumnNames = {},
  ofOneUser = false,
): RatingLayout {
  const delimiter = delimiterOf(firstLine);
  const quotes = delimiter !== '::' && delimiter !== '|';
  const names = splitLine(firstLine, delimiter, quotes);
  if (names === undefined) throw fileFault(file, 'has an unclosed quoted field in its first line');
  const shape = { delimiter, quotes, fields: names.length };
  const named = locateColumns(names, columns, file);
  if (isWhole(named, ofOneUser)) return { ...shape, header: true, ...named };
  const numbers = names.map((name) => !Number.isNaN(decimalText(name)));
  if (names.length < 3 || !(numbers[2] || (numbers[0] && numbers[1]))) throw missingColumns(file, names);
  return { ...shape, header: false, user: 0, item: 1, rating: 2, timestamp: names.length > 3 ? 3 : -1 };
}

/** Whether the columns that ratings need are there. */
export function isWhole(at: Record<keyof RatingColumnNames, number>, ofOneUser: boolean): boolean {
  return (at.user >= 0 || ofOneUser) && at.item >= 0 && at.rating >= 0;
}

function delimiterOf(line: string): string {
  if (line.includes('::')) return '::';
  const counts = ['\t', ',', ';', '|'].map((delimiter) => ({ delimiter, count: line.split(delimiter).length - 1 }));
  return counts.reduce((best, each) => (each.count > best.count ? each : best)).delimiter;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => quoted(name));
  return names.length > shown.length ? `${shown.join(', ')}, ...` : shown.join(', ');
}
