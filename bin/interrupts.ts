/** Ctrl-C once drains, twice stops. */
export interface Interrupts {
  /** Aborted by the first interrupt, and with `stop`: finish what runs, start nothing new. */
  readonly drain: AbortSignal;
  /** Aborted by the second, a hangup or SIGQUIT: stop at once. */
  readonly stop: AbortSignal;
  /** Gives the signals back their default effect. */
  release(): void;
}

/** Milliseconds after which a stop that was asked for happens in any case. */
const STOP_WITHIN = 5000;

/**
 * Catches SIGINT and SIGTERM, of which those after the second have no effect; and SIGHUP (a terminal that is closed) and SIGQUIT, which
 * stop at once.
 *
 * @param what what is finished after the first one, in words
 *
 * @example
 * const interrupts = catchInterrupts((line) => console.error(line));
 */
export function catchInterrupts(say: (line: string) => void, what = 'videos'): Interrupts {
  const drain = new AbortController();
  const stop = new AbortController();
  const stopNow = () => {
    drain.abort();
    stop.abort();
    setTimeout(() => process.exit(130), STOP_WITHIN).unref();
  };
  const onQuit = () => {
    if (stop.signal.aborted) return;
    say('stopping now; what is committed stays');
    stopNow();
  };
  const onHangup = () => {
    // The terminal is gone, and with it everybody who could be told that writing to it fails.
    process.stderr.on('error', () => undefined);
    if (!stop.signal.aborted) stopNow();
  };
  const onSignal = () => {
    if (stop.signal.aborted) return;
    if (drain.signal.aborted) {
      say('stopping now; what is committed stays');
      stopNow();
    } else {
      say(`finishing the ${what} that run; interrupt again to stop at once`);
      drain.abort();
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGQUIT', onQuit);
  process.on('SIGHUP', onHangup);
  return {
    drain: drain.signal,
    stop: stop.signal,
    release: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      process.off('SIGQUIT', onQuit);
      process.off('SIGHUP', onHangup);
    },
  };
}
