import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { checkFunction, checkInteger, checkPositive, checkString, shown } from '../check.ts';
import { FlowError, UsageError } from '../errors.ts';
import type { Flusher } from './admission.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import type { DuplicateRules, Original } from './duplicates.ts';
import { Fifo } from './fifo.ts';
import { type Duplicate, LaneDuplicates } from './lane-duplicates.ts';
import type { ScopeAccount, Station } from './ledger.ts';
import type { OperatorClock } from './observe.ts';
import type { Bytes } from './payload.ts';
import type { Scope } from './scope.ts';

/** When a batch is run, and by what. */
export interface MicroBatchOptions<A, R> {
  /** Names it in metrics and errors. */
  readonly name: string;
  /** The most elements in a batch. */
  readonly maxCount: number;
  /** The most bytes in a batch of more than one element; default no limit. */
  readonly maxBytes?: Bytes;
  /** Milliseconds the oldest element may wait for the batch to fill. */
  readonly maxDelay: number;
  /** Batches that may be in flight at once; default 1. */
  readonly maxInFlight?: number;
  /** Bytes an element that is not a payload keeps alive; default `bytesOf`. */
  readonly cost?: (value: A) => Bytes;
  /** The result does not refer to the element: let go of the element before its result is emitted. Default false. */
  readonly releaseFirst?: boolean;
  /** Elements equal to a recent one of their pipeline take its result instead of a place in a batch. Needs `releaseFirst`. Default: none do. */
  readonly duplicates?: DuplicateRules<A, R>;
  /** Must give one result per element, in their order. */
  readonly run: (batch: readonly A[]) => Promise<readonly R[]>;
}

interface Item<A, R> {
  readonly value: A;
  readonly bytes: Bytes;
  readonly lane: Lane<A, R>;
  /** What this element is the first of, where duplicates are looked for. */
  readonly original: Original<A, R> | undefined;
  result: { readonly value: R } | undefined;
}

/** One pipeline that shares the batcher. */
interface Lane<A, R> {
  readonly station: Station;
  readonly out: Subscriber<R>;
  /** Its elements without an emitted result, in order. */
  readonly line: Fifo<Item<A, R> | Duplicate<A, R>>;
  /** Where duplicates are looked for. */
  readonly duplicates: LaneDuplicates<A, R> | undefined;
  ended: boolean;
  stopped: boolean;
}

/**
 * Gathers the elements of any number of pipelines into batches for one function, usually a network's session, and gives
 * each pipeline its results in its own order.
 *
 * Holds every element until its result was emitted (`releaseFirst`: until the batch settled). A batch runs when it is
 * full, when its oldest element waited `maxDelay`, when no pipeline can bring another element, or when every source of
 * the flow waits for room. A failed batch fails the pipelines that have elements in it; a wrong number of results is
 * FlowError `batch-result`. Unsubscribing takes waiting elements out; those in a running batch keep their bytes until it
 * settles, and their results are dropped.
 *
 * With `duplicates`, an element equal to a recent one of its pipeline is let go at once and takes a copy of that one's
 * result, in its own place of the order; when that one's batch fails, both fail. The results remembered for it are kept
 * bytes of the scope, `recent * resultBytes` at most for each pipeline; they are given up when nothing else can free bytes.
 *
 * @example
 * const session = flow.microBatch({ name: 'fc7', maxCount: 16, maxDelay: 50, run: (frames) => network.embed(frames) });
 * frames.pipe(session.operator(scope));
 */
export class MicroBatch<A, R> implements Flusher {
  readonly #core: FlowCore;
  readonly #root: ScopeAccount;
  readonly #options: MicroBatchOptions<A, R>;
  readonly #cost: (value: A) => Bytes;
  readonly #clock: OperatorClock;
  readonly #maxInFlight: number;
  readonly #waiting = new Fifo<Item<A, R>>();
  #waitingBytes = 0;
  /** What the pipelines remember, to recognise duplicates. */
  readonly #remembering = new Set<LaneDuplicates<A, R>>();
  /** Bytes of it. */
  #keptBytes: Bytes = 0;
  /** Pipelines that may bring more elements. */
  #open = 0;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #batches = 0;
  #items = 0;

