import { UsageError } from '../../core/errors.ts';
import { quoted } from './bad-lines.ts';
import type { RatingTable } from './rating-table.ts';

/**
 * Rows per piece of text, so that the text of millions of ratings is never in memory at once.
 */
const PIECE_ROWS = 1 << 16;
const HEADER = 'user,item,rating';

/** The shortest decimal text that reads back as the same float32. */
export function float32Text(value: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

/**
 * Ratings as CSV with the columns user, item, rating and, if the table has times, timestamp; in
 * pieces.
 *
 * @throws UsageError `ratings` when an id has a line break, which could not be read back.
 */
export function* ratingText(table: RatingTable, rows: Int32Array): Generator<string> {
  const users = table.userIds.map(field);
  const items = table.itemIds.map(field);
  const texts = new Map<number, string>();
  const { timestamps } = table;
  yield timestamps === undefined ? `${HEADER}\n` : `${HEADER},timestamp\n`;
  for (let start = 0; start < rows.length; start += PIECE_ROWS) {
    let piece = '';
    for (const row of rows.subarray(start, start + PIECE_ROWS)) {
      const value = table.values[row] as number;
      let text = texts.get(value);
      if (text === undefined) {
        text = float32Text(value);
        if (texts.size < 4096) texts.set(value, text);
      }
      piece += `${users[table.users[row] as number]},${items[table.items[row] as number]},${text}`;
      piece += timestamps === undefined ? '\n' : `,${timestamps[row]}\n`;
    }
    yield piece;
  }
}

function field(id: string): string {
  if (/[\r\n]/.test(id)) {
    throw new UsageError(`ids with a line break cannot be saved, but there is ${quoted(id)}`, { code: 'ratings' });
  }
  return /[",]/.test(id) || id !== id.trim() ? `"${id.replaceAll('"', '""')}"` : id;
}
