import type { VirtualTimeScheduler } from 'rxjs';

/** Turns of the event loop in which promises may settle before time passes. */
const TURNS = 20;

/**
 * Lets the time of a scheduler pass until a promise is settled: pending promises go first, then the
 * next timer. For operators whose functions return promises, which marbles cannot wait for.
 *
 * @example
 * declare const flaky: (value: number) => Promise<number>;
 * const scheduler = new VirtualTimeScheduler();
 * const flow = new Flow('1MiB', { scheduler });
 * const rows = lastValueFrom(of(1).pipe(flow.mapAsync(flaky, { concurrency: 1, retry: 3 })));
 * await passTime(scheduler, rows); // in virtual time: 3.5 s of waiting take none
 */
export async function passTime<T>(scheduler: VirtualTimeScheduler, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  while (!isSettled) {
    for (let turn = 0; turn < TURNS && !isSettled; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const next = Math.min(...scheduler.actions.map(({ delay }) => delay));
    if (isSettled || !Number.isFinite(next)) continue;
    scheduler.maxFrames = Math.max(scheduler.frame, next);
    scheduler.flush();
  }
  return promise;
}
