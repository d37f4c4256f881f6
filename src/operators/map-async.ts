import { setMaxListeners } from 'node:events';
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { checkFunction, checkInteger, checkPositive, checkString } from '../check.ts';
import { FlowError } from '../errors.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import { Fifo } from './fifo.ts';
import type { ScopeAccount, Station } from './ledger.ts';
import type { Bytes } from './payload.ts';

/** How `mapAsync` works. */
export interface MapAsyncOptions<A> {
  /** Names it in metrics and errors; default `map-async`. */
  readonly name?: string;
  /** Operations that may execute at once. */
  readonly concurrency: number;
  /** Results in the order of the elements (default true), or as they come. */
  readonly ordered?: boolean;
  /** Milliseconds an operation may take before the output fails with FlowError `timeout`; default no limit. */
  readonly timeout?: number;
  /** Bytes an element that is not a payload keeps alive; default `bytesOf`. */
  readonly cost?: (value: A) => Bytes;
}

/** One element on its way through. */
interface Operation<A, B> {
  readonly input: A;
  readonly bytes: Bytes;
  result: { value: B } | undefined;
  timer: NodeJS.Timeout | undefined;
  late: boolean;
}

/**
 * What `Flow.mapAsync` and `Scope.mapAsync` return: maps each element through an asynchronous function.
 *
 * Holds every element from its arrival until its result was emitted: waiting ones in a first-in first-out queue without
 * an own limit (the budget is the limit), executing ones, and, in order, ones whose elders are not ready. The first error
 * is the output's error at once. Unsubscribing aborts `signal` and lets go of what waits; what executes keeps its bytes
 * until its promise settles, and a rejection after that is taken for the answer to the signal. A promise that never
 * settles keeps them for good.
 */
export function mapAsync<A, B>(
  core: FlowCore,
  scope: ScopeAccount,
  map: (value: A, signal: AbortSignal) => Promise<B>,
  options: MapAsyncOptions<A>,
): OperatorFunction<A, B> {
  checkFunction('map', map);
  const name = checkString('name', options.name ?? 'map-async');
  checkInteger('concurrency', options.concurrency);
  if (options.timeout !== undefined) checkPositive('timeout', options.timeout);
  const cost = costOfKept(options.cost);
  return (input) =>
    new Observable<B>((out) => {
      const station = core.station(name, 'map-async', scope);
      const mapping = new Mapping(core, station, out, map, cost, options);
      out.add(() => mapping.stop());
      connect(input, out, { next: (value) => mapping.take(value), complete: () => mapping.complete() });
    });
}

class Mapping<A, B> {
  readonly #core: FlowCore;
  readonly #station: Station;
  readonly #out: Subscriber<B>;
  readonly #map: (value: A, signal: AbortSignal) => Promise<B>;
  readonly #cost: (value: A) => Bytes;
  readonly #concurrency: number;
  readonly #ordered: boolean;
  readonly #timeout: number | undefined;
  readonly #abort = new AbortController();
  /** Elements that wait for their turn. */
  readonly #queue = new Fifo<{ input: A; bytes: Bytes }>();
  /** Operations in the order of their elements; only when results are to be in order. */
  readonly #line = new Fifo<Operation<A, B>>();
  #active = 0;
  #ended = false;
  #stopped = false;

  constructor(
    core: FlowCore,
    station: Station,
    out: Subscriber<B>,
    map: (value: A, signal: AbortSignal) => Promise<B>,
    cost: (value: A) => Bytes,
    options: MapAsyncOptions<A>,
  ) {
    this.#core = core;
    this.#station = station;
    this.#out = out;
    this.#map = map;
    this.#cost = cost;
    this.#concurrency = options.concurrency;
    this.#ordered = options.ordered ?? true;
    this.#timeout = options.timeout;
    setMaxListeners(0, this.#abort.signal);
  }

  take(input: A): void {
    this.#station.clock.in++;
    const bytes = this.#cost(input);
    this.#core.ledger.hold(this.#station, input, bytes);
    if (this.#active < this.#concurrency) this.#start(input, bytes);
    else this.#queue.push({ input, bytes });
  }

  complete(): void {
    this.#ended = true;
    this.#completeWhenDone();
  }

  stop(): void {
    this.#stopped = true;
    this.#abort.abort();
    for (let it = this.#queue.shift(); it !== undefined; it = this.#queue.shift()) this.#release(it);
    for (let it = this.#line.shift(); it !== undefined; it = this.#line.shift()) {
      if (it.result !== undefined) this.#release(it);
    }
    this.#core.ledger.closeStation(this.#station);
  }

  #start(input: A, bytes: Bytes): void {
    const operation: Operation<A, B> = { input, bytes, result: undefined, timer: undefined, late: false };
    this.#active++;
    this.#station.clock.enter();
    if (this.#ordered) this.#line.push(operation);
    if (this.#timeout !== undefined) operation.timer = setTimeout(() => this.#expire(operation), this.#timeout);
    let promise: Promise<B>;
    try {
      promise = Promise.resolve(this.#map(input, this.#abort.signal));
    } catch (error) {
      promise = Promise.reject(error);
    }
    promise.then(
      (value) => this.#succeed(operation, value),
      (error) => this.#fail(operation, error),
    );
  }

  #succeed(operation: Operation<A, B>, value: B): void {
    this.#settle(operation);
    if (this.#stopped) {
      this.#release(operation);
      return;
    }
    // The next one starts before this result is emitted: it executes while the downstream works.
    const waiting = this.#queue.shift();
    if (waiting !== undefined) this.#start(waiting.input, waiting.bytes);
    if (this.#ordered) {
      operation.result = { value };
      this.#drain();
    } else this.#emit(operation, value);
    this.#completeWhenDone();
  }

  #fail(operation: Operation<A, B>, error: unknown): void {
    this.#settle(operation);
    this.#release(operation);
    this.#out.error(error);
  }

  /** The operation's time is up: it is no longer waited for, but keeps its bytes while it executes. */
  #expire(operation: Operation<A, B>): void {
    operation.late = true;
    const { clock, scope } = this.#station;
    clock.leave();
    this.#out.error(
      new FlowError('timeout', `an operation of '${scope.name}/${clock.name}' took longer than ${this.#timeout} ms`),
    );
  }

  #settle(operation: Operation<A, B>): void {
    clearTimeout(operation.timer);
    this.#active--;
    if (!operation.late) this.#station.clock.leave();
  }

  #drain(): void {
    while (!this.#stopped) {
      const operation = this.#line.peek();
      if (operation?.result === undefined) return;
      this.#line.shift();
      this.#emit(operation, operation.result.value);
    }
  }

  #emit(operation: Operation<A, B>, value: B): void {
    this.#station.clock.emit(this.#out, value);
    this.#release(operation);
  }

  #release(it: { input: A; bytes: Bytes }): void {
    this.#core.ledger.release(this.#station, it.input, it.bytes);
  }

  #completeWhenDone(): void {
    if (this.#ended && this.#active === 0 && this.#line.size === 0) this.#out.complete();
  }
}
