import { StreamClock, type StreamClockOptions } from './stream-clock.ts';

/** Seconds by which times must run ahead of the samples before silence is inserted. */
const SHORTEST_GAP = 0.1;

/** A place where audio is missing. */
export interface AudioGap {
  /** Number of decoded samples before it, at the output's rate. */
  readonly at: number;
  /** Number of samples of silence to insert. */
  readonly samples: number;
}

/**
 * Finds the gaps of an audio stream: places where its times run ahead of its samples. Samples
 * count: none is ever dropped, and nothing is done where times run slower than samples or go back.
 * Times arrive as *marks*: for some frames, the number of samples before it and the time it states.
 *
 * @example
 * const gaps = new AudioGaps({ start: 0, period: 0.02, believedUntil: 10 }, 16_000);
 * gaps.mark(0, 0);
 * gaps.mark(2, 4); // after 2 s of samples a frame says 4 s
 * gaps.next(); // { at: 32000, samples: 32000 }
 */
export class AudioGaps {
  readonly #clock: StreamClock;
  readonly #rate: number;
  readonly #found: AudioGap[] = [];
  #start: number | undefined;
  /**
   * Seconds of samples before the current filter graph: a stream that changes its rate or channels
   * starts a new one, which counts from 0.
   */
  #base = 0;
  #counted = 0;
  #silence = 0;

  constructor(options: StreamClockOptions, outputRate: number) {
    this.#clock = new StreamClock(options);
    this.#rate = outputRate;
  }

  /** Time of the first sample; undefined before the first mark. */
  get start(): number | undefined {
    return this.#start;
  }

  /** Discontinuities so far. */
  get breaks(): number {
    return this.#clock.breaks;
  }

  /** Decoded samples, at the output's rate, before which all gaps are known. */
  get known(): number {
    return Math.floor((this.#base + this.#counted) * this.#rate);
  }

  /**
   * A frame of the stream.
   *
   * @param samples - seconds of samples before it.
   * @param stated - its time; undefined if it states none.
   */
  mark(samples: number, stated: number | undefined): void {
    if (this.#start === undefined) {
      this.#start = Math.max(0, this.#clock.place(stated, 0));
      this.#counted = samples;
      return;
    }
    if (samples < this.#counted) this.#restart(stated);
    this.#counted = samples;
    const due = this.#start + this.#base + samples + this.#silence;
    this.#clock.expect(due);
    const missing = this.#clock.place(stated, 0) - due;
    if (missing <= SHORTEST_GAP) return;
    this.#silence += missing;
    this.#found.push({ at: this.known, samples: Math.round(missing * this.#rate) });
  }

  /** The earliest gap that has not been taken. */
  next(): AudioGap | undefined {
    return this.#found[0];
  }

  /** Removes the earliest gap. */
  shift(): void {
    this.#found.shift();
  }

  /**
   * The number of samples since the last mark is not reported; it is assumed to match the times if
   * they continue.
   */
  #restart(stated: number | undefined): void {
    const due = (this.#start ?? 0) + this.#base + this.#counted + this.#silence;
    const passed = stated !== undefined && this.#clock.goesOn(stated) ? this.#clock.shifted(stated) - due : 0;
    this.#base += this.#counted + Math.max(0, passed);
  }
}
