import { UsageError } from '../../core/errors.ts';
import { type Statistic, statisticNames } from '../../operators/statistics.ts';
import type { Cut } from './cut.ts';
import type { RowTable } from './row-table.ts';

/** One vector column of a unit: one statistic of one stream. */
export interface UnitColumn {
  readonly stream: string;
  readonly statistic: Statistic;
  /** float32 values in a row: D, or 2 D for statistics with a spread. */
  readonly dimension: number;
  /** `length * dimension` values, row after row; zeros where a row is null. */
  readonly values: Float32Array;
  /** One byte for each row: 1 where it has a vector, 0 where it is null. */
  readonly valid: Uint8Array;
}

/**
 * What is committed for one video: a row for each subclip of each cut, in that order, stored column
 * by column. The vector columns come in the order of `compareColumns`.
 */
export interface UnitTable {
  readonly itemId: string;
  /** Number of rows. */
  readonly length: number;
  /** Number of subclips in the row's cut. */
  readonly subclips: Int32Array;
  /**
   * Length of the subclips of the row's cut in seconds if it is fixed, and 0 if they are equal
   * parts; left out if all cuts are into equal parts.
   */
  readonly seconds?: Float64Array | undefined;
  /** The number of the row's subclip, from 0. */
  readonly subclip: Int32Array;
  /** Start of the subclip in seconds. */
  readonly start: Float64Array;
  /** End of the subclip in seconds. */
  readonly end: Float64Array;
  /** Rows of the stream `visual` in the subclip. */
  readonly frames: Int32Array;
  /** Rows of the stream `audio` in the subclip. */
  readonly patches: Int32Array;
  readonly columns: readonly UnitColumn[];
  /** For each stream except `visual` and `audio`, the number of its rows in each subclip. */
  readonly counts?: Readonly<Record<string, Int32Array>> | undefined;
  /** Tables of rows. */
  readonly rowTables?: readonly RowTable[] | undefined;
  /** What is known about the unit as a whole, see `UnitFacts`; there may be further entries. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A vector column without its values. */
export type ColumnShape = Pick<UnitColumn, 'stream' | 'statistic' | 'dimension'>;

/** A vector column of a unit, and how many of its rows have a vector. */
export interface ColumnFacts extends ColumnShape {
  readonly vectors: number;
}

/** What counting and compacting need to know about a unit without its rows. */
export interface UnitFacts {
  readonly itemId: string;
  /** The cuts that it has rows for, in the order of `compareCuts`. */
  readonly subclips: readonly Cut[];
  readonly columns: readonly ColumnFacts[];
  /** Frames decoded of the whole video. */
  readonly frames: number;
  /** Audio patches decoded of the whole video. */
  readonly patches: number;
  /** Its length in seconds. */
  readonly seconds: number;
  /** Whether the media were damaged and only a part could be decoded. */
  readonly partial: boolean;
}

/** Names that a stream cannot have, because a column has them already. */
const RESERVED = ['item_id', 'subclips', 'subclip', 'start', 'end', 'frames', 'patches', 'partial', 'aggregate'];
/** The end of the name of a column that counts rows. */
const COUNTS = '_rows';
const STREAM_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/**
 * Checks that a stream's name can be a column's name.
 *
 * @throws UsageError when it is not a letter followed by up to 63 letters, digits, `_` and `-`, or
 * is taken.
 */
export function checkStreamName(name: string): void {
  if (!STREAM_NAME.test(name)) {
    throw new UsageError(
      `a stream that goes into a dataset must have a name of one letter and up to 63 letters, digits, '_' or '-', but is named '${name}'`,
    );
  }
  if (name.endsWith(COUNTS)) {
    throw new UsageError(
      `a stream cannot be named '${name}': names ending in '${COUNTS}' are for columns that count rows`,
    );
  }
  if (RESERVED.includes(name)) {
    throw new UsageError(`a stream cannot be named '${name}': every dataset has a column of that name`);
  }
}

/**
 * Name of the column that counts the rows of a stream; `frames` and `patches` are those of `visual`
 * and `audio`.
 */
export function countName(stream: string): string | undefined {
  return stream === 'visual' || stream === 'audio' ? undefined : `${stream}${COUNTS}`;
}

/** The stream whose rows a column counts. */
export function countedStream(column: string): string | undefined {
  return column.endsWith(COUNTS) ? column.slice(0, -COUNTS.length) : undefined;
}

/** Name of a vector column in a unit: `visual_mean`, `audio_medmad`. */
export function columnName(column: Pick<UnitColumn, 'stream' | 'statistic'>): string {
  return `${column.stream}_${column.statistic}`;
}

/**
 * `visual` before `audio` before the other streams by name; within a stream, the statistics in
 * their own order.
 */
export function compareColumns(
  left: Pick<UnitColumn, 'stream' | 'statistic'>,
  right: Pick<UnitColumn, 'stream' | 'statistic'>,
): number {
  const rank = (stream: string) => (stream === 'visual' ? 0 : stream === 'audio' ? 1 : 2);
  const byRank = rank(left.stream) - rank(right.stream);
  if (byRank !== 0) return byRank;
  if (left.stream !== right.stream) return left.stream < right.stream ? -1 : 1;
  return statisticNames.indexOf(left.statistic) - statisticNames.indexOf(right.statistic);
}
