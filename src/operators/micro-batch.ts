import { Observable, type OperatorFunction } from 'rxjs';
import { checkInteger, shown } from '../core/check.ts';
import { FlowError } from '../core/errors.ts';
import type { Flusher } from './admission.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import { Fifo } from './fifo.ts';
import type { Batch, Item, Lane } from './lane.ts';
import { LaneDuplicates } from './lane-duplicates.ts';
import type { ScopeAccount, Station } from './ledger.ts';
import { weightOf } from './measure.ts';
import { checkMicroBatch, type MicroBatchOptions } from './micro-batch-options.ts';
import type { OperatorClock } from './observe.ts';
import type { Bytes } from './payload.ts';
import { ResultRoom } from './result-room.ts';
import type { Scope } from './scope.ts';

/**
 * Gathers the elements of any number of pipelines into batches for one function, usually a network's session, and gives
 * each pipeline its results in its own order.
 *
 * Holds every element until its result was emitted (`releaseFirst`: until the batch settled), and results that wait for
 * their elders. A batch whose results are larger than its elements, or would have to wait, is as large as there is room
 * for. A batch runs when it is full, when its oldest element waited `maxDelay`, when no pipeline can bring another element, or when every source of
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
  readonly #room: ResultRoom;
  readonly #resultCost: ((result: R) => Bytes) | undefined;
  readonly #waiting = new Fifo<Item<A, R>>();
  #waitingBytes = 0;
  /** What the pipelines remember, to recognise duplicates. */
  readonly #remembering = new Set<LaneDuplicates<A, R>>();
  /** Bytes of it. */
  #keptBytes: Bytes = 0;
  /** Pipelines that may bring more. */
  #open = 0;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #due = false;
  #batches = 0;
  #items = 0;

  /** Made by `flow.microBatch`. @internal */
  constructor(core: FlowCore, root: ScopeAccount, options: MicroBatchOptions<A, R>) {
    checkMicroBatch(options);
    this.#core = core;
    this.#root = root;
    this.#options = options;
    this.#cost = costOfKept(options.cost);
    this.#maxInFlight = checkInteger('maxInFlight', options.maxInFlight ?? 1);
    this.#resultCost = options.resultCost && costOfKept(options.resultCost);
    this.#room = new ResultRoom(core.ledger, core.admission, this.#maxInFlight * options.maxCount);
    this.#clock = core.lastingClock(options.name, 'micro-batch');
    this.#clock.batchLimit = options.maxCount;
    if (options.duplicates !== undefined) this.#clock.duplicates ??= 0;
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
    if (this.#waiting.size > 0 && this.#runWhatFits()) return true;
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
    const item: Item<A, R> = { value, bytes, lane, original: met?.original, result: undefined, waiting: undefined };
    this.#countKept(duplicates);
    lane.line.push(item);
    this.#waiting.push(item);
    this.#waitingBytes += bytes;
    this.#core.admission.flushers.add(this);
    this.#timer ??= setTimeout(() => this.#expire(), this.#options.maxDelay);
    this.#runWhatIsDue();
  }

  /** Counts the bytes of what a pipeline remembers. */
  #countKept(duplicates: LaneDuplicates<A, R> | undefined): void {
    const change = duplicates?.count() ?? 0;
    this.#keptBytes += change;
    if (change > 0) this.#core.admission.flushers.add(this);
    else if (change < 0) this.#retire();
  }

  /** Nothing is left to flush. */
  #retire(): void {
    if (this.#waiting.size === 0 && this.#keptBytes === 0) this.#core.admission.flushers.delete(this);
  }

  /** The pipeline brings no more: when it was the last, no batch becomes fuller. */
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
      if (!this.#runWhatFits()) return;
    }
  }

  /** Runs a batch as large as there is room for its results; false when there is none. */
  #runWhatFits(): boolean {
    if (this.#room.waiting) return false;
    const { station } = (this.#waiting.peek() as Item<A, R>).lane;
    // Results that nothing is ahead of replace their elements; others wait beside them, unless those are let go first.
    const replaces = this.#running === 0 || this.#options.releaseFirst === true;
    const element = replaces ? this.#waitingBytes / this.#waiting.size : 0;
    const more = Math.ceil(Math.max(0, this.#room.largest - element));
    for (let count = Math.min(this.#waiting.size, this.#options.maxCount); count > 0; count >>= 1) {
      if (!this.#room.take(station, count * more)) continue;
      this.#run(count, station, count * more);
      return true;
    }
    // What runs will make room. Or nothing runs: then one element waits.
    if (this.#running > 0) return false;
    const admitted = this.#room.ask(station, more, (refusal) => {
      if (refusal !== undefined) this.#waiting.peek()?.lane.out.error(refusal);
      else this.#run(1, station, more);
      this.#runWhatIsDue();
    });
    if (admitted) this.#run(1, station, more);
    return admitted;
  }

  #run(count: number, station: Station, promised: Bytes): void {
    const items = this.#nextBatch(count);
    const batch: Batch<A, R> = { items, station, promised, timer: undefined, late: false };
    this.#waitAnew();
    this.#running++;
    this.#batches++;
    this.#items += items.length;
    this.#clock.batches++;
    this.#clock.batched += items.length;
    this.#clock.enter();
    if (this.#options.timeout !== undefined) {
      batch.timer = setTimeout(() => this.#giveUp(batch), this.#options.timeout);
    }
    let promise: Promise<readonly R[]>;
    try {
      promise = Promise.resolve(this.#options.run(items.map((item) => item.value)));
    } catch (error) {
      promise = Promise.reject(error);
    }
    promise.then(
      (results) => this.#settle(batch, results, mismatch(this.name, items.length, results)),
      (error) => this.#settle(batch, [], { error }),
    );
  }

  #nextBatch(count: number): Item<A, R>[] {
    const { maxBytes } = this.#options;
    const batch: Item<A, R>[] = [];
    let bytes = 0;
    while (batch.length < count) {
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

  /** The batch's time is up: its pipelines fail, and its elements keep their bytes while it executes. */
  #giveUp(batch: Batch<A, R>): void {
    batch.late = true;
    this.#running--;
    this.#clock.leave();
    const error = new FlowError('timeout', `a batch of '${this.name}' took longer than ${this.#options.timeout} ms`);
    for (const lane of new Set(batch.items.map((item) => item.lane))) lane.out.error(error);
    this.#runWhatIsDue();
  }

  #settle(batch: Batch<A, R>, results: readonly R[], failure: { error: unknown } | undefined): void {
    clearTimeout(batch.timer);
    if (!batch.late) {
      this.#running--;
      this.#clock.leave();
    }
    this.#room.give(batch.station, batch.promised);
    const lanes = new Set(batch.items.map((item) => item.lane));
    let failed = failure;
    try {
      if (failed === undefined) this.#takeResults(batch.items, results);
    } catch (error) {
      failed = { error };
    }
    const { releaseFirst } = this.#options;
    for (const item of batch.items) {
      if (failed !== undefined || item.lane.stopped || releaseFirst === true) this.#release(item);
    }
    for (const lane of lanes) this.#countKept(lane.duplicates);
    // The next batch starts before these results are emitted: it executes while the downstreams work.
    this.#runWhatIsDue();
    for (const lane of lanes) {
      if (failed === undefined) this.#drain(lane);
      else lane.out.error(failed.error);
    }
    // Or after it, where there was no room.
    this.#runWhatIsDue();
  }

  #takeResults(items: readonly Item<A, R>[], results: readonly R[]): void {
    const { ledger } = this.#core;
    items.forEach((item, index) => {
      const { lane, original } = item;
      if (lane.stopped) return;
      const value = results[index] as R;
      if (original !== undefined) lane.duplicates?.settle(original, item.value, value);
      this.#room.learn(lane.station, value, this.#resultCost, item.bytes);
      const first = lane.line.peek();
      const waits = first !== undefined && !('own' in first) && first.result === undefined && first !== item;
      if (waits) {
        const bytes = this.#resultCost?.(value) ?? weightOf(value);
        ledger.hold(lane.station, value, bytes);
        item.waiting = bytes;
      }
      item.result = { value };
    });
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
      this.#finish(item);
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
    // Whoever waits for room may have done so for this pipeline.
    this.#room.cancel();
    for (let item = lane.line.shift(); item !== undefined; item = lane.line.shift()) {
      if ('own' in item) lane.duplicates?.leave(item);
      else if (item.result !== undefined) this.#finish(item);
    }
    lane.duplicates?.forget();
    this.#countKept(lane.duplicates);
    if (lane.duplicates !== undefined) this.#remembering.delete(lane.duplicates);
    this.#core.ledger.closeStation(lane.station);
    if (lane.ended) this.#runWhatIsDue();
    else this.#end(lane);
  }

  /** Lets go of a result, and of its element. */
  #finish(item: Item<A, R>): void {
    const { result, waiting, lane } = item;
    if (result !== undefined && waiting !== undefined) this.#core.ledger.release(lane.station, result.value, waiting);
    if (this.#options.releaseFirst !== true) this.#release(item);
  }

  #release(item: Item<A, R>): void {
    this.#core.ledger.release(item.lane.station, item.value, item.bytes);
  }
}

/** Why results are no good for a batch of so many elements; undefined when they are. */
function mismatch(name: string, elements: number, results: unknown): { error: unknown } | undefined {
  if (Array.isArray(results) && results.length === elements) return undefined;
  const came = Array.isArray(results) ? `${results.length} results` : shown(results);
  const message = `'${name}' must return one result per element, but returned ${came} for ${elements} elements`;
  return { error: new FlowError('batch-result', message) };
}
