import { shown } from '../core/check.ts';
import { FlowError, UsageError } from '../core/errors.ts';
import { type Cuts, divisions } from './division.ts';
import type { Bytes } from './payload.ts';
import { RowWindow } from './row-window.ts';
import { needsRows, type Statistic } from './statistics.ts';
import { MedianScratch, type StreamRow, SubclipCut } from './subclip-cut.ts';
import type { Span, SubclipRow, Timed } from './subclip-row.ts';

/**
 * The state of one pass over a stream: checks each row, feeds every cut, and accounts for what is
 * kept. `take` and `end` return the rows that are complete, and must be iterated to the end.
 */
export class SubclipPass {
  readonly #span: Span;
  readonly #name: string;
  readonly #ways: Cuts;
  readonly #statistics: readonly Statistic[];
  readonly #account: (change: Bytes) => void;
  #cuts: readonly SubclipCut[] = [];
  #window: RowWindow | undefined;
  readonly #scratch = new MedianScratch();
  #dimension = 0;
  #number = 0;
  #lastTime = Number.NEGATIVE_INFINITY;
  #lastCentre = Number.NEGATIVE_INFINITY;
  /** The first of the rows with the largest centre so far. */
  #latest: StreamRow | undefined;
  /**
   * Whether `#latest.vector` is kept as the nearest row of a subclip, so its memory must not be
   * reused.
   */
  #latestKept = false;
  #spare: Float32Array | undefined;
  #accounted = 0;

  constructor(
    span: Span,
    name: string,
    ways: Cuts,
    statistics: readonly Statistic[],
    account: (change: Bytes) => void,
  ) {
    this.#span = span;
    this.#name = name;
    this.#ways = ways;
    this.#statistics = statistics;
    this.#account = account;
  }

  *take(element: Timed): Generator<SubclipRow> {
    const row = this.#read(element);
    let keptNow = false;
    for (const cut of this.#cuts) {
      const kept = cut.nearest.decide(this.#latest, row);
      if (kept.latest) this.#latestKept = true;
      if (kept.now) keptNow = true;
      if (cut.closesAt(row.time) || this.#number === 0) yield* cut.closeBefore(row.time, this.#window);
    }
    let earliest = this.#number;
    for (const cut of this.#cuts) {
      cut.add(row, this.#number);
      earliest = Math.min(earliest, cut.firstRow);
    }
    this.#window?.release(earliest);
    this.#window?.add(row.vector);
    this.#number += 1;
    this.#remember(row, keptNow);
    this.#settle();
  }

  *end(): Generator<SubclipRow> {
    if (this.#latest) for (const cut of this.#cuts) yield* cut.closeAll(this.#window, this.#latest);
  }

  /** Checks an element and copies it. */
  #read(element: Timed): StreamRow {
    const { time, vector } = element;
    const centre = element.centre ?? time;
    if (typeof time !== 'number') {
      throw this.#outOfOrder(`a row must have a \`time\` in seconds, but has ${shown(time)}`);
    }
    if (!(Number.isFinite(time) && time >= this.#lastTime)) {
      throw this.#outOfOrder(`the row at ${time} s came after the row at ${this.#lastTime} s`);
    }
    if (!(Number.isFinite(centre) && centre >= this.#lastCentre)) {
      throw this.#outOfOrder(`the row centred at ${centre} s came after the row centred at ${this.#lastCentre} s`);
    }
    if (centre < time) throw this.#outOfOrder(`the row at ${time} s is centred before it, at ${centre} s`);
    if (!isVector(vector)) {
      throw this.#unlike(`the vector at ${time} s must be an array of numbers, but is ${shown(vector)}`);
    }
    if (this.#number === 0) this.#begin(vector.length);
    if (vector.length !== this.#dimension) {
      throw this.#unlike(
        `the vector at ${time} s has ${vector.length} values, but the first one had ${this.#dimension}`,
      );
    }
    const copy = this.#spare ?? new Float32Array(this.#dimension);
    this.#spare = undefined;
    copy.set(vector);
    if (!allFinite(copy)) throw this.#notFinite(copy, time);
    this.#lastTime = time;
    this.#lastCentre = centre;
    return { time, centre, vector: copy };
  }

  #begin(dimension: number): void {
    const duration = this.#span.duration;
    if (!(typeof duration === 'number' && Number.isFinite(duration) && duration > 0)) {
      throw new UsageError(`the span of stream '${this.#name}' must have a duration above 0 s, but it is ${duration}`);
    }
    if (dimension === 0) throw this.#unlike('its vectors have no values');
    this.#dimension = dimension;
    const span = { item: this.#span.id, stream: this.#name };
    this.#cuts = divisions(this.#ways, duration).map(
      (division) => new SubclipCut(division, span, this.#statistics, dimension, this.#scratch),
    );
    if (this.#statistics.some(needsRows)) this.#window = new RowWindow(dimension);
  }

  /**
   * Keeps the row as the latest if its centre is larger than the previous one's, and recycles the
   * other's memory.
   */
  #remember(row: StreamRow, kept: boolean): void {
    if (this.#latest && row.centre <= this.#latest.centre) {
      if (!kept) this.#spare = row.vector;
      return;
    }
    if (this.#latest && !this.#latestKept) this.#spare = this.#latest.vector;
    this.#latest = row;
    this.#latestKept = kept;
  }

  #settle(): void {
    const vectors = new Set<Float32Array>();
    let bytes = (this.#window?.byteLength ?? 0) + this.#scratch.byteLength;
    for (const cut of this.#cuts) {
      bytes += cut.byteLength;
      for (const vector of cut.nearest.vectors()) vectors.add(vector);
    }
    if (this.#latest) vectors.add(this.#latest.vector);
    if (this.#spare) vectors.add(this.#spare);
    bytes += vectors.size * this.#dimension * 4;
    this.#account(bytes - this.#accounted);
    this.#accounted = bytes;
  }

  #outOfOrder(what: string): FlowError {
    return new FlowError('order', `stream '${this.#name}': ${what}`, {
      remedy:
        'Give `subclips` rows with ascending times: use ordered operators (mapAsync with `ordered: true`) before it.',
    });
  }

  #notFinite(vector: Float32Array, time: number): FlowError {
    const index = vector.findIndex((value) => !Number.isFinite(value));
    return this.#unlike(`value ${index} of the vector at ${time} s is ${vector[index]}, which is not a finite float32`);
  }

  /** The error for an invalid vector. It was computed from this item; other items may be fine. */
  #unlike(what: string): FlowError {
    return new FlowError('batch-result', `stream '${this.#name}': ${what}`);
  }
}

/** Every value of a typed array is a number. */
function isVector(value: unknown): value is ArrayLike<number> {
  return ArrayBuffer.isView(value) || (Array.isArray(value) && value.every((each) => typeof each === 'number'));
}

/**
 * Four sums run side by side, so that no addition waits for the one before; a value that is not
 * finite turns them into NaN.
 */
function allFinite(vector: Float32Array): boolean {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  const whole = vector.length - (vector.length % 4);
  for (let index = 0; index < whole; index += 4) {
    first += (vector[index] as number) * 0;
    second += (vector[index + 1] as number) * 0;
    third += (vector[index + 2] as number) * 0;
    fourth += (vector[index + 3] as number) * 0;
  }
  for (let index = whole; index < vector.length; index += 1) first += (vector[index] as number) * 0;
  return first + second + third + fourth === 0;
}
