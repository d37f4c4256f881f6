import type { Observable, OperatorFunction } from 'rxjs';
import { checkString } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { buffer } from './buffer.ts';
import type { FlowCore } from './core.ts';
import { delay } from './delay.ts';
import type { Flow } from './flow.ts';
import { type MapAsyncOptions, mapAsync } from './map-async.ts';
import type { PoolConsumer } from './memory-pool.ts';
import type { OperatorMeter } from './operator-meter.ts';
import { type OperatorMaker, operatorMaker } from './own-operator.ts';
import type { Bytes } from './payload.ts';
import { Reservation } from './reservation.ts';
import { type PullSource, type SourceOptions, source } from './source.ts';
import { type HoldOptions, type WindowOptions, window } from './window.ts';
import { type ZipOptions, zip } from './zip.ts';

/**
 * A part of a flow whose bytes are attributed to one name, usually one video: with the same
 * operators as the flow. Older scopes are served first. With a claim, the most a scope can hold at
 * once, the flow starts only as many scopes as can all finish.
 *
 * @example
 * const heat = video('heat.mp4');
 * const scope = flow.scope(heat.id, { claim: parseBytes('40MiB') });
 * frames(heat, { scope }).pipe(scope.window(16));
 */
export class Scope {
  /** Makes an operator of your own that keeps elements: see `OperatorMaker`. */
  readonly operator: OperatorMaker;
  readonly #core: FlowCore;
  readonly #account: PoolConsumer;

  /** Made by `flow.scope(name)`. @internal */
  constructor(
    readonly flow: Flow,
    core: FlowCore,
    account: PoolConsumer,
  ) {
    this.#core = core;
    this.#account = account;
    this.operator = operatorMaker(core, account);
  }

  /** The meter shared by all operators of a name, for work of your own. */
  meter(name: string): OperatorMeter {
    return this.#core.lastingMeter(checkString('name', name), 'operator');
  }

  /** Its name in metrics and errors. */
  get name(): string {
    return this.#account.name;
  }

  /** The most bytes it declared it can hold; 0 if it made no claim. */
  get claim(): Bytes {
    return this.#account.claim;
  }

  /** Bytes it holds now. */
  get held(): Bytes {
    return this.#account.held;
  }

  /**
   * Reads elements under the budget: see `PullSource`. Cold; closes the reader exactly once;
   * buffers nothing.
   */
  source<T>(
    open: () => PullSource<T> | AsyncIterable<T> | Promise<PullSource<T> | AsyncIterable<T>>,
    options: SourceOptions<T>,
  ): Observable<T> {
    return source(this.#core, this.#account, open, options);
  }

  /**
   * Maps through an asynchronous function; holds each element until its result has been emitted.
   */
  mapAsync<A, B>(
    map: (value: A, signal: AbortSignal) => Promise<B>,
    options: MapAsyncOptions<A, B>,
  ): OperatorFunction<A, B> {
    return mapAsync(this.#core, this.#account, map, options);
  }

  /** Arrays of `size` consecutive elements; holds the one being gathered. */
  window<A>(size: number, options?: WindowOptions<A>): OperatorFunction<A, A[]> {
    return window(this.#core, this.#account, size, options);
  }

  /** Arrays of the elements between two emissions of `closing`; holds the one being gathered. */
  buffer<A>(closing: Observable<unknown>, options?: HoldOptions<A>): OperatorFunction<A, A[]> {
    return buffer(this.#core, this.#account, closing, options);
  }

  /** Pairs with another stream; holds the elements without a partner. */
  zip<A, B>(other: Observable<B>, options?: ZipOptions<A, B>): OperatorFunction<A, [A, B]> {
    return zip(this.#core, this.#account, other, options);
  }

  /** Emits each element `milliseconds` later; holds those that are waiting. */
  delay<A>(milliseconds: number, options?: HoldOptions<A>): OperatorFunction<A, A> {
    return delay(this.#core, this.#account, milliseconds, options);
  }

  /** Accounts for bytes that an operator keeps on its own. */
  reservation(name: string): Reservation {
    return new Reservation(this.#core, this.#account, name);
  }

  /**
   * Its account in the flow with this core, for the flow's operators.
   * @throws UsageError if it belongs to another flow. @internal
   */
  account(core: FlowCore): PoolConsumer {
    if (core !== this.#core) {
      throw new UsageError(`\`scope\` must be of the same flow, but '${this.name}' belongs to another`);
    }
    return this.#account;
  }
}
