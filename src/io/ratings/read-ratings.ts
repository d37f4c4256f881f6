import { checkOneOf } from '../../core/check.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { readLineBlocks } from '../../core/line-blocks.ts';
import { checkScale, type RatingScale } from '../../core/rating-scale.ts';
import { type BadLineReport, BadLines, DuplicateRatingError, fileFault, quoted } from './bad-lines.ts';
import { type DuplicateRatingRule, settleDuplicates } from './duplicate-ratings.ts';
import { checkImplicit, type ImplicitRule, positivesOf } from './implicit.ts';
import type { RatingColumnNames } from './rating-layout.ts';
import { RatingLines } from './rating-lines.ts';
import { readRatingRows } from './rating-rows.ts';
import { RatingSink } from './rating-sink.ts';
import type { RatingTable } from './rating-table.ts';
import { tableOrText } from './table-or-text.ts';

/** How to read ratings. */
export interface ReadRatingsOptions {
  /**
   * Names of the columns, if the header has names other than userId, movieId or itemId, rating,
   * timestamp and the like.
   */
  readonly columns?: RatingColumnNames | undefined;
  /** Also keeps the times, at 8 more bytes per rating. Default false. */
  readonly timestamps?: boolean | undefined;
  /** The scale of the ratings; a rating outside it is a bad line. Default: any number. */
  readonly scale?: RatingScale | undefined;
  /** Skips bad lines and counts them, instead of throwing on the first one. Default false. */
  readonly skipBadLines?: boolean | undefined;
  /**
   * What to do with a second rating of one item by one user: an error (default), or the first or
   * the last line of the pair in file order counts.
   */
  readonly duplicateRatings?: DuplicateRatingRule | undefined;
  /**
   * Reads choices instead of ratings: ratings that pass count as 1, the others are left out and
   * counted. Default: ratings unchanged.
   */
  readonly implicit?: ImplicitRule | undefined;
  /**
   * The id of the user whose ratings these all are, where the file has no column of users. Without
   * it such a file is refused.
   */
  readonly onlyUser?: string | undefined;
  /** Stops reading before the next mebibyte. */
  readonly signal?: AbortSignal | undefined;
}

/** What was found while a file of ratings was read. */
export interface RatingReport {
  readonly file: string;
  /** Lines of the file, including the header and empty ones; rows of a table file. */
  readonly lines: number;
  readonly badLines: BadLineReport;
  /** Ratings left out because another one of the same user and item counts. */
  readonly duplicates: number;
  /** Ratings that `implicit` left out; only if it was requested. */
  readonly leftOut?: number | undefined;
}

/** Ratings and how their file was read. */
export interface LoadedRatings {
  readonly ratings: RatingTable;
  readonly report: RatingReport;
}

/**
 * Reads ratings from a file in any known format, recognised by its content: MovieLens (`u.data`,
 * `ratings.dat`, `ratings.csv`), any comma-, tab-, semicolon- or bar-separated text with the
 * columns user, item and rating (in any order with a header; without one, these come first),
 * Parquet and Arrow. Fields may be quoted; a byte-order mark, CRLF, empty lines and a missing last
 * newline are accepted; ids that are not UTF-8 are read as latin-1. Rows and ids are in file order.
 *
 * The file is streamed: besides the table (12 bytes per rating), about 2 MiB are held.
 *
 * @throws UsageError `ratings` when the file is missing, empty, or of the wrong kind;
 * RatingFileError `bad-line` with file, line and reason; the reason of `signal` when it is aborted.
 * @example
 * const { ratings, report } = await readRatings('ml-25m/ratings.csv', { skipBadLines: true });
 * console.log(ratings.values.length, 'ratings,', report.badLines.count, 'bad lines');
 */
export async function readRatings(path: string, options: ReadRatingsOptions = {}): Promise<LoadedRatings> {
  const loaded = await loadRatings(path, options);
  const { values } = loaded.ratings;
  if (values.length === 0) {
    const { badLines, leftOut = 0 } = loaded.report;
    const { count, first } = badLines;
    if (leftOut > 0) {
      throw fileFault(
        path,
        `has no rating that passes ${options.implicit}, of ${leftOut}`,
        'Choose a number that some ratings pass, or `any`.',
      );
    }
    throw fileFault(
      path,
      count > 0 ? `has no ratings, only ${count} bad lines: ${first[0]?.reason}` : 'has no ratings',
    );
  }
  return loaded;
}

const knownColumns: KnownOptions<RatingColumnNames> = { user: true, item: true, rating: true, timestamp: true };
const known: KnownOptions<ReadRatingsOptions> = {
  columns: true,
  timestamps: true,
  scale: true,
  skipBadLines: true,
  duplicateRatings: true,
  signal: true,
  implicit: true,
  onlyUser: true,
};

/**
 * Like `readRatings`, but a file may have no ratings. `fourth` is the name of the column of times
 * in messages.
 */
export async function loadRatings(
  path: string,
  options: ReadRatingsOptions,
  fourth = 'timestamp',
): Promise<LoadedRatings> {
  checkKnownOptions('readRatings', options, known);
  checkKnownOptions('columns', options.columns ?? {}, knownColumns);
  const duplicates = checkOneOf('duplicateRatings', options.duplicateRatings ?? 'error', ['error', 'first', 'last']);
  if (options.scale !== undefined) checkScale(options.scale);
  const implicit = options.implicit === undefined ? undefined : checkImplicit(options.implicit);
  const kind = await tableOrText(path);
  const bad = new BadLines(path, { skip: options.skipBadLines ?? false, unit: kind === 'text' ? 'line' : 'row' });
  const { timestamps = false, scale, onlyUser } = options;
  const sink = new RatingSink({ timestamps, scale, fourth, onlyUser });
  const names = options.columns ?? {};
  let lines: number;
  if (kind === 'table') lines = await readRatingRows(path, names, sink, bad, options.signal);
  else {
    const parser = new RatingLines(path, names, sink, bad);
    await readLineBlocks(path, parser, { signal: options.signal });
    lines = parser.lines;
  }
  const table = sink.columns.take(sink.users.ids, sink.items.ids);
  const settled = settleDuplicates(table, duplicates, (row, earlier) => {
    const [user, item] = [table.userIds[table.users[row] as number], table.itemIds[table.items[row] as number]];
    const reason = `user ${quoted(String(user))} has already rated item ${quoted(String(item))}, in ${kind === 'text' ? 'line' : 'row'} ${sink.columns.lineOf(earlier)}`;
    throw new DuplicateRatingError({ file: path, line: sink.columns.lineOf(row), reason });
  });
  const report = { file: path, lines, badLines: bad.report, duplicates: settled.dropped };
  if (implicit === undefined) return { ratings: settled.table, report };
  const { table: ratings, leftOut } = positivesOf(settled.table, implicit);
  return { ratings, report: { ...report, leftOut } };
}
