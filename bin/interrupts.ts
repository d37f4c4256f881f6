/** Ctrl-C once drains, twice stops. */
export interface Interrupts {
  /** Aborted by the first interrupt: finish what runs, start nothing new. */
  readonly drain: AbortSignal;
  /** Aborted by the second: stop at once. */
  readonly stop: AbortSignal;
  /** Gives the signals back their default effect. */
  release(): void;
}

/** Milliseconds after which a stop that was asked for happens in any case. */
const STOP_WITHIN = 5000;

/**
 * Catches SIGINT and SIGTERM; those after the second are of no effect.
 *
 * @param what what is finished after the first one, in words
 *
 * @example
 * const interrupts = catchInterrupts((line) => console.error(line));
 */
export function catchInterrupts(say: (line: string) => void, what = 'videos'): Interrupts {
  const drain = new AbortController();
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) return;
    if (drain.signal.aborted) {
      say('stopping now; what is committed stays');
      stop.abort();
      setTimeout(() => process.exit(130), STOP_WITHIN).unref();
    } else {
      say(`finishing the ${what} that run; interrupt again to stop at once`);
      drain.abort();
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    drain: drain.signal,
    stop: stop.signal,
    release: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
