import { Observable, type Subscriber } from 'rxjs';
import { checkFunction, checkInteger, checkString, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import type { Waiter } from './admission.ts';
import { checkedCost, type FlowCore } from './core.ts';
import type { OperatorInstance, PoolConsumer } from './memory-pool.ts';
import type { Bytes } from './payload.ts';

/** Reads one element at a time. */
export interface PullSource<T> {
  /**
   * The next element, now or later; undefined at the end. Never called again before it has settled.
   */
  next(): T | undefined | Promise<T | undefined>;
  /**
   * Called exactly once: after the end, after an error, or when there is no subscriber any more. In
   * that last case a read may be pending, and must be made to settle.
   */
  close?(): void | Promise<void>;
}

/** How a source counts its elements. */
export interface SourceOptions<T> {
  /** Name of the source in metrics and errors. */
  readonly name: string;
  /** Bytes an element keeps alive. */
  readonly cost: (value: T) => Bytes;
  /**
   * Bytes to reserve before a read: the maximum cost of an element. A larger element raises it for
   * later reads.
   */
  readonly estimate: Bytes;
}

/**
 * What `Flow.source` and `Scope.source` return. Cold: every subscription opens its own reader. It
 * is opened after `subscribe` has returned, so nothing is emitted synchronously, and only when the
 * first read is admitted, so no decoder waits for room. Before each read the estimate is reserved
 * (waiting for room), and corrected to the true cost after it; a larger element, if there is no
 * room for it within `maxOvercommit`, waits. The element is held while the downstream's `next`
 * runs. Buffers nothing.
 *
 * Unsubscribing closes the reader at once or, if it is still opening, as soon as it is open. An
 * error of `close` is the subscriber's error if one is still listening, else a late error of the
 * flow.
 */
export function source<T>(
  core: FlowCore,
  scope: PoolConsumer,
  open: () => PullSource<T> | AsyncIterable<T> | Promise<PullSource<T> | AsyncIterable<T>>,
  options: SourceOptions<T>,
): Observable<T> {
  checkFunction('open', open);
  checkString('name', options.name);
  checkFunction('cost', options.cost);
  checkInteger('estimate', options.estimate, 0);
  const cost = checkedCost(options.cost);
  return new Observable<T>((out) => {
    const instance = core.instance(options.name, 'source', scope);
    const reading = new Reading(core, instance, out, open, cost, options.estimate);
    reading.start();
    return () => reading.stop();
  });
}

class Reading<T> {
  readonly #core: FlowCore;
  readonly #instance: OperatorInstance;
  readonly #out: Subscriber<T>;
  readonly #open: () => PullSource<T> | AsyncIterable<T> | Promise<PullSource<T> | AsyncIterable<T>>;
  readonly #cost: (value: T) => Bytes;
  #need: Bytes;
  /** Bytes reserved for the next or current read; undefined if none is admitted. */
  #promised: Bytes | undefined;
  #reader: PullSource<T> | undefined;
  /** Stops waiting for room; set while waiting. */
  #leaveQueue: (() => void) | undefined;
  #stopped = false;

  constructor(
    core: FlowCore,
    instance: OperatorInstance,
    out: Subscriber<T>,
    open: () => PullSource<T> | AsyncIterable<T> | Promise<PullSource<T> | AsyncIterable<T>>,
    cost: (value: T) => Bytes,
    estimate: Bytes,
  ) {
    this.#core = core;
    this.#instance = instance;
    this.#out = out;
    this.#open = open;
    this.#cost = cost;
    this.#need = estimate;
  }

  start(): void {
    this.#core.admission.begin();
    this.#core.memoryPool.openScope(this.#instance.scope);
    queueMicrotask(() => this.#run());
  }

  /** Whether nobody is listening any more. */
  stop(): void {
    this.#stopped = true;
    this.#leaveQueue?.();
    void this.#closeReader().catch((error) => this.#core.memoryPool.reportLate(error));
  }

  async #run(): Promise<void> {
    const { memoryPool, admission } = this.#core;
    let failure: { error: unknown } | undefined;
    try {
      if (!this.#stopped && (await this.#admitted()) && !this.#stopped) {
        await this.#openReader();
        if (!this.#stopped) await this.#readAll();
      }
    } catch (error) {
      failure = { error };
    }
    if (this.#promised !== undefined) memoryPool.unreserve(this.#instance.scope, this.#promised);
    try {
      await this.#closeReader();
    } catch (error) {
      if (failure === undefined && !this.#stopped) failure = { error };
      else memoryPool.reportLate(error);
    }
    memoryPool.closeInstance(this.#instance);
    memoryPool.closeScope(this.#instance.scope);
    if (failure === undefined) this.#out.complete();
    else this.#out.error(failure.error);
    admission.end();
  }

  async #openReader(): Promise<void> {
    const { meter } = this.#instance;
    meter.enter();
    try {
      this.#reader = toPullSource(await this.#open());
    } catch (error) {
      // A reader that was told to stop may answer like this; one that was not told has failed.
      if (this.#stopped) this.#core.memoryPool.reportLate(error);
      else throw error;
    } finally {
      meter.leave();
    }
  }

  async #readAll(): Promise<void> {
    const { memoryPool, yieldAfter } = this.#core;
    const { meter } = this.#instance;
    const reader = this.#reader as PullSource<T>;
    let turn = performance.now();
    for (let count = 1; ; count++) {
      const admitted = this.#admitted();
      if (admitted !== true && !(await admitted)) return;
      if (this.#stopped) return;
      meter.enter();
      let value: T | undefined;
      let bytes: Bytes | undefined;
      try {
        const read = reader.next();
        value = isPromise(read) ? await read : read;
        if (value === undefined) return;
        bytes = this.#cost(value);
      } finally {
        if (bytes === undefined) meter.leave();
      }
      const extra = bytes - (this.#promised as Bytes);
      if (extra > 0) {
        this.#need = bytes;
        meter.leave();
        await this.#roomFor(value, bytes, extra);
        meter.enter();
      }
      try {
        this.#settle(value, bytes);
      } catch (error) {
        meter.leave();
        throw error;
      }
      try {
        // What was read while the subscriber left is only held and released.
        if (this.#stopped) meter.leave();
        else meter.handOver(this.#out, value);
      } finally {
        memoryPool.release(this.#instance, value, bytes);
      }
      if (this.#stopped) return;
      if (count % 16 === 0 && performance.now() - turn > yieldAfter) {
        meter.block();
        await new Promise<void>((resolve) => setImmediate(resolve));
        meter.unblock();
        turn = performance.now();
        if (this.#stopped) return;
      }
    }
  }

  /** Whether the next read is admitted; false if nobody is listening any more. */
  #admitted(): boolean | Promise<boolean> {
    if (this.#promised !== undefined) return true;
    if (!this.#core.admission.tryReserve(this.#instance.scope, this.#need)) return this.#room(this.#need);
    this.#promised = this.#need;
    return true;
  }

  /** Turns the reservation for the read into a hold on what it returned. */
  #settle(value: T, bytes: Bytes): void {
    const promised = this.#promised as Bytes;
    this.#promised = undefined;
    this.#core.memoryPool.settle(this.#instance, promised, value, bytes);
  }

  /**
   * Finds room for what an element costs beyond its reservation. An element that is refused is
   * released.
   */
  async #roomFor(value: T, bytes: Bytes, extra: Bytes): Promise<void> {
    const { admission, memoryPool } = this.#core;
    if (admission.tryExceed(this.#instance.scope, extra)) {
      this.#promised = bytes;
      return;
    }
    try {
      await this.#room(extra);
    } catch (refusal) {
      this.#settle(value, bytes);
      memoryPool.release(this.#instance, value, bytes);
      throw refusal;
    }
  }

  /** Waits for room: true once it is reserved, false if nobody is listening any more. */
  async #room(need: Bytes): Promise<boolean> {
    const { meter } = this.#instance;
    meter.block();
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const waiter: Waiter = {
          instance: this.#instance,
          need,
          settle: (refusal) => {
            this.#leaveQueue = undefined;
            if (refusal !== undefined) reject(refusal);
            else {
              this.#promised = (this.#promised ?? 0) + need;
              resolve(true);
            }
          },
        };
        this.#leaveQueue = () => {
          this.#leaveQueue = undefined;
          this.#core.admission.cancel(waiter);
          resolve(false);
        };
        this.#core.admission.park(waiter);
      });
    } finally {
      meter.unblock();
    }
  }

  async #closeReader(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.close?.();
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function toPullSource<T>(opened: PullSource<T> | AsyncIterable<T>): PullSource<T> {
  if (typeof opened === 'object' && opened !== null) {
    if (Symbol.asyncIterator in opened) return pullSourceOf(opened[Symbol.asyncIterator]());
    if (typeof opened.next === 'function') return opened;
  }
  throw new UsageError(`\`open\` must return a pull source or an async iterable, but returned ${shown(opened)}`);
}

function pullSourceOf<T>(iterator: AsyncIterator<T>): PullSource<T> {
  let finished = false;
  return {
    async next() {
      let step: IteratorResult<T>;
      try {
        step = await iterator.next();
      } catch (error) {
        finished = true;
        throw error;
      }
      if (step.done === true) {
        finished = true;
        return undefined;
      }
      if (step.value === undefined) throw new UsageError('an element of a source must not be undefined');
      return step.value;
    },
    async close() {
      // Like `for await`: an iterator that ended or failed on its own is not told to return.
      if (!finished) await iterator.return?.();
    },
  };
}