  /** Made by `flow.microBatch`. */
  constructor(core: FlowCore, root: ScopeAccount, options: MicroBatchOptions<A, R>) {
    checkString('name', options.name);
    checkInteger('maxCount', options.maxCount);
    if (options.maxBytes !== undefined) checkInteger('maxBytes', options.maxBytes);
    checkPositive('maxDelay', options.maxDelay, { zero: true });
    checkFunction('run', options.run);
    this.#core = core;
    this.#root = root;
    this.#options = options;
    this.#cost = costOfKept(options.cost);
    this.#maxInFlight = checkInteger('maxInFlight', options.maxInFlight ?? 1);
    this.#clock = core.clock(options.name, 'micro-batch');
    this.#clock.batchLimit = options.maxCount;
    if (options.duplicates === undefined) return;
    if (options.releaseFirst !== true) {
      throw new UsageError('`duplicates` need `releaseFirst`, because their results must not refer to the elements');
    }
    checkInteger('duplicates.recent', options.duplicates.recent);
    checkInteger('duplicates.resultBytes', options.duplicates.resultBytes, 0);
    checkInteger('duplicates.unheld', options.duplicates.unheld ?? 0, 0);
    this.#clock.duplicates ??= 0;
  }

  /** Its name in metrics and errors. */
  get name(): string {
    return this.#options.name;
  }

  /** Batches run so far. */
  get batches(): number {
    return this.#batches;
  }

  /** Elements in them. */
  get items(): number {
    return this.#items;
  }

  /** Maps a pipeline's elements to their results; what it holds is attributed to `scope`. */
  operator(scope?: Scope): OperatorFunction<A, R> {
    const account = scope === undefined ? this.#root : scope.account(this.#core);
    return (input) =>
      new Observable<R>((out) => {
        const station = this.#core.station(this.#options.name, 'micro-batch', account);
        const rules = this.#options.duplicates;
        const duplicates = rules && new LaneDuplicates(rules, this.#core.ledger, station);
        const lane: Lane<A, R> = { station, out, line: new Fifo(), duplicates, ended: false, stopped: false };
        this.#open++;
        if (duplicates !== undefined) this.#remembering.add(duplicates);
        out.add(() => this.#leave(lane));
        connect(input, out, {
          next: (value) => this.#take(lane, value),
          complete: () => {
            this.#end(lane);
            if (lane.line.size === 0) out.complete();
          },
        });
      });
  }

  /** Runs what waits though it is no full batch, or else forgets results. Called by the flow when nothing is in flight. */
  flush(): boolean {
    if (this.#waiting.size > 0) {
      this.#run();
      return true;
    }
    const kept = this.#keptBytes;
    for (const duplicates of this.#remembering) {
      duplicates.forget();
      this.#countKept(duplicates);
    }
    return kept > 0;
  }

  #take(lane: Lane<A, R>, value: A): void {
    this.#clock.in++;
    const { duplicates } = lane;
    const met = duplicates?.meet(value);
    if (duplicates !== undefined && met?.isDuplicate === true) {
      lane.line.push(duplicates.wait(value, met.original, this.#cost));
      this.#drain(lane);
      return;
    }
    const bytes = this.#cost(value);
    this.#core.ledger.hold(lane.station, value, bytes);
    const item: Item<A, R> = { value, bytes, lane, original: met?.original, result: undefined };
    this.#countKept(duplicates);
    lane.line.push(item);
    this.#waiting.push(item);
    this.#waitingBytes += bytes;
    this.#core.admission.flushers.add(this);
    this.#timer ??= setTimeout(() => this.#expire(), this.#options.maxDelay);
    this.#runWhatIsDue();
  }

  /** What a pipeline remembers has changed: counts its bytes. */
  #countKept(duplicates: LaneDuplicates<A, R> | undefined): void {
    const change = duplicates?.count() ?? 0;
    this.#keptBytes += change;
    if (change > 0) this.#core.admission.flushers.add(this);
    else if (change < 0) this.#retire();
  }

  /** There is nothing left to flush. */
  #retire(): void {
    if (this.#waiting.size === 0 && this.#keptBytes === 0) this.#core.admission.flushers.delete(this);
  }

  /** The pipeline brings no more elements; when it was the last, no batch can become any fuller. */
  #end(lane: Lane<A, R>): void {
    if (lane.ended) return;
    lane.ended = true;
    this.#open--;
    this.#runWhatIsDue();
  }

  #expire(): void {
    this.#timer = undefined;
    this.#due = true;
    this.#runWhatIsDue();
  }

  #runWhatIsDue(): void {
    const { maxCount, maxBytes } = this.#options;
    while (this.#running < this.#maxInFlight && this.#waiting.size > 0) {
      const full = this.#waiting.size >= maxCount || (maxBytes !== undefined && this.#waitingBytes >= maxBytes);
      if (!full && !this.#due && this.#open > 0) return;
      this.#run();
    }
  }

