import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { checkInteger, checkOneOf, checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkFileEnding } from '../../core/file-ending.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { STANDARDISATIONS, type Standardisation } from './column-scales.ts';
import type { FeatureFileOptions } from './feature-file.ts';

/** What to do with values that are missing or not finite. */
export const MISSING_RULES = ['refuse', 'mean', 'drop'] as const;
/** One of `MISSING_RULES`. */
export type MissingRule = (typeof MISSING_RULES)[number];

/** A file of features, and the name of its stream. */
export interface FeatureInput extends FeatureFileOptions {
  readonly path: string;
  /** Default: the file's name without its extension. */
  readonly name?: string | undefined;
}

/** A column of categories, which becomes a stream of ones and zeros. */
export interface CategoryInput {
  readonly file: string;
  readonly column: string;
  /** Default: the column's name. */
  readonly name?: string | undefined;
}

/** Texts of the items: scripts, plots, subtitles. */
export interface TextInput {
  /** A directory with a file for each item (`ID.srt`, `ID.vtt`, `ID.txt`), or a CSV file. */
  readonly file: string;
  /** The column of texts. Default: the first named text, script, plot, overview, ..., title. */
  readonly column?: string | undefined;
}

/** How features are imported. */
export interface ImportOptions {
  /**
   * `robust` (default): each value clipped at the 1st and 99th percentile of its column, then mean
   * 0 and deviation 1. `standard`: without the clipping. `none`: unchanged.
   */
  readonly standardise?: Standardisation | undefined;
  /**
   * File with the ids of the items to which percentiles, means and deviations are fitted, and over
   * which categories are counted. Default: all items.
   */
  readonly fitOn?: string | undefined;
  /**
   * Missing values: an error (`refuse`, default), the column's `mean`, or their items go without
   * the stream (`drop`).
   */
  readonly missing?: MissingRule | undefined;
  /** A MovieLens list of movies, whose genres become the stream `genres`. */
  readonly genres?: string | undefined;
  /** Whether the years in the titles of that list become the stream `year`. */
  readonly year?: boolean | undefined;
  readonly categories?: readonly CategoryInput[] | undefined;
  /** Texts of the items, which become the stream `text`: TF-IDF of their words. */
  readonly text?: TextInput | undefined;
  /**
   * Into how many parts the texts are divided, each a subclip: subtitles by time, other texts by
   * words. Default 1, the whole text for every subclip.
   */
  readonly textSubclips?: number | undefined;
  /** The dataset whose subclips say which times belong together. Default: equal parts. */
  readonly textClock?: string | undefined;
  /** The most words of the stream. Default 500. */
  readonly textWords?: number | undefined;
  /**
   * Path of the card of a network that turns texts into vectors: the stream `text` has these
   * instead of a value for each word.
   */
  readonly textNetwork?: string | undefined;
  /** How many items a genre, category or word must have to be kept. Default 5. */
  readonly minimumItems?: number | undefined;
  /** Reads everything and reports what the training store would contain, without writing it. */
  readonly dryRun?: boolean | undefined;
  /** When aborted, the import stops and nothing is written. */
  readonly signal?: AbortSignal | undefined;
}

/** One stream of an import. */
export interface ImportedStream {
  readonly name: string;
  /** Measured numbers, or ones and zeros for categories. */
  readonly kind: 'dense' | 'categorical';
  readonly file: string;
  readonly dimension: number;
  /** Items that have it, and those of the store that lack it: how many, and the first ten. */
  readonly items: number;
  readonly lacking: { readonly count: number; readonly first: readonly string[] };
  /**
   * Columns that are left out, and why: constant, text among its numbers, or too few items of a
   * category. Columns without names are given by their numbers, from 1.
   */
  readonly dropped: readonly { readonly column: string; readonly why: string }[];
  /** Columns of the file that are neither ids nor values. */
  readonly passedOver: readonly string[];
  /** Values that were missing or not finite. */
  readonly missingValues: number;
}

/** What an import did. */
export interface ImportSummary {
  readonly out: string;
  readonly items: number;
  readonly subclips: number;
  readonly streams: readonly ImportedStream[];
  readonly standardise: Standardisation;
  /**
   * The list of items that scales are fitted to, and how many of them there are; undefined for all
   * items.
   */
  readonly fitOn: { readonly file: string; readonly items: number; readonly unknown: number } | undefined;
  readonly missing: MissingRule;
  /** Items of the files that are not in the store, because no stream has vectors for them. */
  readonly leftOut: { readonly count: number; readonly first: readonly string[] };
  readonly wallSeconds: number;
}

