import { type Clock, systemClock } from './clock.ts';
import { UsageError } from './errors.ts';
import { LONGEST_TIMER } from './longest-timer.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000 };

/**
 * Milliseconds between two starts of a rate written `N/s`, `N/min` or `N/h`.
 *
 * @throws UsageError for anything else.
 */
export function startInterval(rate: string): number {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)\/(s|min|h)$/.exec(rate) ?? [];
  const interval = (UNITS[unit] ?? Number.NaN) / Number(count);
  if (!Number.isFinite(interval)) {
    throw new UsageError(
      `\`rate\` must be a number above 0 with a unit (/s, /min or /h), such as 10/min, but is '${rate}'`,
      {
        option: 'rate',
      },
    );
  }
  return interval;
}

/**
 * Spaces starts evenly: each comes at least `interval` ms after the previous one, whoever asks. A
 * pause does not accumulate starts for a later burst.
 */
export class StartRate {
  readonly #interval: number;
  readonly #clock: Clock;
  #next = 0;
  #before: Promise<void> = Promise.resolve();

  /** @param interval - milliseconds; 0 lets every start through at once. */
  constructor(interval: number, clock: Clock = systemClock) {
    this.#interval = interval;
    this.#clock = clock;
  }

  /**
   * Waits for this caller's turn; callers come in the order in which they asked.
   * @throws AbortError on abort.
   */
  async turn(signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const at = Math.max(now, this.#next);
    this.#next = at + this.#interval;
    // A timer counts from the start of its event-loop turn, `now` from this moment: after a long
    // pause between two callers, the later one's timer may fire first.
    const before = this.#before;
    const turn = sleep(at - now, signal, this.#clock).then(() => before);
    // A caller that gives up holds up nobody.
    this.#before = turn.catch(() => before);
    await turn;
  }
}

/** Waits by a clock. @throws AbortError on abort. */
export async function sleep(milliseconds: number, signal: AbortSignal, clock: Clock = systemClock): Promise<void> {
  for (let left = milliseconds; left > 0; left -= LONGEST_TIMER)
    await once(Math.min(left, LONGEST_TIMER), signal, clock);
}

function once(milliseconds: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    let callOff: (() => void) | undefined;
    const abort = () => {
      callOff?.();
      reject(new DOMException('waiting was aborted', 'AbortError'));
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    callOff = clock.after(milliseconds, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}
