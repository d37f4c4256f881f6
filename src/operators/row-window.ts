/** Maximum bytes of a chunk of rows (but at least one row). */
const CHUNK_BYTES = 256 * 1024;

/**
 * The latest rows of a stream, each kept once, in chunks of float32 that are dropped from the front
 * as soon as none of their rows is needed any more. Rows are numbered from 0 over the whole stream.
 */
export class RowWindow {
  readonly #dimension: number;
  readonly #chunkRows: number;
  readonly #chunks: Float32Array[] = [];
  /** Number of the first row of the first chunk. */
  #base = 0;
  #end = 0;

  constructor(dimension: number) {
    this.#dimension = dimension;
    this.#chunkRows = rowsPerChunk(dimension);
  }

  /** Number of the next row. */
  get end(): number {
    return this.#end;
  }

  /** Bytes of the chunks. */
  get byteLength(): number {
    return this.#chunks.length * this.#chunkRows * this.#dimension * 4;
  }

  /** Appends a copy of the row. */
  add(row: Float32Array): void {
    const position = this.#end - this.#base;
    const chunkIndex = Math.floor(position / this.#chunkRows);
    if (chunkIndex === this.#chunks.length) this.#chunks.push(new Float32Array(this.#chunkRows * this.#dimension));
    (this.#chunks[chunkIndex] as Float32Array).set(row, (position % this.#chunkRows) * this.#dimension);
    this.#end += 1;
  }

  /** Drops the chunks that hold only rows before number `first`. */
  release(first: number): void {
    if (first >= this.#end) {
      this.#chunks.length = 0;
      this.#base = this.#end;
      return;
    }
    const whole = Math.floor((first - this.#base) / this.#chunkRows);
    if (whole > 0) {
      this.#chunks.splice(0, whole);
      this.#base += whole * this.#chunkRows;
    }
  }

  /**
   * Copies columns `column` to `column + width` of the rows from number `first` to the last one,
   * transposed: the values of one column lie side by side, row after row, as selection needs them.
   * Whole cache lines are read in each row.
   */
  readColumns(first: number, column: number, width: number, target: Float32Array): void {
    const rows = this.#end - first;
    const dimension = this.#dimension;
    let written = 0;
    while (written < rows) {
      const position = first + written - this.#base;
      const chunk = this.#chunks[Math.floor(position / this.#chunkRows)] as Float32Array;
      const firstInChunk = position % this.#chunkRows;
      const count = Math.min(this.#chunkRows - firstInChunk, rows - written);
      for (let row = 0; row < count; row += 1) {
        const source = (firstInChunk + row) * dimension + column;
        let slot = written + row;
        for (let offset = 0; offset < width; offset += 1) {
          target[slot] = chunk[source + offset] as number;
          slot += rows;
        }
      }
      written += count;
    }
  }
}

/** Number of rows in one chunk of a `RowWindow`. */
export function rowsPerChunk(dimension: number): number {
  return Math.max(1, Math.floor(CHUNK_BYTES / (4 * dimension)));
}
