import { BLOCK_BYTES, type LineBlockTaker } from '../../core/line-blocks.ts';
import { type BadLines, fileFault } from './bad-lines.ts';
import { decimalNumber, decimalText, decodeText, skipSpaces, trimSpaces, wholeNumber } from './fields.ts';
import { detectLayout, type RatingColumnNames, type RatingLayout } from './rating-layout.ts';
import type { RatingSink } from './rating-sink.ts';
import { splitLine } from './split-line.ts';

const [NEWLINE, RETURN, SPACE, QUOTE] = [10, 13, 32, 34];
/** Beyond this many fields, only their number is recorded, which is all that is needed. */
const MAX_FIELDS = 1024;

/**
 * Parses the lines of a text file of ratings byte by byte. Only ids that are not whole numbers are
 * converted to text.
 */
export class RatingLines implements LineBlockTaker {
  readonly #file: string;
  readonly #names: RatingColumnNames;
  readonly #sink: RatingSink;
  readonly #bad: BadLines;
  readonly #starts = new Int32Array(MAX_FIELDS);
  readonly #ends = new Int32Array(MAX_FIELDS);
  #layout: RatingLayout | undefined;
  /** Number of lines so far. */
  lines = 0;

  constructor(file: string, names: RatingColumnNames, sink: RatingSink, bad: BadLines) {
    this.#file = file;
    this.#names = names;
    this.#sink = sink;
    this.#bad = bad;
  }

  tooLong(): void {
    this.lines += 1;
    this.#bad.add(this.lines, `it is longer than ${BLOCK_BYTES} bytes`);
  }

  take(bytes: Buffer, end: number): void {
    let at = this.lines === 0 ? byteOrderMark(bytes, end) : 0;
    while (this.#layout === undefined && at < end) {
      const newline = bytes.indexOf(NEWLINE, at);
      const stop = newline < 0 || newline > end ? end : newline;
      const text = decodeText(bytes, at, stop).replace(/\r$/, '');
      if (text.trim() !== '') {
        if (text.includes('\0')) {
          throw fileFault(this.#file, 'is not a text file of ratings', 'Save it as CSV in UTF-8.');
        }
        this.#layout = this.#checked(detectLayout(text, this.#file, this.#names, this.#sink.onlyUser !== undefined));
      }
      if (text.trim() === '' || this.#layout?.header) {
        this.lines += 1;
        at = stop + 1;
      }
    }
    if (this.#layout !== undefined) this.#parse(bytes, at, end, this.#layout);
  }

  #checked(layout: RatingLayout): RatingLayout {
    if (layout.fields > MAX_FIELDS) throw fileFault(this.#file, `has more than ${MAX_FIELDS} columns`);
    if (!this.#sink.timestamps) return { ...layout, timestamp: -1 };
    if (layout.timestamp < 0) throw fileFault(this.#file, `has no ${this.#sink.fourth}s`);
    return layout;
  }

  #parse(bytes: Buffer, from: number, end: number, layout: RatingLayout): void {
    const delimiter = layout.delimiter.charCodeAt(0);
    const width = layout.delimiter.length;
    const starts = this.#starts;
    const ends = this.#ends;
    const { fields, quotes } = layout;
    let line = this.lines;
    for (let at = from; at < end; at += 1) {
      line += 1;
      const lineStart = at;
      let field = 0;
      let hasQuote = false;
      starts[0] = at;
      for (; at < end; at += 1) {
        const byte = bytes[at] as number;
        if (byte === delimiter) {
          if (width === 2) {
            if (bytes[at + 1] !== delimiter || at + 1 >= end) continue;
            ends[field++] = at;
            at += 1;
          } else ends[field++] = at;
          starts[field] = at + 1;
        } else if (byte === NEWLINE) break;
        else if (byte === QUOTE) hasQuote = true;
      }
      const lineEnd = at > lineStart && bytes[at - 1] === RETURN ? at - 1 : at;
      ends[field] = lineEnd;
      if (hasQuote && quotes) this.#quotedLine(bytes, lineStart, lineEnd, line, layout);
      else if (field + 1 === fields) this.#plainLine(bytes, line, layout);
      else if (!isBlank(bytes, lineStart, lineEnd)) this.#bad.add(line, wrongCount(fields, field + 1));
    }
    this.lines = line;
  }

  /** Parses a line whose fields are in `starts` and `ends`. */
  #plainLine(bytes: Buffer, line: number, layout: RatingLayout): void {
    const sink = this.#sink;
    const starts = this.#starts;
    const ends = this.#ends;
    const ratingStart = starts[layout.rating] as number;
    const ratingEnd = ends[layout.rating] as number;
    const value = decimalNumber(bytes, ratingStart, ratingEnd);
    if (!sink.fits(value)) {
      this.#bad.add(line, sink.misfit(decodeText(bytes, ratingStart, ratingEnd), value));
      return;
    }
    let time = 0;
    if (layout.timestamp >= 0) {
      const timeStart = starts[layout.timestamp] as number;
      const timeEnd = ends[layout.timestamp] as number;
      time = decimalNumber(bytes, timeStart, timeEnd);
      if (Number.isNaN(time)) {
        this.#bad.add(line, sink.notNumber(decodeText(bytes, timeStart, timeEnd)));
        return;
      }
    }
    const user = layout.user < 0 ? -1 : wholeNumber(bytes, starts[layout.user] as number, ends[layout.user] as number);
    const item = wholeNumber(bytes, starts[layout.item] as number, ends[layout.item] as number);
    if (user >= 0 && item >= 0) {
      sink.columns.add(sink.users.ofInteger(user), sink.items.ofInteger(item), value, time, line);
    } else {
      const id = layout.user < 0 ? (sink.onlyUser ?? '') : this.#text(bytes, layout.user);
      sink.addTexts(id, this.#text(bytes, layout.item), value, time, line, this.#bad);
    }
  }

  /** Parses a line with quotes, which is rare, as text. */
  #quotedLine(bytes: Buffer, start: number, end: number, line: number, layout: RatingLayout): void {
    const text = decodeText(bytes, start, end);
    const fields = splitLine(text, layout.delimiter, true);
    const field = (position: number): string => fields?.[position] ?? '';
    const user = layout.user < 0 ? (this.#sink.onlyUser ?? '') : field(layout.user);
    const value = decimalText(field(layout.rating));
    const time = layout.timestamp < 0 ? 0 : decimalText(field(layout.timestamp));
    if (fields === undefined) this.#bad.add(line, 'a quoted field is not closed on the same line');
    else if (fields.length !== layout.fields) this.#bad.add(line, wrongCount(layout.fields, fields.length));
    else if (!this.#sink.fits(value)) this.#bad.add(line, this.#sink.misfit(field(layout.rating), value));
    else if (Number.isNaN(time)) this.#bad.add(line, this.#sink.notNumber(field(layout.timestamp)));
    else this.#sink.addTexts(user, field(layout.item), value, time, line, this.#bad);
  }

  #text(bytes: Buffer, field: number): string {
    const end = this.#ends[field] as number;
    const start = skipSpaces(bytes, this.#starts[field] as number, end);
    return decodeText(bytes, start, trimSpaces(bytes, start, end));
  }
}

function byteOrderMark(bytes: Buffer, end: number): number {
  return end >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if (bytes[at] !== SPACE && bytes[at] !== RETURN) return false;
  }
  return true;
}

function wrongCount(expected: number, found: number): string {
  return `it has ${found} field${found === 1 ? '' : 's'} where ${expected} are expected`;
}
