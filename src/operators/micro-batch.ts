import { Observable, type OperatorFunction } from 'rxjs';
import { checkInteger, shown } from '../core/check.ts';
import { FlowError } from '../core/errors.ts';
import type { Flusher } from './admission.ts';
import type { Batch, BatchInput, BatchItem } from './batch-input.ts';
import { connect } from './connect.ts';
import { costOfKept, type FlowCore } from './core.ts';
import { Fifo } from './fifo.ts';
import { InputDuplicates } from './input-duplicates.ts';
import { weightOf } from './measure.ts';
import type { OperatorInstance, PoolConsumer } from './memory-pool.ts';
import { checkMicroBatch, type MicroBatchOptions } from './micro-batch-options.ts';
import type { OperatorMeter } from './operator-meter.ts';
import type { Bytes } from './payload.ts';
import { ResultRoom } from './result-room.ts';
import type { Scope } from './scope.ts';

/**
 * Gathers the elements of any number of pipelines into batches for one function, usually a
 * network's session, and gives each pipeline its results in its own order.
 *
 * Holds every element until its result has been emitted (`releaseFirst`: until the batch has
 * settled), and results that wait for earlier ones. A batch whose results are larger than its
 * elements, or would have to wait, is only as large as there is room for. A batch runs when it is
 * full, when its oldest element has waited `maxDelay`, when no pipeline can bring another element,
 * or when every source of the flow is waiting for room. A failed batch fails the pipelines that
 * have elements in it; a wrong number of results is FlowError `batch-result`. Unsubscribing removes
 * waiting elements; those in a running batch keep their bytes until it settles, and their results
 * are dropped.
 *
 * With `duplicates`, an element equal to a recent one of its pipeline is released at once and gets
 * a copy of that one's result, in its own place in the order; if that one's batch fails, both fail.
 * The results remembered for this count as kept bytes of the scope, at most `recent * resultBytes`
 * per pipeline; they are dropped when nothing else can free bytes.
 *
 * @example
 * const alexnet = network('alexnet');
 * const opened = await alexnet.open();
 * const session = flow.microBatch({
 *   name: 'fc7',
 *   maxCount: 16,
 *   maxDelay: 50,
 *   run: (pictures: readonly Frame[]) => opened.embed(pictures.map(({ data }) => data)),
 * });
 * scope.frames(alexnet.input).pipe(session.batch(scope));
 */
export class MicroBatch<A, R> implements Flusher {
  readonly #core: FlowCore;
  readonly #root: PoolConsumer;
  readonly #options: MicroBatchOptions<A, R>;
  readonly #cost: (value: A) => Bytes;
  readonly #meter: OperatorMeter;
  readonly #maxInFlight: number;
  readonly #room: ResultRoom;
  readonly #resultCost: ((result: R) => Bytes) | undefined;
  readonly #waiting = new Fifo<BatchItem<A, R>>();
  #waitingBytes = 0;
  /** What the pipelines remember in order to recognise duplicates. */
  readonly #remembering = new Set<InputDuplicates<A, R>>();
  /** The bytes of that. */
  #keptBytes: Bytes = 0;
  /** Pipelines that may bring more elements. */
  #open = 0;
  #running = 0;
  #callOff: (() => void) | undefined;
  #due = false;
  #batches = 0;
  #items = 0;

  /** Made by `flow.microBatch`. @internal */
  constructor(core: FlowCore, root: PoolConsumer, options: MicroBatchOptions<A, R>) {
    checkMicroBatch(options);
    this.#core = core;
    this.#root = root;
    this.#options = options;
    this.#cost = costOfKept(options.cost);
    this.#maxInFlight = checkInteger('maxInFlight', options.maxInFlight ?? 1);
    this.#resultCost = options.resultCost && costOfKept(options.resultCost);
    this.#room = new ResultRoom(core.memoryPool, core.admission, this.#maxInFlight * options.maxCount);
    this.#meter = core.lastingMeter(options.name, 'micro-batch');
    this.#meter.batchLimit = options.maxCount;
    if (options.duplicates !== undefined) this.#meter.duplicates ??= 0;
  }

  /** Its name in metrics and errors. */
  get name(): string {
    return this.#options.name;
  }

  /** Number of batches run so far. */
  get batches(): number {
    return this.#batches;
  }

  /** Number of elements in them. */
  get items(): number {
    return this.#items;
  }

