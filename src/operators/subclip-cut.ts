import type { Division } from './division.ts';
import { NearestRows } from './nearest-rows.ts';
import { MedianSelector } from './order-statistics.ts';
import type { RowWindow } from './row-window.ts';
import { RunningMoments } from './running-moments.ts';
import { dimensionOf, needsRows, type Statistic } from './statistics.ts';
import type { SubclipRow } from './subclip-row.ts';

/** Number of columns transposed at a time: one cache line of float32 in each row. */
const BLOCK_COLUMNS = 16;

/** What a cut into subclips works on. */
export interface CutSpan {
  readonly item: string | undefined;
  readonly stream: string;
}

/** A row of the stream: its time, its centre, its values. */
export interface StreamRow {
  readonly time: number;
  readonly centre: number;
  readonly vector: Float32Array;
}

/**
 * Working memory for the medians, shared by all cuts of a stream, since one subclip is closed at a
 * time.
 */
export class MedianScratch {
  readonly selector = new MedianSelector();
  #columns = new Float32Array(0);

  /** Bytes needed for subclips of at most `rows` rows. */
  static byteLength(rows: number): number {
    return rows * BLOCK_COLUMNS * 4 + MedianSelector.byteLength(rows);
  }

  /** Bytes it takes now. */
  get byteLength(): number {
    const rows = this.#columns.length / BLOCK_COLUMNS;
    return rows === 0 ? 0 : MedianScratch.byteLength(rows);
  }

  /** Room for a block of columns of `rows` values. */
  columns(rows: number): Float32Array {
    if (this.#columns.length < rows * BLOCK_COLUMNS) this.#columns = new Float32Array(rows * BLOCK_COLUMNS);
    return this.#columns;
  }
}

/**
 * One cut of a stream into subclips: the open subclip's statistics, and the nearest rows of empty
 * ones.
 */
export class SubclipCut {
  readonly nearest: NearestRows;
  readonly #division: Division;
  readonly #span: CutSpan;
  readonly #statistics: readonly Statistic[];
  readonly #dimension: number;
  readonly #moments: RunningMoments | undefined;
  readonly #scratch: MedianScratch;
  /** The subclip that is receiving rows; -1 before the first row. */
  #open = -1;
  #rows = 0;
  #firstRow = 0;

  constructor(
    division: Division,
    span: CutSpan,
    statistics: readonly Statistic[],
    dimension: number,
    scratch: MedianScratch,
  ) {
    this.#division = division;
    this.nearest = new NearestRows(division);
    this.#span = span;
    this.#statistics = statistics;
    this.#dimension = dimension;
    this.#scratch = scratch;
    const streamed = statistics.some((statistic) => !needsRows(statistic));
    this.#moments = streamed ? new RunningMoments(dimension, { variance: statistics.includes('meanvar') }) : undefined;
  }

  /** Number, over the whole stream, of the first row of the open subclip. */
  get firstRow(): number {
    return this.#firstRow;
  }

  /** Bytes of the running moments. */
  get byteLength(): number {
    return this.#moments?.byteLength ?? 0;
  }

  /** Whether a row at this time closes subclips. */
  closesAt(time: number): boolean {
    return this.#open >= 0 && this.#division.subclipOf(time) > this.#open;
  }

  /**
   * The rows of the subclips that end before the one that contains `time`: the open one and those
   * after it without rows. Call it before `add` and after `nearest.decide` for the row at `time`,
   * and iterate it to the end.
   */
  *closeBefore(time: number, window: RowWindow | undefined): Generator<SubclipRow> {
    yield* this.#close(this.#division.subclipOf(time), window, undefined);
  }

  /**
   * The rows of all subclips that are still open or to come; `latest` is the last row of the
   * stream.
   */
  *closeAll(window: RowWindow | undefined, latest: StreamRow): Generator<SubclipRow> {
    yield* this.#close(this.#division.subclips, window, latest.vector);
  }

  /** Adds a row to its subclip. `number` counts the rows of the stream from 0. */
  add(row: StreamRow, number: number): void {
    const subclip = this.#division.subclipOf(row.time);
    if (subclip !== this.#open) {
      this.#open = subclip;
      this.#rows = 0;
      this.#firstRow = number;
      this.#moments?.clear();
    }
    this.nearest.forget(subclip);
    this.#rows += 1;
    this.#moments?.add(row.vector);
  }

  *#close(end: number, window: RowWindow | undefined, fallback: Float32Array | undefined): Generator<SubclipRow> {
    if (this.#open >= 0) yield* this.#summarise(window);
    for (let subclip = this.#open + 1; subclip < end; subclip += 1) {
      const nearest = this.nearest.get(subclip) ?? fallback;
      if (!nearest) throw new RangeError(`subclip ${subclip} of ${this.#division.subclips} has no nearest row yet`);
      for (const statistic of this.#statistics) {
        const vector = new Float32Array(dimensionOf(statistic, this.#dimension));
        vector.set(nearest);
        yield this.#row(statistic, subclip, 0, vector);
      }
    }
  }

  *#summarise(window: RowWindow | undefined): Generator<SubclipRow> {
    const dimension = this.#dimension;
    let medians: Float32Array | undefined;
    for (const statistic of this.#statistics) {
      const vector = new Float32Array(dimensionOf(statistic, dimension));
      switch (statistic) {
        case 'mean':
          this.#moments?.writeMean(vector, 0);
          break;
        case 'meanvar':
          this.#moments?.writeMean(vector, 0);
          this.#moments?.writeVariance(vector, dimension);
          break;
        case 'median':
        case 'medmad':
          medians ??= this.#medians(window as RowWindow);
          vector.set(medians.subarray(0, vector.length));
          break;
        default:
          // The compiler asks here for a statistic that nothing computes.
          statistic satisfies never;
      }
      yield this.#row(statistic, this.#open, this.#rows, vector);
    }
  }

  /** Medians and, if a statistic needs them, the median absolute deviations. */
  #medians(window: RowWindow): Float32Array {
    const dimension = this.#dimension;
    const spread = this.#statistics.includes('medmad');
    const result = new Float32Array(spread ? 2 * dimension : dimension);
    const selector = this.#scratch.selector;
    const rows = this.#rows;
    const columns = this.#scratch.columns(rows);
    for (let column = 0; column < dimension; column += BLOCK_COLUMNS) {
      const width = Math.min(BLOCK_COLUMNS, dimension - column);
      window.readColumns(this.#firstRow, column, width, columns);
      for (let offset = 0; offset < width; offset += 1) {
        const median = selector.median(columns, offset * rows, rows);
        result[column + offset] = median;
        if (spread) result[dimension + column + offset] = selector.medianDistance(columns, offset * rows, rows, median);
      }
    }
    return result;
  }

  #row(statistic: Statistic, subclip: number, count: number, vector: Float32Array): SubclipRow {
    const { item, stream } = this.#span;
    const { subclips, seconds } = this.#division;
    return {
      item,
      stream,
      statistic,
      subclips,
      seconds,
      subclip,
      start: this.#division.start(subclip),
      end: this.#division.end(subclip),
      count,
      vector,
    };
  }
}
