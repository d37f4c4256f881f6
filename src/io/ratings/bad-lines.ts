import { UsageError } from '../../core/errors.ts';

/** How many skipped bad lines are kept verbatim. */
const KEPT = 10;

/** A line (of a table file: a row) that is not a rating, movie or trailer. */
export interface BadLine {
  readonly file: string;
  /** Counted from 1, the header included; in Parquet and Arrow files the row, counted from 1. */
  readonly line: number;
  readonly reason: string;
}

/** What was skipped while a file was read. */
export interface BadLineReport {
  readonly count: number;
  /** The first ten, in file order. */
  readonly first: readonly BadLine[];
}

/** Thrown for a wrong line in a ratings, movies or trailer file. Its code is `bad-line`. */
export class RatingFileError extends UsageError {
  readonly file: string;
  readonly line: number;
  readonly reason: string;

  constructor({ file, line, reason }: BadLine, unit: 'line' | 'row' = 'line') {
    super(`${file}, ${unit} ${line}: ${reason}`, {
      code: 'bad-line',
      remedy: `Correct the ${unit}, or skip such ${unit}s with \`skipBadLines: true\`; they are counted.`,
    });
    this.file = file;
    this.line = line;
    this.reason = reason;
  }
}

/** Thrown when a user has rated an item twice. Its code is `duplicate`. */
export class DuplicateRatingError extends UsageError {
  readonly file: string;
  readonly line: number;
  readonly reason: string;

  constructor({ file, line, reason }: BadLine, unit: 'line' | 'row' = 'line') {
    super(`${file}, ${unit} ${line}: ${reason}`, {
      code: 'duplicate',
      remedy: "Say which one counts: `duplicateRatings: 'last'` or `duplicateRatings: 'first'`.",
    });
    this.file = file;
    this.line = line;
    this.reason = reason;
  }
}

/**
 * Takes the bad lines of one file: throws the first one, or counts them all and keeps the first
 * few.
 */
export class BadLines {
  readonly #file: string;
  readonly #skip: boolean;
  readonly #unit: 'line' | 'row';
  readonly #first: BadLine[] = [];
  #count = 0;

  constructor(file: string, options: { skip: boolean; unit?: 'line' | 'row' | undefined }) {
    this.#file = file;
    this.#skip = options.skip;
    this.#unit = options.unit ?? 'line';
  }

  /** @throws RatingFileError unless bad lines are skipped. */
  add(line: number, reason: string): void {
    const bad = { file: this.#file, line, reason };
    if (!this.#skip) throw new RatingFileError(bad, this.#unit);
    this.#count += 1;
    if (this.#first.length < KEPT) this.#first.push(bad);
  }

  get report(): BadLineReport {
    return { count: this.#count, first: [...this.#first] };
  }
}

/**
 * The error for a file that is wrong as a whole: empty, of the wrong kind, or lacking a required
 * column. Its code is `ratings`.
 */
export function fileFault(file: string, fact: string, remedy?: string): UsageError {
  return new UsageError(`${file} ${fact}`, { code: 'ratings', remedy });
}

/**
 * A field of a file as shown in an error message: shortened, with control characters made visible.
 */
export function quoted(text: string): string {
  const whole = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return `'${JSON.stringify(whole).slice(1, -1).replaceAll('\\"', '"')}'`;
}
