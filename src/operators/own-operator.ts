import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { checkFunction, checkString, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import type { Flusher } from './admission.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import type { OperatorInstance, PoolConsumer } from './memory-pool.ts';
import type { TimedState } from './operator-meter.ts';
import type { Bytes } from './payload.ts';

/**
 * What your operator works with; a new one for each subscription. The functions may be
 * destructured.
 */
export interface Holding<Out> {
  /**
   * Holds an element beyond the `next` that received it, and returns it: until `release` its bytes
   * count and it stays valid. As with every operator, a view of a frame, or an object that contains
   * one, keeps the frame. An element kept twice must be released twice. Whatever is still kept on
   * completion, error or unsubscription is released then.
   *
   * @throws FlowError `recycled` if it is too late: keep an element inside the `next` that received
   * it.
   */
  readonly keep: <T>(element: T) => T;
  /** Releases an element that was kept. @throws UsageError if it was not. */
  readonly release: (element: unknown) => void;
  /**
   * Emits a value, inside `next` or later. What it refers to must be kept, or be what `next` was
   * called with, until `emit` returns. Ignored if nobody is listening any more.
   */
  readonly emit: (value: Out) => void;
  /**
   * Announces asynchronous work, which ends with `end()`: meanwhile the flow does not consider
   * itself stuck, and what is kept stays valid even if the subscriber leaves.
   */
  readonly busy: () => TimedState;
  /** Fails the output, for work that fails outside `next`. */
  readonly fail: (error: unknown) => void;
  /** Aborted on completion, on error and on unsubscription. */
  readonly signal: AbortSignal;
}

/**
 * What your operator does with its input. An error thrown by one of these becomes the output's
 * error.
 */
export interface Stage<In> {
  /** Called with each element, which is valid until this returns, or longer if it is kept. */
  next(element: In): void;
  /**
   * Called when the input has completed; the output completes when this returns, or when the
   * promise that it returns resolves.
   */
  complete?(): void | Promise<void>;
  /**
   * Called when nothing in the flow can move for lack of room: release something now, or begin to
   * (`busy`), even if you would rather wait for more. Without it, a stuck flow goes over its budget
   * or fails.
   */
  readonly flush?: (() => void) | undefined;
}

/** How your operator counts its elements. */
export interface OperatorOptions {
  /** Bytes of a kept element that is not a payload; default `bytesOf`: a fair guess. */
  readonly cost?: ((element: unknown) => Bytes) | undefined;
}

/** The options of `operator`. */
export const operatorOptions: KnownOptions<OperatorOptions> = { cost: true };

/**
 * Makes your own operator, which keeps elements as the built-in ones do: `define` is called for
 * each subscription with `keep`, `release` and `emit`, and returns what to do with each element.
 * See `Holding` and `Stage`.
 *
 * Holds what it keeps; the budget is the only limit. Releases it on completion, error and
 * unsubscription, which aborts `signal`, but not before all announced work (`busy`) has ended.
 *
 * @example
 * const intervals = scope.operator<Frame, number>('intervals', ({ keep, release, emit }) => {
 *   let last: Frame | undefined;
 *   return {
 *     next(frame) {
 *       if (last) {
 *         emit(frame.time - last.time);
 *         release(last);
 *       }
 *       last = keep(frame);
 *     },
 *   };
 * });
 * scope.frames().pipe(intervals);
 */
export type OperatorMaker = <In, Out>(
  name: string,
  define: (holding: Holding<Out>) => Stage<In>,
  options?: OperatorOptions,
) => OperatorFunction<In, Out>;

/** The `operator` of a scope. */
export function operatorMaker(core: FlowCore, scope: PoolConsumer): OperatorMaker {
  return (name, define, options) => ownOperator(core, scope, name, define, options);
}

function ownOperator<In, Out>(
  core: FlowCore,
  scope: PoolConsumer,
  name: string,
  define: (holding: Holding<Out>) => Stage<In>,
  options: OperatorOptions = {},
): OperatorFunction<In, Out> {
  checkKnownOptions('operator', options, operatorOptions);
  checkString('name', name);
  checkFunction('define', define);
  const cost = costOfKept(options.cost);
  return (input) =>
    new Observable<Out>((out) => {
      const running = new Running<In, Out>(core, core.instance(name, 'operator', scope), out, cost);
      out.add(() => running.stop());
      running.begin(define);
      connect(input, out, { next: (element) => running.next(element), complete: () => running.complete() });
    });
}

/** One subscription of your operator. */
class Running<In, Out> implements Flusher {
  readonly #core: FlowCore;
  readonly #instance: OperatorInstance;
  readonly #out: Subscriber<Out>;
  readonly #cost: (value: unknown) => Bytes;
  readonly #abort = new AbortController();
  /** How often each element is kept, and the bytes it counted at first. */
  readonly #kept = new Map<unknown, { count: number; readonly bytes: Bytes }>();
  #stage: Stage<In> | undefined;
  /** Calls into the stage that have not returned. */
  #calls = 0;
  /** Work under way outside them. */
  #spans = 0;
  #stopped = false;

  constructor(core: FlowCore, instance: OperatorInstance, out: Subscriber<Out>, cost: (value: unknown) => Bytes) {
    this.#core = core;
    this.#instance = instance;
    this.#out = out;
    this.#cost = cost;
  }

  begin(define: (holding: Holding<Out>) => Stage<In>): void {
    const stage = define({
      keep: (element) => this.#keep(element),
      release: (element) => this.#release(element),
      emit: (value) => this.#emit(value),
      busy: () => this.#busy(),
      fail: (error) => this.#out.error(error),
      signal: this.#abort.signal,
    });
    if (typeof stage !== 'object' || stage === null || typeof stage.next !== 'function') {
      throw new UsageError(`\`define\` must return an object with \`next\`, but returned ${shown(stage)}`);
    }
    this.#stage = stage;
    if (stage.flush !== undefined) this.#core.admission.flushers.add(this);
  }

  next(element: In): void {
    this.#instance.meter.in++;
    this.#call((stage) => stage.next(element));
  }

  complete(): void {
    const ending = this.#call((stage) => stage.complete?.());
    if (!(ending instanceof Promise)) {
      this.#out.complete();
      return;
    }
    const span = this.#busy();
    ending
      .then(
        () => this.#out.complete(),
        (error) => this.#out.error(error),
      )
      .finally(() => span.end());
  }

  /** Called when nothing can move. @returns whether anything can now. */
  flush(): boolean {
    const { memoryPool, admission } = this.#core;
    const before = memoryPool.used;
    try {
      this.#call((stage) => stage.flush?.());
    } catch (error) {
      this.#out.error(error);
    }
    return memoryPool.used < before || admission.inFlight > 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#abort.abort();
    this.#core.admission.flushers.delete(this);
    this.#core.memoryPool.closeInstance(this.#instance);
    this.#releaseAllWhenIdle();
  }

  #call<R>(work: (stage: Stage<In>) => R): R {
    const { meter } = this.#instance;
    meter.enter();
    this.#calls++;
    try {
      return work(this.#stage as Stage<In>);
    } finally {
      this.#calls--;
      meter.leave();
      if (this.#stopped) this.#releaseAllWhenIdle();
    }
  }

  #keep<T>(element: T): T {
    // Nobody will receive it, and nobody would release it.
    if (this.#stopped && this.#calls === 0 && this.#spans === 0) return element;
    const kept = this.#kept.get(element);
    const bytes = kept?.bytes ?? this.#cost(element);
    this.#core.memoryPool.hold(this.#instance, element, bytes);
    if (kept === undefined) this.#kept.set(element, { count: 1, bytes });
    else kept.count++;
    return element;
  }

  #release(element: unknown): void {
    const kept = this.#kept.get(element);
    if (kept === undefined) {
      if (this.#stopped) return;
      throw new UsageError(`\`release\` must be given what was kept, but was given ${shown(element)}`);
    }
    if (--kept.count === 0) this.#kept.delete(element);
    this.#core.memoryPool.release(this.#instance, element, kept.bytes);
  }

  #emit(value: Out): void {
    if (this.#stopped) return;
    const { meter } = this.#instance;
    // Counts nothing more, but what the value refers to must be valid.
    this.#core.memoryPool.hold(this.#instance, value, 0);
    try {
      if (this.#calls === 0) meter.emit(this.#out, value);
      else {
        // The downstream's time does not count as its own.
        try {
          meter.handOver(this.#out, value);
        } finally {
          meter.enter();
        }
      }
    } finally {
      this.#core.memoryPool.release(this.#instance, value, 0);
    }
  }

  #busy(): TimedState {
    const span = this.#instance.meter.busy();
    this.#spans++;
    let ended = false;
    return {
      end: () => {
        if (ended) return;
        ended = true;
        this.#spans--;
        span.end();
        if (this.#stopped) this.#releaseAllWhenIdle();
      },
    };
  }

  #releaseAllWhenIdle(): void {
    if (this.#calls > 0 || this.#spans > 0) return;
    for (const [element, { count, bytes }] of this.#kept) {
      this.#kept.delete(element);
      for (let time = 0; time < count; time++) this.#core.memoryPool.release(this.#instance, element, bytes);
    }
  }
}