  #run(): void {
    const batch = this.#nextBatch();
    this.#waitAnew();
    this.#running++;
    this.#batches++;
    this.#items += batch.length;
    this.#clock.batches++;
    this.#clock.batched += batch.length;
    this.#clock.enter();
    let promise: Promise<readonly R[]>;
    try {
      promise = Promise.resolve(this.#options.run(batch.map((item) => item.value)));
    } catch (error) {
      promise = Promise.reject(error);
    }
    promise.then(
      (results) => this.#settle(batch, results, this.#mismatch(batch, results)),
      (error) => this.#settle(batch, [], { error }),
    );
  }

  #nextBatch(): Item<A, R>[] {
    const { maxCount, maxBytes } = this.#options;
    const batch: Item<A, R>[] = [];
    let bytes = 0;
    while (batch.length < maxCount) {
      const item = this.#waiting.peek();
      if (item === undefined) break;
      if (maxBytes !== undefined && batch.length > 0 && bytes + item.bytes > maxBytes) break;
      this.#waiting.shift();
      bytes += item.bytes;
      batch.push(item);
    }
    this.#waitingBytes -= bytes;
    return batch;
  }

  /** The oldest element changed: its time to wait begins now. */
  #waitAnew(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = false;
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#expire(), this.#options.maxDelay);
    else this.#retire();
  }

  #mismatch(batch: readonly Item<A, R>[], results: readonly R[]): { error: unknown } | undefined {
    if (Array.isArray(results) && results.length === batch.length) return undefined;
    const came = Array.isArray(results) ? `${results.length} results` : shown(results);
    const message = `'${this.name}' must return one result per element, but returned ${came} for ${batch.length} elements`;
    return { error: new FlowError('batch-result', message) };
  }

  #settle(batch: readonly Item<A, R>[], results: readonly R[], failure: { error: unknown } | undefined): void {
    this.#running--;
    this.#clock.leave();
    const { releaseFirst } = this.#options;
    const lanes = new Set<Lane<A, R>>();
    batch.forEach((item, index) => {
      lanes.add(item.lane);
      if (failure === undefined && item.original !== undefined && !item.lane.stopped) {
        item.lane.duplicates?.settle(item.original, item.value, results[index] as R);
      }
      if (failure !== undefined || item.lane.stopped || releaseFirst === true) this.#release(item);
      if (failure === undefined) item.result = { value: results[index] as R };
    });
    for (const lane of lanes) this.#countKept(lane.duplicates);
    // The next batch starts before these results are emitted: it executes while the downstreams work.
    this.#runWhatIsDue();
    for (const lane of lanes) {
      if (failure === undefined) this.#drain(lane);
      else lane.out.error(failure.error);
    }
  }

  #drain(lane: Lane<A, R>): void {
    while (!lane.stopped) {
      const item = lane.line.peek();
      if (item === undefined) break;
      if ('own' in item) {
        // Its original came before it in this line, and so has its result.
        lane.line.shift();
        const result = item.own((item.original.result as { value: R }).value);
        lane.duplicates?.leave(item);
        this.#clock.emit(lane.out, result);
        continue;
      }
      if (item.result === undefined) break;
      lane.line.shift();
      this.#clock.emit(lane.out, item.result.value);
      if (this.#options.releaseFirst !== true) this.#release(item);
    }
    if (lane.ended && lane.line.size === 0) lane.out.complete();
  }

  #leave(lane: Lane<A, R>): void {
    lane.stopped = true;
    for (const item of this.#waiting.remove((each) => each.lane === lane)) {
      this.#waitingBytes -= item.bytes;
      this.#release(item);
    }
    if (this.#waiting.size === 0) this.#waitAnew();
    for (let item = lane.line.shift(); item !== undefined; item = lane.line.shift()) {
      if ('own' in item) lane.duplicates?.leave(item);
      else if (item.result !== undefined && this.#options.releaseFirst !== true) this.#release(item);
    }
    lane.duplicates?.forget();
    this.#countKept(lane.duplicates);
    if (lane.duplicates !== undefined) this.#remembering.delete(lane.duplicates);
    this.#core.ledger.closeStation(lane.station);
    this.#end(lane);
  }

  #release(item: Item<A, R>): void {
    this.#core.ledger.release(item.lane.station, item.value, item.bytes);
  }
}