/**
 * The input that `visual=avf.csv` or `avf.csv` stands for; an existing path is always taken as a
 * path.
 */
export function featureInput(text: string): FeatureInput {
  const [, name, path] = /^([A-Za-z][A-Za-z0-9_-]{0,63})=(.+)$/s.exec(text) ?? [];
  return name === undefined || path === undefined || existsSync(text) ? { path: text } : { name, path };
}

/**
 * The category input that `FILE:COLUMN` or `NAME=FILE:COLUMN` stands for.
 * @throws UsageError when it is neither.
 */
export function categoryInput(text: string): CategoryInput {
  const { name, path } = featureInput(text);
  const colon = path.lastIndexOf(':');
  if (colon < 1 || colon === path.length - 1) {
    throw new UsageError(`\`categories\` must be FILE:COLUMN or NAME=FILE:COLUMN, but is ${shown(text)}`);
  }
  return { name, file: path.slice(0, colon), column: path.slice(colon + 1) };
}

/**
 * A name for a stream that has none: the characters of the file's or column's name that are
 * allowed.
 */
export function streamName(text: string): string {
  const plain = basename(text)
    .replace(/\.gz$/i, '')
    .replace(/\.[A-Za-z][A-Za-z0-9]{0,9}$/, '')
    .replaceAll(/[^A-Za-z0-9_-]+/g, '_');
  return (/^[A-Za-z]/.test(plain) ? plain : `x${plain}`).slice(0, 64);
}

/**
 * The text input that `DIR`, `FILE` or `FILE:COLUMN` stands for; an existing path is always taken
 * as a path.
 */
export function textInput(text: string): TextInput {
  const colon = text.lastIndexOf(':');
  if (colon < 1 || colon === text.length - 1 || existsSync(text)) return { file: text };
  return { file: text.slice(0, colon), column: text.slice(colon + 1) };
}

/** Default number of words of the stream `text`. */
export const usualWords = 500;

const known: KnownOptions<ImportOptions> = {
  standardise: true,
  fitOn: true,
  missing: true,
  genres: true,
  year: true,
  categories: true,
  minimumItems: true,
  text: true,
  textSubclips: true,
  textClock: true,
  textWords: true,
  textNetwork: true,
  signal: true,
  dryRun: true,
};

const knownOfText: KnownOptions<TextInput> = { file: true, column: true };

/** Checks everything that can be checked without opening the files. @throws UsageError */
export function checkImport(files: readonly FeatureInput[], out: string, options: ImportOptions): void {
  checkKnownOptions('importFeatures', options, known);
  checkFileEnding('out', out, ['arrow']);
  for (const { path } of files) checkString('path', path);
  checkOneOf('standardise', options.standardise ?? 'robust', STANDARDISATIONS);
  checkOneOf('missing', options.missing ?? 'refuse', MISSING_RULES);
  checkInteger('minimumItems', options.minimumItems ?? 5);
  if (options.year === true && options.genres === undefined) {
    throw new UsageError('`year` is read from the list of movies that `genres` names, but there is none', {
      remedy: "Give the list: `genres: 'movies.csv', year: true`.",
    });
  }
  if (options.text !== undefined) {
    checkKnownOptions('text', options.text, knownOfText);
    checkString('text.file', options.text.file);
    if (options.text.column !== undefined) checkString('text.column', options.text.column);
  }
  if (options.textClock !== undefined) checkString('textClock', options.textClock);
  if (options.textNetwork !== undefined) {
    checkString('textNetwork', options.textNetwork);
    if (options.textWords !== undefined) {
      throw new UsageError('`textWords` has no effect with `textNetwork`, which has no words', { option: 'textWords' });
    }
  }
  checkInteger('textSubclips', options.textSubclips ?? 1);
  checkInteger('textWords', options.textWords ?? usualWords);
  const idle = (['textSubclips', 'textClock', 'textWords', 'textNetwork'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (idle !== undefined && options.text === undefined) {
    throw new UsageError(`\`${idle}\` has no effect without \`text\``, { option: idle });
  }
  if (
    files.length === 0 &&
    options.text === undefined &&
    options.genres === undefined &&
    (options.categories ?? []).length === 0
  ) {
    throw new UsageError('no file of features was given', {
      code: 'no-inputs',
      remedy: 'Name one or several, such as visual=visual.csv audio=audio.csv.',
    });
  }
}
