import type { Clock } from '../core/clock.ts';
import { UsageError } from '../core/errors.ts';
import type { Admission } from './admission.ts';
import { bytesOf } from './measure.ts';
import type { MemoryPool, OperatorInstance, PoolConsumer } from './memory-pool.ts';
import type { RanBatch } from './micro-batch-options.ts';
import { type OperatorKind, OperatorMeter } from './operator-meter.ts';
import { type Bytes, Payload } from './payload.ts';

/**
 * How many names the metrics keep after all their operators have ended. Without a limit, names made
 * for each video would be remembered for ever.
 */
const MAX_ENDED = 1000;

/** What the operators of a flow share. */
export class FlowCore {
  readonly meters = new Map<string, OperatorMeter>();
  /** Names that have no subscribed operator and hold no bytes any more, the first to end first. */
  readonly #ended = new Set<string>();
  readonly #lasting = new Set<string>();
  /** Milliseconds a source may run before it yields to the event loop. */
  readonly yieldAfter: number;
  /** The clock of delays, timeouts, retries and rates. */
  readonly clock: Clock;
  readonly memoryPool: MemoryPool;
  readonly admission: Admission;
  /** Moment of the first activity, in milliseconds of `performance.now()`. */
  origin: number | undefined;

  /** Called for every batch that has run. */
  readonly onBatch: ((batch: RanBatch) => void) | undefined;

  constructor(
    memoryPool: MemoryPool,
    admission: Admission,
    yieldAfter: number,
    clock: Clock,
    onBatch?: (batch: RanBatch) => void,
  ) {
    this.memoryPool = memoryPool;
    this.admission = admission;
    this.yieldAfter = yieldAfter;
    this.clock = clock;
    this.onBatch = onBatch;
    memoryPool.onEnd = (meter) => this.#end(meter);
  }

  /** The meter of a name, created on first use. */
  meter(name: string, kind: OperatorKind): OperatorMeter {
    let meter = this.meters.get(name);
    if (meter === undefined) {
      this.origin ??= performance.now();
      meter = new OperatorMeter(name, kind, this.origin, this.admission);
      this.meters.set(name, meter);
    }
    return meter;
  }

  /** The meter of a name that somebody keeps: the metrics never forget it. */
  lastingMeter(name: string, kind: OperatorKind): OperatorMeter {
    this.#ended.delete(name);
    this.#lasting.add(name);
    return this.meter(name, kind);
  }

  /** Registers an operator when it is subscribed. */
  instance(name: string, kind: OperatorKind, scope: PoolConsumer): OperatorInstance {
    this.#ended.delete(name);
    return this.memoryPool.openInstance(this.meter(name, kind), scope);
  }

  /**
   * Called when the last operator of a name has ended: the name is forgotten once enough others
   * have ended after it.
   */
  #end({ name }: OperatorMeter): void {
    if (this.#lasting.has(name)) return;
    this.#ended.add(name);
    if (this.#ended.size <= MAX_ENDED) return;
    const [first] = this.#ended;
    this.#ended.delete(first as string);
    this.meters.delete(first as string);
  }
}

/** A cost function whose answers are checked. */
export function checkedCost<T>(cost: (value: T) => Bytes): (value: T) => Bytes {
  return (value) => {
    const bytes = cost(value);
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new UsageError(`\`cost\` must return a whole number of bytes of at least 0, but returned ${String(bytes)}`);
    }
    return bytes;
  };
}

/**
 * The bytes that an operator counts for an element it keeps: those of a payload, else what `cost`
 * returns, else `bytesOf`.
 */
export function costOfKept<T>(cost: ((value: T) => Bytes) | undefined): (value: T) => Bytes {
  if (cost === undefined) return bytesOf;
  const checked = checkedCost(cost);
  return (value) => (value instanceof Payload ? value.byteLength : checked(value));
}
