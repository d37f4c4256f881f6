import { FlowError } from '../../core/errors.ts';

/** A run of the work, and how many callers are waiting for it. */
interface Running<Result> {
  readonly result: Promise<Result>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * Work that any number of callers can ask for and that is done once. A caller that is aborted stops
 * waiting; the work stops when nobody is waiting any more. Its result is kept; work that failed or
 * was stopped is done again for the next caller.
 *
 * @example
 * const look = new SharedWork((own) => probe('heat.mp4', { signal: own }), "looking at 'heat.mp4'");
 * const info = await look.result(signal);
 */
export class SharedWork<Result> {
  readonly #work: (signal: AbortSignal) => Promise<Result>;
  readonly #what: string;
  #running: Running<Result> | undefined;

  /** @param what - names the work in messages. */
  constructor(work: (signal: AbortSignal) => Promise<Result>, what: string) {
    this.#work = work;
    this.#what = what;
  }

  /**
   * The result of the work.
   * @throws FlowError `aborted` if `signal` is aborted; the error that the work failed with.
   */
  async result(signal?: AbortSignal): Promise<Result> {
    if (signal?.aborted) throw this.#abortion(signal);
    const running = this.#running ?? this.#start();
    running.waiting += 1;
    if (signal === undefined) return running.result;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const abortion = this.#abortion(signal);
        running.waiting -= 1;
        const left = () => reject(abortion);
        if (running.waiting > 0) left();
        else {
          this.#forget(running);
          running.stop.abort(signal.reason);
          // The last caller waits until the work has stopped completely.
          running.result.then(left, left);
        }
      };
      signal.addEventListener('abort', leave, { once: true });
      running.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  #start(): Running<Result> {
    const stop = new AbortController();
    const running: Running<Result> = { result: this.#work(stop.signal), stop, waiting: 0 };
    this.#running = running;
    running.result.catch(() => this.#forget(running));
    return running;
  }

  #forget(running: Running<Result>): void {
    if (this.#running === running) this.#running = undefined;
  }

  #abortion(signal: AbortSignal): FlowError {
    return new FlowError('aborted', `${this.#what} was aborted`, { cause: signal.reason });
  }
}
