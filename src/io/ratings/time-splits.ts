import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { RatingTable } from './rating-table.ts';
import { rowsByGroup } from './rows-by-group.ts';
import type { Split } from './split.ts';

/** No time in seconds is beyond this: it is the year 5138 in seconds, or 1973 in milliseconds. */
const mostSeconds = 1e11;

/**
 * Uses each user's last rating as the test set, the last but one for validation, and the others for
 * training. A user with two ratings has no validation rating, and a user with one has only a
 * training rating.
 *
 * @param fileOrder int32[rows]: the position in the file, which orders ratings with equal times;
 * default: the order of the table.
 * @throws UsageError `ratings` when the table has no timestamps.
 */
export function leaveLastOut(table: RatingTable, fileOrder?: Int32Array): Split {
  const times = timesOf(table);
  const place = (row: number): number => fileOrder?.[row] ?? row;
  const { rows, starts } = rowsByGroup(table.users, table.userIds.length);
  const part = new Uint8Array(table.users.length);
  for (let user = 0; user < table.userIds.length; user += 1) {
    const own = rows.slice(starts[user], starts[user + 1]);
    own.sort((left, right) => (times[left] as number) - (times[right] as number) || place(left) - place(right));
    if (own.length >= 2) part[own.at(-1) as number] = 2;
    if (own.length >= 3) part[own.at(-2) as number] = 1;
  }
  return splitBy(table, 'last', (row) => part[row] as number);
}

/**
 * Uses all ratings from a certain moment onwards as the test set, and the last share of those
 * before it for validation. Ratings with equal times are never separated.
 *
 * @param cut the share of ratings before the moment (a number), or its date in UTC (a text).
 * @throws UsageError when the cut is neither, there is nothing on one side of it, or the table has
 * no timestamps.
 */
export function splitAtTime(table: RatingTable, cut: number | string, validationShare: number): Split {
  const times = timesOf(table);
  const ascending = times.slice().sort();
  const moment = typeof cut === 'number' ? atShare(ascending, cut) : momentOf(cut, ascending.at(-1) as number);
  const before = countBelow(ascending, moment);
  if (before === 0 || before === times.length) {
    const side = before === 0 ? 'at or after it' : 'before it';
    const range = `${dateOf(ascending[0] as number, ascending)} to ${dateOf(ascending.at(-1) as number, ascending)}`;
    throw new UsageError(`\`cut\` must divide the ratings, but all are ${side}; they are from ${range}`, {
      option: 'cut',
      remedy: 'Give a date between these, or the share of ratings that come before, such as `cut: 0.8`.',
    });
  }
  const wanted = before - Math.round(validationShare * before);
  const validationFrom = ascending[Math.min(wanted, before - 1)] as number;
  // If all ratings share that time, validation starts after it, or there would be nothing to learn
  // from.
  const from = countBelow(ascending, validationFrom) === 0 ? nextAfter(ascending, validationFrom) : validationFrom;
  const first = validationShare === 0 ? moment : from;
  return splitBy(table, 'time', (row) => {
    const time = times[row] as number;
    return time >= moment ? 2 : time >= first ? 1 : 0;
  });
}

/** Checks a cut. @throws UsageError unless it is a share between 0 and 1, or a date. */
export function checkCut(cut: unknown): number | string {
  if (typeof cut === 'number' && cut > 0 && cut < 1) return cut;
  if (typeof cut === 'string' && /^\d{4}-\d\d(-\d\d)?/.test(cut) && !Number.isNaN(Date.parse(cut))) return cut;
  throw new UsageError(
    `\`cut\` must be a share above 0 and below 1, or a date such as '2015-03-31', but is ${shown(cut)}`,
    { option: 'cut' },
  );
}

function timesOf({ timestamps }: RatingTable): Float64Array {
  if (timestamps !== undefined) return timestamps;
  throw new UsageError('a split by time needs the times of the ratings', {
    code: 'ratings',
    remedy: 'Read them with `timestamps: true`, from a file that has them.',
  });
}

function splitBy(table: RatingTable, name: string, partOf: (row: number) => number): Split {
  const counts = [0, 0, 0];
  for (let row = 0; row < table.users.length; row += 1) counts[partOf(row)] = (counts[partOf(row)] as number) + 1;
  const parts = counts.map((count) => new Int32Array(count));
  counts.fill(0);
  for (let row = 0; row < table.users.length; row += 1) {
    const part = partOf(row);
    (parts[part] as Int32Array)[counts[part] as number] = row;
    counts[part] = (counts[part] as number) + 1;
  }
  const [train, validation, test] = parts as [Int32Array, Int32Array, Int32Array];
  return { name, train, validation, test };
}

function atShare(ascending: Float64Array, share: number): number {
  return ascending[Math.floor(share * ascending.length)] as number;
}

function momentOf(date: string, latest: number): number {
  const milliseconds = Date.parse(date);
  return latest > mostSeconds ? milliseconds : milliseconds / 1000;
}

function dateOf(time: number, ascending: Float64Array): string {
  const milliseconds = (ascending.at(-1) as number) > mostSeconds ? time : time * 1000;
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString().slice(0, 10);
}

/** How many of ascending numbers are below another. */
function countBelow(ascending: Float64Array, bound: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nextAfter(ascending: Float64Array, value: number): number {
  return ascending.find((each) => each > value) ?? Number.POSITIVE_INFINITY;
}
