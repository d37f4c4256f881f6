import type { RatingTable } from './rating-table.ts';

/** Rows of a chunk: columns grow by whole chunks, so nothing is copied while ratings arrive. */
const CHUNK_ROWS = 1 << 20;

interface Chunk {
  users: Int32Array | undefined;
  items: Int32Array | undefined;
  values: Float32Array | undefined;
  timestamps: Float64Array | undefined;
}

/**
 * Collects ratings row by row into the columns of a table. Remembers the line that each row came
 * from, compactly.
 */
export class RatingColumns {
  readonly #withTimestamps: boolean;
  readonly #chunks: Chunk[] = [];
  #users = new Int32Array(0);
  #items = new Int32Array(0);
  #values = new Float32Array(0);
  #timestamps = new Float64Array(0);
  #used = 0;
  /** Rows before which lines were skipped, and the line number of each such row. */
  readonly #jumpRows: number[] = [];
  readonly #jumpLines: number[] = [];
  #expectedLine = Number.NaN;

  constructor(withTimestamps: boolean) {
    this.#withTimestamps = withTimestamps;
  }

  /** Ratings so far. */
  get rows(): number {
    return this.#chunks.length === 0 ? 0 : (this.#chunks.length - 1) * CHUNK_ROWS + this.#used;
  }

  /** Appends a rating from `line`. */
  add(user: number, item: number, value: number, timestamp: number, line: number): void {
    if (this.#used === this.#values.length) this.#grow();
    if (line !== this.#expectedLine) {
      this.#jumpRows.push(this.rows);
      this.#jumpLines.push(line);
    }
    this.#expectedLine = line + 1;
    const at = this.#used++;
    this.#users[at] = user;
    this.#items[at] = item;
    this.#values[at] = value;
    if (this.#withTimestamps) this.#timestamps[at] = timestamp;
  }

  /** The line that a row came from. */
  lineOf(row: number): number {
    let [low, high] = [0, this.#jumpRows.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#jumpRows[middle] as number) <= row) low = middle;
      else high = middle - 1;
    }
    return (this.#jumpLines[low] as number) + row - (this.#jumpRows[low] as number);
  }

  /**
   * The table, with columns in memory that threads can share; the collected chunks are released
   * column by column, so that at most one column exists twice.
   */
  take(userIds: readonly string[], itemIds: readonly string[]): RatingTable {
    const { rows } = this;
    this.#users = this.#items = new Int32Array(0);
    this.#values = new Float32Array(0);
    this.#timestamps = new Float64Array(0);
    const users = this.#joined('users', new Int32Array(new SharedArrayBuffer(4 * rows)));
    const items = this.#joined('items', new Int32Array(new SharedArrayBuffer(4 * rows)));
    const values = this.#joined('values', new Float32Array(new SharedArrayBuffer(4 * rows)));
    const table = { users, items, values, userIds, itemIds };
    return this.#withTimestamps
      ? { ...table, timestamps: this.#joined('timestamps', new Float64Array(new SharedArrayBuffer(8 * rows))) }
      : table;
  }

  #grow(): void {
    this.#users = new Int32Array(CHUNK_ROWS);
    this.#items = new Int32Array(CHUNK_ROWS);
    this.#values = new Float32Array(CHUNK_ROWS);
    if (this.#withTimestamps) this.#timestamps = new Float64Array(CHUNK_ROWS);
    this.#chunks.push({
      users: this.#users,
      items: this.#items,
      values: this.#values,
      timestamps: this.#withTimestamps ? this.#timestamps : undefined,
    });
    this.#used = 0;
  }

  #joined<T extends Int32Array | Float32Array | Float64Array>(column: keyof Chunk, into: T): T {
    let offset = 0;
    for (const chunk of this.#chunks) {
      const part = chunk[column];
      if (part === undefined) continue;
      const length = Math.min(part.length, into.length - offset);
      into.set(length === part.length ? part : part.subarray(0, length), offset);
      offset += length;
      chunk[column] = undefined;
    }
    return into;
  }
}
