import { map, type Observable, type OperatorFunction, type SchedulerLike, timer } from 'rxjs';
import { checkFunction, checkPositive, checkString, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import { Admission } from './admission.ts';
import { BudgetTooSmallError, formatBytes, type HeldBytes, parseBytes } from './budget.ts';
import { BufferPool } from './buffer-pool.ts';
import { FlowCore } from './core.ts';
import type { MapAsyncOptions } from './map-async.ts';
import { MemoryPool, PoolConsumer } from './memory-pool.ts';
import { MicroBatch } from './micro-batch.ts';
import type { MicroBatchOptions, RanBatch } from './micro-batch-options.ts';
import type { FlowMetrics, OperatorMeter } from './operator-meter.ts';
import type { OperatorMaker } from './own-operator.ts';
import type { Bytes } from './payload.ts';
import { clockOf } from './scheduler-clock.ts';
import { Scope } from './scope.ts';
import type { PullSource, SourceOptions } from './source.ts';
import type { HoldOptions, WindowOptions } from './window.ts';
import type { ZipOptions } from './zip.ts';

export type { Scope } from './scope.ts';
export type { PullSource } from './source.ts';

/** How a flow keeps its budget. */
export interface FlowOptions {
  /**
   * Bytes by which elements may exceed the budget, one at a time, when nothing else can move;
   * default a quarter of the budget, 0 for never. Never used if claims are truthful.
   */
  readonly maxOvercommit?: Bytes | string | undefined;
  /**
   * Waiting sources are woken when at most this fraction of the budget is in use, 0 to 1; default
   * 0.75.
   */
  readonly lowWatermark?: number | undefined;
  /** Milliseconds a source may run before it yields to the event loop; default 4. */
  readonly yieldAfter?: number | undefined;
  /** Milliseconds between two values of `metrics$`; default 1,000. */
  readonly metricsEvery?: number | undefined;
  /**
   * Receives errors that arrive when no subscriber is left: from a reader's `close` after
   * unsubscription or after another error, and from a payload's `onIdle`. Default: a process
   * warning. They are counted in the metrics either way.
   */
  readonly onLateError?: ((error: unknown) => void) | undefined;
  /** Called for every batch that a micro-batcher has run. Must not throw. */
  readonly onBatch?: ((batch: RanBatch) => void) | undefined;
  /**
   * The clock of `delay`, timeouts, retries, rates and waiting batches: in a test, a
   * `TestScheduler` or `VirtualTimeScheduler` of RxJS. Default: the process's timers.
   */
  readonly scheduler?: SchedulerLike | undefined;
  /**
   * For tests: memory is overwritten as soon as nothing holds it, and not reused. A view that
   * somebody kept without holding it then shows garbage (255 in frames, NaN in audio) instead of
   * the next frame, which might look right. Default false.
   */
  readonly poison?: boolean | undefined;
}

/** What a scope announces about its memory. */
export interface ScopeOptions {
  /** The maximum bytes it holds at once. It may need all of them before it gives any back. */
  readonly claim?: Bytes | string | undefined;
  /**
   * The part of the claim that its reservations (`scope.reservation`) may take up. It is set aside
   * when the scope's first read is admitted, so that what they add never exceeds the budget;
   * default 0.
   */
  readonly kept?: Bytes | string | undefined;
}

const known: KnownOptions<FlowOptions> = {
  maxOvercommit: true,
  lowWatermark: true,
  yieldAfter: true,
  metricsEvery: true,
  onLateError: true,
  onBatch: true,
  poison: true,
  scheduler: true,
};

/**
 * Keeps the bytes held between operators under one budget. Only asynchronous operators hold
 * elements, so only they report, and only sources are held back; plain synchronous RxJS operators
 * work between them unchanged. Plain RxJS operators that keep elements (`mergeMap` with
 * asynchronous work, `delay`, `bufferCount`, `zip`, `toArray`, `shareReplay`) are not tracked: use
 * the flow's own, write one (`operator`), or give them copies.
 *
 * The flow knows exactly when its own operators cannot move any more. Asynchronous work elsewhere
 * that will release bytes (an outside partner of `zip`, a reservation closed after a write) must
 * announce itself with `flow.meter(name).busy()`; otherwise the flow considers itself stuck.
 *
 * @example
 * async function* tiles(): AsyncGenerator<Uint8Array> {
 *   for (let at = 0; at < 100; at += 1) yield new Uint8Array(65536);
 * }
 * const flow = new Flow('256MiB');
 * flow.source(tiles, { name: 'tiles', cost: (tile) => tile.byteLength, estimate: 65536 })
 *   .pipe(flow.mapAsync(async (tile) => writeFile('tile', tile), { concurrency: 4 }))
 *   .subscribe();
 */
export class Flow {
  /** Bytes that may be held. */
  readonly budget: Bytes;
  /** Reusable buffers. */
  readonly pool: BufferPool;
  /**
   * The state of the flow, now and then every second (`metricsEvery`) while subscribed; never
   * completes.
   */
  readonly metrics$: Observable<FlowMetrics>;
  /** Makes an operator of your own that keeps elements: see `OperatorMaker`. */
  readonly operator: OperatorMaker;
  readonly #core: FlowCore;
  readonly #memoryPool: MemoryPool;
  readonly #admission: Admission;
  readonly #root: Scope;
  readonly #rootAccount: PoolConsumer;
  #scopes = 0;
  #lateErrors = 0;

  /** @throws UsageError if the budget or an option is invalid. */
  constructor(budget: Bytes | string, options: FlowOptions = {}) {
    checkKnownOptions('Flow', options, known);
    this.budget = parseBytes(budget);
    const maxOvercommit = sizeOrZero(options.maxOvercommit ?? Math.floor(this.budget / 4));
    const lowWatermark = checkPositive('lowWatermark', options.lowWatermark ?? 0.75, { zero: true });
    if (lowWatermark > 1) throw new UsageError(`\`lowWatermark\` must be at most 1, but is ${shown(lowWatermark)}`);
    const yieldAfter = checkPositive('yieldAfter', options.yieldAfter ?? 4, { zero: true });
    const metricsEvery = checkPositive('metricsEvery', options.metricsEvery ?? 1000);
    const onLateError = options.onLateError ?? warn;
    checkFunction('onLateError', onLateError);
    this.#memoryPool = new MemoryPool(this.budget, (error) => {
      this.#lateErrors++;
      onLateError(error);
    });
    this.#admission = new Admission(this.#memoryPool, { maxOvercommit, lowWatermark });
    this.#core = new FlowCore(
      this.#memoryPool,
      this.#admission,
      yieldAfter,
      clockOf(options.scheduler),
      options.onBatch,
    );
    this.pool = new BufferPool(this.#memoryPool, options.poison);
    this.metrics$ = timer(0, metricsEvery, options.scheduler).pipe(map(() => this.metrics()));
    this.#rootAccount = new PoolConsumer('flow', 0, 0, this.#scopes++);
    this.#root = new Scope(this, this.#core, this.#rootAccount);
    this.operator = this.#root.operator;
  }

  /** Bytes held by operators now; an element held by several counts once. */
  get held(): Bytes {
    return this.#memoryPool.held;
  }

  /** Bytes reserved for reads now. */
  get reserved(): Bytes {
    return this.#memoryPool.reserved;
  }

  /** The peak of `held + reserved`. */
  get peakHeld(): Bytes {
    return this.#memoryPool.peak;
  }

  /** The largest excess of `held + reserved` over the budget. */
  get peakOvercommit(): Bytes {
    return this.#memoryPool.peakOvercommit;
  }

  /** Operations that will end on their own: reads, asynchronous operations, batches. */
  get inFlight(): number {
    return this.#admission.inFlight;
  }

  /**
   * Number of operators that are subscribed or hold bytes, and of scopes that are open or hold
   * bytes: 0 if nothing is left over.
   */
  get registered(): number {
    const { instances, scopes } = this.#memoryPool;
    return instances.size + scopes.size + this.#admission.flushers.size + this.#admission.waiters.length;
  }

  /**
   * A part of the flow with its own name, usually one video.
   *
   * @throws BudgetTooSmallError if the claim alone exceeds the budget.
   */
  scope(name: string, options: ScopeOptions = {}): Scope {
    checkString('name', name);
    const kept = sizeOrZero(options.kept);
    const claim = Math.max(kept, sizeOrZero(options.claim));
    if (claim > this.budget) {
      throw new BudgetTooSmallError(
        `'${name}' claims ${formatBytes(claim)}, but the budget is ${formatBytes(this.budget)}`,
        { holders: [], needed: claim, budget: this.budget },
      );
    }
    return new Scope(this, this.#core, new PoolConsumer(name, claim, kept, this.#scopes++));
  }

  /** Reads elements under the budget: see `Scope.source`. */
  source<T>(
    open: () => PullSource<T> | AsyncIterable<T> | Promise<PullSource<T> | AsyncIterable<T>>,
    options: SourceOptions<T>,
  ): Observable<T> {
    return this.#root.source(open, options);
  }

  /** Maps through an asynchronous function: see `Scope.mapAsync`. */
  mapAsync<A, B>(
    map: (value: A, signal: AbortSignal) => Promise<B>,
    options: MapAsyncOptions<A, B>,
  ): OperatorFunction<A, B> {
    return this.#root.mapAsync(map, options);
  }

  /** A batcher that any number of pipelines can share. */
  microBatch<A, R>(options: MicroBatchOptions<A, R>): MicroBatch<A, R> {
    return new MicroBatch(this.#core, this.#rootAccount, options);
  }

  /** Arrays of consecutive elements: see `Scope.window`. */
  window<A>(size: number, options?: WindowOptions<A>): OperatorFunction<A, A[]> {
    return this.#root.window(size, options);
  }

  /** Arrays of the elements between two signals: see `Scope.buffer`. */
  buffer<A>(closing: Observable<unknown>, options?: HoldOptions<A>): OperatorFunction<A, A[]> {
    return this.#root.buffer(closing, options);
  }

  /** Pairs with another stream: see `Scope.zip`. */
  zip<A, B>(other: Observable<B>, options?: ZipOptions<A, B>): OperatorFunction<A, [A, B]> {
    return this.#root.zip(other, options);
  }

  /** Emits each element later: see `Scope.delay`. */
  delay<A>(milliseconds: number, options?: HoldOptions<A>): OperatorFunction<A, A> {
    return this.#root.delay(milliseconds, options);
  }

  /** The meter shared by all operators of a name, for your own work: see `OperatorMeter`. */
  meter(name: string): OperatorMeter {
    return this.#root.meter(name);
  }

  /** Who holds bytes now, largest first: nobody once everything in the flow has ended. */
  holders(): readonly HeldBytes[] {
    return this.#memoryPool.holders();
  }

  /** The state of the flow now. */
  metrics(): FlowMetrics {
    const now = performance.now();
    return {
      budget: this.budget,
      held: this.held,
      reserved: this.reserved,
      peakHeld: this.peakHeld,
      overcommits: this.#admission.overcommits,
      peakOvercommit: this.peakOvercommit,
      pressureFlushes: this.#admission.pressureFlushes,
      lateErrors: this.#lateErrors,
      wallSeconds: this.#core.origin === undefined ? 0 : (now - this.#core.origin) / 1000,
      operators: [...this.#core.meters.values()].map((meter) => meter.metrics(now)),
    };
  }
}

function sizeOrZero(size: Bytes | string | undefined): Bytes {
  return size === undefined || size === 0 ? 0 : parseBytes(size);
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { type: 'ReelflowLateError' });
}