  /** Maps a pipeline's elements to their results; what it holds is attributed to `scope`. */
  batch(scope?: Scope): OperatorFunction<A, R> {
    const account = scope === undefined ? this.#root : scope.account(this.#core);
    return (source) =>
      new Observable<R>((out) => {
        const instance = this.#core.instance(this.#options.name, 'micro-batch', account);
        const rules = this.#options.duplicates;
        const duplicates = rules && new InputDuplicates(rules, this.#core.memoryPool, instance);
        const input: BatchInput<A, R> = { instance, out, queue: new Fifo(), duplicates, ended: false, stopped: false };
        this.#open++;
        if (duplicates !== undefined) this.#remembering.add(duplicates);
        out.add(() => this.#unsubscribe(input));
        connect(source, out, {
          next: (value) => this.#enqueue(input, value),
          complete: () => {
            this.#end(input);
            if (input.queue.size === 0) out.complete();
          },
        });
      });
  }

  /**
   * Runs what is waiting although it is not a full batch, or else forgets results. Called by the
   * flow when nothing is in flight.
   */
  flush(): boolean {
    if (this.#waiting.size > 0 && this.#runWhatFits()) return true;
    const kept = this.#keptBytes;
    for (const duplicates of this.#remembering) {
      duplicates.forget();
      this.#countKept(duplicates);
    }
    return kept > 0;
  }

  #enqueue(input: BatchInput<A, R>, value: A): void {
    this.#meter.in++;
    const { duplicates } = input;
    const met = duplicates?.meet(value);
    if (duplicates !== undefined && met?.isDuplicate === true) {
      input.queue.push(duplicates.wait(value, met.original, this.#cost));
      this.#drain(input);
      return;
    }
    const bytes = this.#cost(value);
    this.#core.memoryPool.hold(input.instance, value, bytes);
    const item: BatchItem<A, R> = {
      value,
      bytes,
      input,
      original: met?.original,
      result: undefined,
      waiting: undefined,
    };
    this.#countKept(duplicates);
    input.queue.push(item);
    this.#waiting.push(item);
    this.#waitingBytes += bytes;
    this.#core.admission.flushers.add(this);
    this.#callOff ??= this.#core.clock.after(this.#options.maxDelay, () => this.#expire());
    this.#runWhatIsDue();
  }

  /** Counts the bytes of what a pipeline remembers. */
  #countKept(duplicates: InputDuplicates<A, R> | undefined): void {
    const change = duplicates?.count() ?? 0;
    this.#keptBytes += change;
    if (change > 0) this.#core.admission.flushers.add(this);
    else if (change < 0) this.#retire();
  }

  /** Nothing is left to flush. */
  #retire(): void {
    if (this.#waiting.size === 0 && this.#keptBytes === 0) this.#core.admission.flushers.delete(this);
  }

  /** The pipeline will bring nothing more; if it was the last, no batch can become fuller. */
  #end(input: BatchInput<A, R>): void {
    if (input.ended) return;
    input.ended = true;
    this.#open--;
    this.#runWhatIsDue();
  }

  #expire(): void {
    this.#callOff = undefined;
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

  /** Runs the largest batch whose results there is room for; false if there is none. */
  #runWhatFits(): boolean {
    if (this.#room.waiting) return false;
    const { instance } = (this.#waiting.peek() as BatchItem<A, R>).input;
    // Results with nothing ahead of them replace their elements; others wait beside them, unless
    // the elements are released first.
    const replaces = this.#running === 0 || this.#options.releaseFirst === true;
    const element = replaces ? this.#givenBack() : 0;
    const more = Math.ceil(Math.max(0, this.#room.largest - element));
    for (let count = Math.min(this.#waiting.size, this.#options.maxCount); count > 0; count >>= 1) {
      if (!this.#room.take(instance, count * more)) continue;
      this.#run(count, instance, count * more);
      return true;
    }
    // A running batch will make room; if none is running, one element waits for it.
    if (this.#running > 0) return false;
    const admitted = this.#room.ask(instance, more, (refusal) => {
      if (refusal !== undefined) this.#waiting.peek()?.input.out.error(refusal);
      else this.#run(1, instance, more);
      this.#runWhatIsDue();
    });
    if (admitted) this.#run(1, instance, more);
    return admitted;
  }

  /**
   * Bytes that a waiting element gives back for its result, on average: none of those that another
   * operator holds as well.
   */
  #givenBack(): Bytes {
    let [bytes, count] = [0, 0];
    for (const { value, bytes: own } of this.#waiting) {
      bytes += this.#core.memoryPool.removal(value, own);
      if (++count === this.#options.maxCount) break;
    }
    return bytes / count;
  }

  #run(count: number, instance: OperatorInstance, promised: Bytes): void {
    const items = this.#nextBatch(count);
    const batch: Batch<A, R> = {
      items,
      instance,
      promised,
      started: performance.now(),
      callOff: undefined,
      late: false,
    };
    this.#waitAnew();
    this.#running++;
    this.#batches++;
    this.#items += items.length;
    this.#meter.batches++;
    this.#meter.batched += items.length;
    this.#meter.enter();
    if (this.#options.timeout !== undefined) {
      batch.callOff = this.#core.clock.after(this.#options.timeout, () => this.#giveUp(batch));
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

  #nextBatch(count: number): BatchItem<A, R>[] {
    const { maxBytes } = this.#options;
    const batch: BatchItem<A, R>[] = [];
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

  /** The oldest element has changed: its waiting time begins now. */
  #waitAnew(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#due = false;
    if (this.#waiting.size > 0) this.#callOff = this.#core.clock.after(this.#options.maxDelay, () => this.#expire());
    else this.#retire();
  }

  /**
   * The batch has timed out: its pipelines fail, and its elements keep their bytes while it
   * executes.
   */
  #giveUp(batch: Batch<A, R>): void {
    batch.late = true;
    this.#running--;
    this.#meter.leave();
    const error = new FlowError('timeout', `a batch of '${this.name}' took longer than ${this.#options.timeout} ms`);
    for (const input of new Set(batch.items.map((item) => item.input))) input.out.error(error);
    this.#runWhatIsDue();
  }

  #settle(batch: Batch<A, R>, results: readonly R[], failure: { error: unknown } | undefined): void {
    batch.callOff?.();
    if (!batch.late) {
      this.#running--;
      this.#meter.leave();
    }
    this.#room.give(batch.instance, batch.promised);
    this.#tell(batch, failure !== undefined);
    const inputs = new Set(batch.items.map((item) => item.input));
    let failed = failure;
    try {
      if (failed === undefined) this.#takeResults(batch.items, results);
    } catch (error) {
      failed = { error };
    }
    const { releaseFirst } = this.#options;
    for (const item of batch.items) {
      if (failed !== undefined || item.input.stopped || releaseFirst === true) this.#release(item);
    }
    for (const input of inputs) this.#countKept(input.duplicates);
    // The next batch starts before these results are emitted, so it executes while the downstreams
    // work.
    this.#runWhatIsDue();
    for (const input of inputs) {
      if (failed === undefined) this.#drain(input);
      else input.out.error(failed.error);
    }
    // Or afterwards, if there was no room.
    this.#runWhatIsDue();
  }

  #tell({ items, started }: Batch<A, R>, failed: boolean): void {
    const { onBatch } = this.#core;
    if (onBatch === undefined) return;
    const scopes = new Map<string, number>();
    for (const { input } of items) {
      const { name } = input.instance.scope;
      scopes.set(name, (scopes.get(name) ?? 0) + 1);
    }
    onBatch({ operator: this.name, size: items.length, scopes, started, ended: performance.now(), failed });
  }

  #takeResults(items: readonly BatchItem<A, R>[], results: readonly R[]): void {
    const { memoryPool } = this.#core;
    items.forEach((item, index) => {
      const { input, original } = item;
      if (input.stopped) return;
      const value = results[index] as R;
      if (original !== undefined) input.duplicates?.settle(original, item.value, value);
      this.#room.learn(input.instance, value, this.#resultCost, memoryPool.removal(item.value, item.bytes));
      const first = input.queue.peek();
      const waits = first !== undefined && !('own' in first) && first.result === undefined && first !== item;
      if (waits) {
        const bytes = this.#resultCost?.(value) ?? weightOf(value);
        memoryPool.hold(input.instance, value, bytes);
        item.waiting = bytes;
      }
      item.result = { value };
    });
  }

  #drain(input: BatchInput<A, R>): void {
    while (!input.stopped) {
      const item = input.queue.peek();
      if (item === undefined) break;
      if ('own' in item) {
        // Its original came before it in this queue, so it has its result.
        input.queue.shift();
        const result = item.own((item.original.result as { value: R }).value);
        input.duplicates?.leave(item);
        this.#meter.emit(input.out, result);
        continue;
      }
      if (item.result === undefined) break;
      input.queue.shift();
      this.#meter.emit(input.out, item.result.value);
      this.#finish(item);
    }
    if (input.ended && input.queue.size === 0) input.out.complete();
  }

  #unsubscribe(input: BatchInput<A, R>): void {
    input.stopped = true;
    for (const item of this.#waiting.remove((each) => each.input === input)) {
      this.#waitingBytes -= item.bytes;
      this.#release(item);
    }
    if (this.#waiting.size === 0) this.#waitAnew();
    // Whoever is waiting for room may have been doing so for this pipeline.
    this.#room.cancel();
    for (let item = input.queue.shift(); item !== undefined; item = input.queue.shift()) {
      if ('own' in item) input.duplicates?.leave(item);
      else if (item.result !== undefined) this.#finish(item);
    }
    input.duplicates?.forget();
    this.#countKept(input.duplicates);
    if (input.duplicates !== undefined) this.#remembering.delete(input.duplicates);
    this.#core.memoryPool.closeInstance(input.instance);
    if (input.ended) this.#runWhatIsDue();
    else this.#end(input);
  }

  /** Releases a result and its element. */
  #finish(item: BatchItem<A, R>): void {
    const { result, waiting, input } = item;
    if (result !== undefined && waiting !== undefined)
      this.#core.memoryPool.release(input.instance, result.value, waiting);
    if (this.#options.releaseFirst !== true) this.#release(item);
  }

  #release(item: BatchItem<A, R>): void {
    this.#core.memoryPool.release(item.input.instance, item.value, item.bytes);
  }
}

/** Why results do not fit a batch of this many elements; undefined if they do. */
function mismatch(name: string, elements: number, results: unknown): { error: unknown } | undefined {
  if (Array.isArray(results) && results.length === elements) return undefined;
  const came = Array.isArray(results) ? `${results.length} results` : shown(results);
  const message = `'${name}' must return one result per element, but returned ${came} for ${elements} elements`;
  return { error: new FlowError('batch-result', message) };
}
