import { checkInteger } from '../core/check.ts';
import { StartRate, sleep, startInterval } from '../core/start-rate.ts';
import type { FlowCore } from './core.ts';

/** How often, and how many at a time, an asynchronous function is called. */
export interface PerseveringOptions {
  /**
   * How often a failed operation is retried, after 0.5 s, 1 s, 2 s and so on, at most 30 s apart.
   * Default 0. Meanwhile its element stays held and it occupies its place in `concurrency`. The
   * last error becomes the output's error.
   */
  readonly retry?: number | undefined;
  /**
   * Maximum rate of operations, evenly spaced: `20/s`, `100/min`, `1000/h`; retries included. It
   * applies to all operators of the name in the flow together, over all videos. Default: no limit.
   */
  readonly rate?: string | undefined;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

const rates = new WeakMap<FlowCore, Map<string, StartRate>>();

/**
 * The function with retries and a rate limit; the function itself if neither is set.
 * @throws UsageError if an option is invalid.
 */
export function persevering<A, B>(
  core: FlowCore,
  name: string,
  map: (value: A, signal: AbortSignal) => Promise<B>,
  { retry = 0, rate }: PerseveringOptions,
): (value: A, signal: AbortSignal) => Promise<B> {
  checkInteger('retry', retry, 0, 1000);
  const starts = rate === undefined ? undefined : startsOf(core, name, rate);
  if (retry === 0 && starts === undefined) return map;
  return async (value, signal) => {
    for (let attempt = 0; ; attempt++) {
      await starts?.turn(signal);
      try {
        return await map(value, signal);
      } catch (error) {
        if (attempt >= retry || signal.aborted) throw error;
        await sleep(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt), signal, core.clock);
      }
    }
  };
}

/** One for all operators of a name in a flow; the first sets the rate. */
function startsOf(core: FlowCore, name: string, rate: string): StartRate {
  const interval = startInterval(rate);
  const ofFlow = rates.get(core) ?? new Map<string, StartRate>();
  rates.set(core, ofFlow);
  const starts = ofFlow.get(name) ?? new StartRate(interval, core.clock);
  ofFlow.set(name, starts);
  return starts;
}
