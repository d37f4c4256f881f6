/**
 * Seconds by which times may go back before that is a discontinuity; a smaller step back is held at
 * the last time.
 */
export const LARGEST_STEP_BACK = 1;

/** Fraction of a period below which a step counts as a crawl. */
const CRAWL = 0.1;

/** Seconds that may pass without an element if nothing vouches for the times. */
export function largestStepAhead(period: number, longestGap = 0): number {
  return Math.max(2, 3 * period, 1.01 * longestGap);
}

/** What a `StreamClock` knows of its stream. */
export interface StreamClockOptions {
  /** Time at which the first element is due. */
  readonly start: number;
  /** Seconds from one element to the next. */
  readonly period: number;
  /**
   * Times up to this one are believed, however long the gap before them: a picture may be shown for
   * a long time.
   */
  readonly believedUntil: number;
  /** Length of the longest gap known to be legitimate, s. */
  readonly longestGap?: number | undefined;
  /**
   * Its times crawl: a time less than a tenth of a period after the previous one is not believed.
   */
  readonly crawls?: boolean | undefined;
}

/**
 * Turns the times that a stream states into continuous times. A time that goes back by more than a
 * second, or ahead by more than anything accounts for (joined recordings, a wild timestamp, a clock
 * that was set), is a *discontinuity*: the stream continues where it was due, and what follows
 * keeps its distance from there. A single wild timestamp has no lasting effect: once the earlier
 * times continue, they count again. If a writer had to keep times ascending after a wild one, all
 * later ones crawl after it, a tick apart; in a stream known to do so, each is placed a period
 * after the previous one.
 *
 * @example
 * const clock = new StreamClock({ start: 0, period: 0.04, believedUntil: 10 });
 * [0, 0.04, 7000, 0.12].map((stated) => clock.place(stated)); // 0, 0.04, 0.08, 0.12
 */
export class StreamClock {
  readonly #options: StreamClockOptions;
  readonly #allowance: number;
  #shift = 0;
  #earlierShift = 0;
  #due: number;
  #last = Number.NEGATIVE_INFINITY;
  #lastStated = Number.NEGATIVE_INFINITY;
  #breaks = 0;
  #crawled = 0;

  constructor(options: StreamClockOptions) {
    this.#options = options;
    this.#allowance = largestStepAhead(options.period, options.longestGap);
    this.#due = options.start;
  }

  /** Number of discontinuities so far. */
  get breaks(): number {
    return this.#breaks;
  }

  /** Number of times so far that were less than a tenth of a period after the previous one. */
  get crawled(): number {
    return this.#crawled;
  }

  /** When the next element is due. */
  get due(): number {
    return this.#due;
  }

  /**
   * Sets when the next element is due, for callers that know it more precisely than by the period:
   * audio is counted in samples.
   */
  expect(due: number): void {
    this.#due = due;
  }

  /** A stated time, shifted by the latest discontinuity. */
  shifted(stated: number): number {
    return stated + this.#shift;
  }

  /**
   * The time of the next element, never earlier than the previous one.
   *
   * @param stated - the stream's time; undefined if it states none.
   * @param length - seconds until the following element is due; default a period.
   * @param vouched - whether something else shows that the time in between really passed.
   */
  place(stated: number | undefined, length = this.#options.period, vouched = false): number {
    const time = stated === undefined ? this.#due : this.#believed(stated, vouched);
    this.#last = Math.max(this.#last, time);
    this.#due = this.#last + length;
    return this.#last;
  }

  /** Whether a time would be accepted as stated. */
  goesOn(stated: number, vouched = false): boolean {
    return this.#follows(stated + this.#shift, vouched) || this.#follows(stated + this.#earlierShift, vouched);
  }

  #believed(stated: number, vouched: boolean): number {
    const step = stated - this.#lastStated;
    this.#lastStated = stated;
    if (step < 0 || step >= CRAWL * this.#options.period) return this.#continued(stated, vouched);
    this.#crawled += 1;
    if (this.#options.crawls !== true) return this.#continued(stated, vouched);
    this.#shift = this.#due - stated;
    return this.#due;
  }

  #continued(stated: number, vouched: boolean): number {
    if (this.#follows(stated + this.#shift, vouched)) return stated + this.#shift;
    if (this.#follows(stated + this.#earlierShift, vouched)) {
      [this.#shift, this.#earlierShift] = [this.#earlierShift, this.#shift];
      return stated + this.#shift;
    }
    this.#earlierShift = this.#shift;
    this.#shift = this.#due - stated;
    this.#breaks += 1;
    return this.#due;
  }

  #follows(time: number, vouched: boolean): boolean {
    const { believedUntil } = this.#options;
    const early = Math.min(this.#due, this.#last === Number.NEGATIVE_INFINITY ? this.#due : this.#last);
    if (time < early - LARGEST_STEP_BACK) return false;
    return vouched || time <= believedUntil || time <= this.#due + this.#allowance;
  }
}
