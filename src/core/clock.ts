/** A source of time: the system or, in tests, a scheduler that controls it. */
export interface Clock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Calls back once after a delay. @returns a function that cancels it. */
  after(milliseconds: number, work: () => void): () => void;
  /** Milliseconds by which `after` may be early. */
  readonly early: number;
}

/** The timers of the process, which tests may replace. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds);
    return () => clearTimeout(timer);
  },
  early: 1,
};
