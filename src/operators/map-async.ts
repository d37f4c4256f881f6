import { setMaxListeners } from 'node:events';
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { checkFunction, checkInteger, checkPositive, checkString } from '../core/check.ts';
import { FlowError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import { Fifo } from './fifo.ts';
import { weightOf } from './measure.ts';
import type { OperatorInstance, PoolConsumer } from './memory-pool.ts';
import type { Bytes } from './payload.ts';
import { type PerseveringOptions, persevering } from './persevering.ts';
import { ResultRoom } from './result-room.ts';

/** How `mapAsync` works. */
export interface MapAsyncOptions<A, B = unknown> extends PerseveringOptions {
  /** Name in metrics and errors; default `map-async`. */
  readonly name?: string | undefined;
  /** Number of operations that may execute at once. */
  readonly concurrency: number;
  /**
   * Whether results keep the order of the elements (default true) or are emitted as they arrive.
   */
  readonly ordered?: boolean | undefined;
  /**
   * Milliseconds an operation may take, retries included, before the output fails with FlowError
   * `timeout`; default no limit.
   */
  readonly timeout?: number | undefined;
  /** Bytes an element that is not a payload keeps alive; default `bytesOf`. */
  readonly cost?: ((value: A) => Bytes) | undefined;
  /** Bytes a result that is not a payload keeps alive; default a fair guess. */
  readonly resultCost?: ((result: B) => Bytes) | undefined;
  /**
   * Bytes that a result may cost if that is more than its element, such as a path that becomes a
   * picture. Larger results raise it for those after them. Default 0: learnt from the first
   * results, for which nothing was reserved.
   */
  readonly resultEstimate?: Bytes | undefined;
}

/** An element on its way through. */
interface Operation<A, B> {
  readonly input: A;
  readonly bytes: Bytes;
  /** Bytes reserved for its result. */
  readonly promised: Bytes;
  result: { readonly value: B; readonly bytes: Bytes } | undefined;
  /** Its result is held while it waits for earlier elements. */
  waits: boolean;
  callOff: (() => void) | undefined;
  late: boolean;
}

/** The options of `mapAsync`. */
export const mapAsyncOptions: KnownOptions<MapAsyncOptions<never, never>> = {
  name: true,
  concurrency: true,
  ordered: true,
  timeout: true,
  cost: true,
  resultCost: true,
  resultEstimate: true,
  retry: true,
  rate: true,
};

/**
 * What `Flow.mapAsync` and `Scope.mapAsync` return: maps each element through an asynchronous
 * function.
 *
 * Holds every element from its arrival until its result has been emitted: waiting elements in a
 * first-in first-out queue (the budget is the only limit), executing ones and, if results are
 * ordered, those whose predecessors are not ready, together with their results. An operation whose
 * result is larger than its element, or would have to wait, starts when there is room for it. The
 * first error becomes the output's error at once. Unsubscribing aborts `signal` and releases what
 * is waiting; what is executing keeps its bytes until its promise settles, and a rejection after
 * that is taken as the response to the signal. A promise that never settles keeps its bytes for
 * good.
 */
export function mapAsync<A, B>(
  core: FlowCore,
  scope: PoolConsumer,
  map: (value: A, signal: AbortSignal) => Promise<B>,
  options: MapAsyncOptions<A, B>,
): OperatorFunction<A, B> {
  checkKnownOptions('mapAsync', options, mapAsyncOptions);
  checkFunction('map', map);
  const name = checkString('name', options.name ?? 'map-async');
  checkInteger('concurrency', options.concurrency);
  if (options.timeout !== undefined) checkPositive('timeout', options.timeout);
  if (options.resultEstimate !== undefined) checkInteger('resultEstimate', options.resultEstimate, 0);
  const cost = costOfKept(options.cost);
  const called = persevering(core, name, map, options);
  return (input) =>
    new Observable<B>((out) => {
      const instance = core.instance(name, 'map-async', scope);
      const mapping = new Mapping(core, instance, out, called, cost, options);
      out.add(() => mapping.stop());
      connect(input, out, { next: (value) => mapping.take(value), complete: () => mapping.complete() });
    });
}

class Mapping<A, B> {
  readonly #core: FlowCore;
  readonly #instance: OperatorInstance;
  readonly #out: Subscriber<B>;
  readonly #map: (value: A, signal: AbortSignal) => Promise<B>;
  readonly #cost: (value: A) => Bytes;
  readonly #resultCost: ((result: B) => Bytes) | undefined;
  readonly #concurrency: number;
  readonly #ordered: boolean;
  readonly #timeout: number | undefined;
  readonly #room: ResultRoom;
  readonly #abort = new AbortController();
  /** Elements waiting for their turn. */
  readonly #queue = new Fifo<{ input: A; bytes: Bytes }>();
  /** Operations in the order of their elements; used only if results are ordered. */
  readonly #line = new Fifo<Operation<A, B>>();
  #active = 0;
  #ended = false;
  #stopped = false;

  constructor(
    core: FlowCore,
    instance: OperatorInstance,
    out: Subscriber<B>,
    map: (value: A, signal: AbortSignal) => Promise<B>,
    cost: (value: A) => Bytes,
    options: MapAsyncOptions<A, B>,
  ) {
    this.#core = core;
    this.#instance = instance;
    this.#out = out;
    this.#map = map;
    this.#cost = cost;
    this.#resultCost = options.resultCost && costOfKept(options.resultCost);
    this.#concurrency = options.concurrency;
    this.#ordered = options.ordered ?? true;
    this.#timeout = options.timeout;
    this.#room = new ResultRoom(core.memoryPool, core.admission, options.concurrency);
    this.#room.expect(instance, options.resultEstimate ?? 0, 0);
    setMaxListeners(0, this.#abort.signal);
  }

  take(input: A): void {
    this.#instance.meter.in++;
    const bytes = this.#cost(input);
    this.#core.memoryPool.hold(this.#instance, input, bytes);
    this.#queue.push({ input, bytes });
    this.#startWhatMay();
  }

  complete(): void {
    this.#ended = true;
    this.#completeWhenDone();
  }

  stop(): void {
    this.#stopped = true;
    this.#abort.abort();
    this.#room.cancel();
    for (let it = this.#queue.shift(); it !== undefined; it = this.#queue.shift()) this.#release(it);
    for (let it = this.#line.shift(); it !== undefined; it = this.#line.shift()) {
      if (it.result !== undefined) this.#finish(it);
    }
    this.#core.memoryPool.closeInstance(this.#instance);
  }

  #startWhatMay(): void {
    while (!this.#stopped && this.#active < this.#concurrency && !this.#room.waiting) {
      const next = this.#queue.peek();
      if (next === undefined) return;
      const { largest } = this.#room;
      // What another operator holds as well is not given back for the result.
      let promised = Math.max(0, largest - this.#core.memoryPool.removal(next.input, next.bytes));
      if (!this.#ordered || this.#active === 0) {
        if (!this.#room.ask(this.#instance, promised, (refusal) => this.#admitted(promised, refusal))) return;
      } else {
        // Its result may have to wait beside its element, so it starts when there is room, or when
        // no earlier element is left.
        promised = largest;
        if (!this.#room.take(this.#instance, promised)) return;
      }
      this.#startNext(promised);
    }
  }

  /** The next operation was waiting for room, and now has it or never will. */
  #admitted(promised: Bytes, refusal: Error | undefined): void {
    if (refusal !== undefined) this.#out.error(refusal);
    else {
      this.#startNext(promised);
      this.#startWhatMay();
    }
  }

  #startNext(promised: Bytes): void {
    const { input, bytes } = this.#queue.shift() as { input: A; bytes: Bytes };
    const operation: Operation<A, B> = {
      input,
      bytes,
      promised,
      result: undefined,
      waits: false,
      callOff: undefined,
      late: false,
    };
    this.#active++;
    this.#instance.meter.enter();
    if (this.#ordered) this.#line.push(operation);
    if (this.#timeout !== undefined)
      operation.callOff = this.#core.clock.after(this.#timeout, () => this.#expire(operation));
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
    try {
      this.#keep(operation, value);
    } catch (error) {
      this.#release(operation);
      this.#out.error(error);
      return;
    }
    // The next one starts before this result is emitted, so it executes while the downstream works.
    this.#startWhatMay();
    if (this.#ordered) this.#drain();
    else this.#emit(operation);
    // If there was no room, it starts after it.
    this.#startWhatMay();
    this.#completeWhenDone();
  }

  /** Accepts a result, and holds it if it has to wait. */
  #keep(operation: Operation<A, B>, value: B): void {
    const given = this.#core.memoryPool.removal(operation.input, operation.bytes);
    this.#room.learn(this.#instance, value, this.#resultCost, given);
    const waits = this.#ordered && this.#line.peek() !== operation;
    const bytes = this.#resultCost?.(value) ?? weightOf(value);
    if (waits) this.#core.memoryPool.hold(this.#instance, value, bytes);
    operation.result = { value, bytes };
    operation.waits = waits;
  }

  #fail(operation: Operation<A, B>, error: unknown): void {
    this.#settle(operation);
    this.#release(operation);
    this.#out.error(error);
  }

  /**
   * The operation has timed out: nobody waits for it any more, but it keeps its bytes while it
   * executes.
   */
  #expire(operation: Operation<A, B>): void {
    operation.late = true;
    const { meter, scope } = this.#instance;
    meter.leave();
    this.#out.error(
      new FlowError('timeout', `an operation of '${scope.name}/${meter.name}' took longer than ${this.#timeout} ms`),
    );
  }

  #settle(operation: Operation<A, B>): void {
    operation.callOff?.();
    this.#active--;
    this.#room.give(this.#instance, operation.promised);
    if (!operation.late) this.#instance.meter.leave();
  }

  #drain(): void {
    while (!this.#stopped) {
      const operation = this.#line.peek();
      if (operation?.result === undefined) return;
      this.#line.shift();
      this.#emit(operation);
    }
  }

  #emit(operation: Operation<A, B>): void {
    this.#instance.meter.emit(this.#out, (operation.result as { value: B }).value);
    this.#finish(operation);
  }

  /** Releases an element and its result. */
  #finish(operation: Operation<A, B>): void {
    const { result } = operation;
    if (operation.waits && result !== undefined)
      this.#core.memoryPool.release(this.#instance, result.value, result.bytes);
    this.#release(operation);
  }

  #release(it: { input: A; bytes: Bytes }): void {
    this.#core.memoryPool.release(this.#instance, it.input, it.bytes);
  }

  #completeWhenDone(): void {
    if (this.#ended && this.#active === 0 && this.#line.size === 0 && this.#queue.size === 0) this.#out.complete();
  }
}
