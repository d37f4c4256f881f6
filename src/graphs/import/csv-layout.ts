import { CsvError, parse } from 'csv-parse/sync';
import { csvFault } from '../../core/csv-fault.ts';
import { quoted } from '../../io/ratings/bad-lines.ts';
import { columnOf } from '../../io/ratings/csv-records.ts';
import { ID_NAMES } from '../../io/ratings/read-item-ids.ts';
import type { KnownColumn } from './choose-columns.ts';
import { featureFault } from './feature-fault.ts';
import { kindOfText } from './feature-values.ts';
import { oddOneOut, sampledKind } from './sampled-kinds.ts';

/** Bytes at the start of a file from which its layout is determined. */
export const SAMPLE_BYTES = 4 * 2 ** 20;
/** Likelier ones come first: fields often contain commas and blanks. */
const DELIMITERS = ['\t', ';', ',', '|', ' '] as const;
const SAMPLE_RECORDS = 21;
const [QUOTE, NEWLINE] = ['"', '\n'];

/** How the records of a CSV file are laid out. */
export interface CsvLayout {
  readonly delimiter: string;
  readonly hasHeader: boolean;
  /** Named by their numbers, from 1, if there is no header. */
  readonly columns: readonly KnownColumn[];
}

/** Options for both readings of CSV, of the sample and of the file. */
export const CSV_OPTIONS = { relax_column_count: true, relax_quotes: true, skip_empty_lines: true, bom: true } as const;

/**
 * Determines the delimiter (tab, semicolon, comma, bar or blank), whether the first line is a
 * header, and what the columns hold.
 *
 * @param sample the beginning of the file, or all of it.
 * @throws UsageError `features` when it has no record, or records do not have at least two fields.
 */
export function csvLayout(
  file: string,
  sample: string,
  { isWhole, idsElsewhere, listIsNamed }: { isWhole: boolean; idsElsewhere: boolean; listIsNamed: boolean },
): CsvLayout {
  const { end, counts } = scanRecords(sample, isWhole);
  if (end === 0) {
    const fact = isWhole ? 'has no lines' : `has a first line of more than ${SAMPLE_BYTES} bytes`;
    throw featureFault(file, fact, 'Give a CSV file with one line per item, or a NumPy array.');
  }
  const delimiter = delimiterOf(counts) ?? (idsElsewhere ? ',' : undefined);
  if (delimiter === undefined) {
    throw featureFault(
      file,
      'is not laid out as lines with the same number of fields: an id and values',
      'Separate the fields by commas, semicolons or tabs; if the ids are in another file, name it with `ids`.',
    );
  }
  const [first = [], ...others] = recordsOf(file, sample.slice(0, end), delimiter);
  const hasHeader = looksLikeHeader(first);
  const rows = (hasHeader ? others : [first, ...others]).filter(({ length }) => length === first.length);
  if (rows.length === 0 && isWhole) {
    throw featureFault(file, 'has no line of values', 'Give one line per item: its id and its values.');
  }
  const columns = first.map((name, position) => {
    const fields = rows.map((each) => each[position] ?? '');
    if (!listIsNamed) refuseDecimalCommas(file, fields);
    return { name: hasHeader ? name : String(position + 1), kind: sampledKind(fields), odd: oddOneOut(fields) };
  });
  return { delimiter, hasHeader, columns };
}

/** Where the first records end, and how often each delimiter occurs in them outside quotes. */
function scanRecords(sample: string, isWhole: boolean): { end: number; counts: number[][] } {
  const counts: number[][] = [];
  let record = DELIMITERS.map(() => 0);
  let [isQuoted, start, end] = [false, 0, 0];
  for (let at = 0; at < sample.length && counts.length < SAMPLE_RECORDS; at += 1) {
    const character = sample[at] as string;
    if (character === QUOTE) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (character === NEWLINE) {
      if (sample.slice(start, at).trim() !== '') counts.push(record);
      record = DELIMITERS.map(() => 0);
      start = at + 1;
      end = at + 1;
    } else {
      const index = (DELIMITERS as readonly string[]).indexOf(character);
      if (index >= 0) record[index] = (record[index] as number) + 1;
    }
  }
  if (isWhole && counts.length < SAMPLE_RECORDS && sample.slice(end).trim() !== '') {
    counts.push(record);
    end = sample.length;
  }
  return { end: counts.length === 0 ? 0 : end, counts };
}

/**
 * The first delimiter that occurs equally often in all records; else the first that does in most.
 */
function delimiterOf(counts: readonly (readonly number[])[]): string | undefined {
  const indices = [...DELIMITERS.keys()];
  const [first = []] = counts;
  const equal = indices.find(
    (index) => (first[index] ?? 0) > 0 && counts.every((record) => record[index] === first[index]),
  );
  // A line that is too short or too long must be reported with its number, so the layout follows
  // the other lines.
  const common = indices.find(
    (index) =>
      (first[index] ?? 0) > 0 && counts.filter((record) => record[index] === first[index]).length > counts.length / 2,
  );
  return DELIMITERS[equal ?? common ?? -1];
}

function recordsOf(file: string, text: string, delimiter: string): string[][] {
  try {
    const records: string[][] = parse(text, { ...CSV_OPTIONS, delimiter });
    return records.map((fields) => fields.map((field) => field.trim()));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw notCsv(file, error);
  }
}

/** The error for a text with unbalanced quotes. */
export function notCsv(file: string, error: CsvError): Error {
  return featureFault(file, csvFault(error), 'Quotes inside a quoted field must be doubled.', error);
}

/**
 * Fields are names of columns if none is a number, if one is a usual name for ids, or if they count
 * up (like those that pandas makes up).
 */
function looksLikeHeader(fields: readonly string[]): boolean {
  const kinds = fields.map(kindOfText);
  if (!kinds.some((kind) => kind === 'number' || kind === 'list')) return true;
  if (columnOf(fields, ID_NAMES) >= 0) return true;
  const [first = '', ...rest] = fields;
  const from = Number(rest[0]);
  const counts = rest.length > 1 && rest.every((field, index) => field === String(from + index));
  return counts && (from === 0 || from === 1) && kindOfText(first) !== 'number';
}

/**
 * A column of `0,5` and `1` may hold numbers with a decimal comma, or lists of one or two: the user
 * must decide.
 */
function refuseDecimalCommas(file: string, fields: readonly string[]): void {
  const isEither = fields.every((field) => field === '' || /^[+-]?\d+(,\d+)?(e[+-]?\d+)?$/i.test(field));
  const example = fields.find((field) => field.includes(','));
  if (!isEither || example === undefined) return;
  throw featureFault(
    file,
    `has ${quoted(example)}, which may be one number with a decimal comma, or two`,
    'Write numbers with a decimal point; if these are lists, name their column (`column`).',
  );
}
