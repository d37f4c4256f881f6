import { FlowError } from '../src/core/errors.ts';
import type { Console } from './console.ts';

/** What interrupts request: the first to drain, the second to stop. */
export interface Interrupts {
  /**
   * Aborted by the first interrupt, and along with `stop`: finish what is running, start nothing
   * new.
   */
  readonly drain: AbortSignal;
  /** Aborted by the second interrupt, a hangup or SIGQUIT: stop at once. */
  readonly stop: AbortSignal;
  /** Restores the default effect of the signals. */
  release(): void;
}

/** The last words of a command that was interrupted and has no summary. */
const INTERRUPTED = 'interrupted';

/** Milliseconds after which a requested stop happens in any case. */
const STOP_WITHIN = 5000;

/**
 * Catches SIGINT and SIGTERM, which have no further effect after the second one, and SIGHUP (a
 * closed terminal) and SIGQUIT, which stop at once. After a stop, the process ends within 5 s in
 * any case. A command that cannot drain treats `drain` as a stop.
 *
 * @param first what to print on the first one
 * @param drainWithin milliseconds after the first one within which the process ends in any case;
 * without it, the process takes as long as it needs
 *
 * @example
 * const interrupts = catchInterrupts(console, drainNotice('videos'));
 */
export function catchInterrupts(console: Pick<Console, 'warn'>, first: string, drainWithin?: number): Interrupts {
  const drain = new AbortController();
  const stop = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const endWithin = (milliseconds: number) => {
    const end = () => {
      console.warn(INTERRUPTED);
      process.exit(130);
    };
    timers.push(setTimeout(end, milliseconds).unref());
  };
  const stopNow = () => {
    drain.abort();
    stop.abort();
    endWithin(STOP_WITHIN);
  };
  const onQuit = () => {
    if (stop.signal.aborted) return;
    console.warn('stopping now; finished items are kept');
    stopNow();
  };
  const onHangup = () => {
    // The terminal is gone, so nobody is left to be told that writing to it fails.
    process.stderr.on('error', () => undefined);
    if (!stop.signal.aborted) stopNow();
  };
  const onSignal = () => {
    if (drain.signal.aborted) return onQuit();
    console.warn(first);
    drain.abort();
    if (drainWithin !== undefined) endWithin(drainWithin);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGQUIT', onQuit);
  process.on('SIGHUP', onHangup);
  return {
    drain: drain.signal,
    stop: stop.signal,
    release: () => {
      for (const timer of timers) clearTimeout(timer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      process.off('SIGQUIT', onQuit);
      process.off('SIGHUP', onHangup);
    },
  };
}

/** The notice of a command that finishes its work in progress before it ends. */
export function drainNotice(what: string): string {
  return `finishing the ${what} in progress; interrupt again to stop immediately`;
}

/**
 * Runs work that the first interrupt stops; the exit code is then 130.
 *
 * @param drainWithin as in `catchInterrupts`
 */
export async function untilInterrupted(
  console: Console,
  first: string,
  work: (signal: AbortSignal) => Promise<number>,
  drainWithin?: number,
): Promise<number> {
  const interrupts = catchInterrupts(console, first, drainWithin);
  const signal = interrupts.drain;
  try {
    return await work(signal);
  } catch (error) {
    if (!(signal.aborted && error instanceof FlowError && error.code === 'aborted')) throw error;
    console.warn(INTERRUPTED);
    return 130;
  } finally {
    interrupts.release();
  }
}
