import type { Bytes } from './payload.ts';

/** What an operator does with its elements. */
export type OperatorKind =
  | 'source'
  | 'map-async'
  | 'micro-batch'
  | 'window'
  | 'buffer'
  | 'zip'
  | 'delay'
  | 'holder'
  | 'operator';

/** What all operators of one name have done, over all scopes, since the flow's first activity. */
export interface OperatorMetrics {
  readonly name: string;
  readonly kind: OperatorKind;
  /** Elements received. */
  readonly in: number;
  /** Elements emitted. */
  readonly out: number;
  /** Time during which at least one of its operations was executing, s. */
  readonly busySeconds: number;
  /** Time during which it had nothing to do, s. */
  readonly starvedSeconds: number;
  /** Time during which its downstream or the budget held it up, s. */
  readonly blockedSeconds: number;
  /** The three together: the same for every operator of a flow, s. */
  readonly wallSeconds: number;
  /** Peak of the bytes that all its instances held together. */
  readonly peakBytes: Bytes;
  /** Batches run (micro-batch only). */
  readonly batches?: number | undefined;
  /** Mean batch size divided by the largest allowed, 0 to 1 (micro-batch only). */
  readonly batchFill?: number | undefined;
  /**
   * Elements that took the result of an equal one instead of a place in a batch (only a micro-batch
   * that recognises duplicates).
   */
  readonly duplicates?: number | undefined;
}

/** The state of a flow at one moment. */
export interface FlowMetrics {
  readonly budget: Bytes;
  /** Bytes held by operators now. */
  readonly held: Bytes;
  /** Bytes reserved for reads in progress now. */
  readonly reserved: Bytes;
  /** The peak of `held + reserved`. */
  readonly peakHeld: Bytes;
  /** Elements admitted over the budget because nothing else could move. */
  readonly overcommits: number;
  /** The largest excess of `held + reserved` over the budget. */
  readonly peakOvercommit: Bytes;
  /**
   * Partial batches run, and results for duplicates forgotten, because every source was waiting for
   * room.
   */
  readonly pressureFlushes: number;
  /** Errors that arrived when no subscriber was left (see `onLateError` of `Flow`). */
  readonly lateErrors: number;
  /** Wall-clock time since the flow's first activity, s. */
  readonly wallSeconds: number;
  /** One entry per name; of names whose operators have all ended, the last 1,000. */
  readonly operators: readonly OperatorMetrics[];
}

/** Is told when work begins and ends, so that the flow knows whether anything can still move. */
export interface Activity {
  begin(): void;
  end(): void;
}

/** A period that an operator spends in one state. */
export interface TimedState {
  /** Ends it; further calls have no effect. */
  end(): void;
}

const STARVED = 0;
const BLOCKED = 1;
const BUSY = 2;

/**
 * Divides the wall-clock time of all operators of one name into busy, blocked and starved. The name
 * is in exactly one of the three states at any time, so the three sum to the wall time. Busy: at
 * least one operation is executing (a read, an asynchronous operation, a batch, an operator's own
 * synchronous work). Else blocked: an element is being handed to the downstream, or a read is
 * waiting for room in the budget. Else starved. While an operator is busy, its flow counts it as in
 * flight and never considers itself stuck.
 *
 * @example
 * const meter = flow.meter('brightest');
 * scope.frames().pipe(map((frame) => meter.run(() => Math.max(...frame.data))));
 */
export class OperatorMeter {
  /** Elements received; the operator counts them itself. */
  in = 0;
  /** Elements emitted; `emit` and `handOver` count them. */
  out = 0;
  /**
   * Operators of the name that are subscribed or hold bytes. Maintained by `Flow`; do not write.
   */
  instances = 0;
  /** Batches run. */
  batches = 0;
  /** Elements in those batches. */
  batched = 0;
  /** The largest batch allowed. */
  batchLimit = 0;
  /** Elements that took the result of an equal one; undefined if duplicates are not recognised. */
  duplicates: number | undefined;

  readonly #activity: Activity;
  readonly #time = [0, 0, 0];
  #busy = 0;
  #blocked = 0;
  #state = STARVED;
  #since: number;
  #bytes: Bytes = 0;
  #peakBytes: Bytes = 0;

  /**
   * Made by `flow.meter(name)`. `origin` is the flow's first activity in milliseconds of
   * `performance.now()`. @internal
   */
  constructor(
    readonly name: string,
    readonly kind: OperatorKind,
    origin: number,
    activity: Activity,
  ) {
    this.#since = origin;
    this.#activity = activity;
  }

  /** An operation begins. */
  enter(): void {
    this.#activity.begin();
    this.#busy++;
    this.#update();
  }

  /** An operation has ended. */
  leave(): void {
    this.#busy--;
    this.#update();
    this.#activity.end();
  }

  /** The downstream or the budget is holding it up from now on. */
  block(): void {
    this.#blocked++;
    this.#update();
  }

  /** It is no longer blocked. */
  unblock(): void {
    this.#blocked--;
    this.#update();
  }

  /**
   * Begins an operation that lasts until `end`, for operations that do not begin and end in the
   * same place.
   */
  busy(): TimedState {
    this.enter();
    return onceOnly(() => this.leave());
  }

  /** Begins a blocked period that lasts until `end`. */
  blocked(): TimedState {
    this.block();
    return onceOnly(() => this.unblock());
  }

  /** Runs synchronous work as busy time. */
  run<R>(work: () => R): R {
    this.enter();
    try {
      return work();
    } finally {
      this.leave();
    }
  }

  /**
   * Emits an element; the time that the downstream takes counts as blocked, unless an operation is
   * executing meanwhile.
   */
  emit<T>(out: { next(value: T): void }, value: T): void {
    this.out++;
    this.block();
    try {
      out.next(value);
    } finally {
      this.unblock();
    }
  }

  /**
   * Ends an operation and emits its element: `leave` and `emit` in one, with fewer clock readings.
   */
  handOver<T>(out: { next(value: T): void }, value: T): void {
    this.out++;
    this.#busy--;
    this.#blocked++;
    this.#update();
    this.#activity.end();
    try {
      out.next(value);
    } finally {
      this.unblock();
    }
  }

  /** Counts bytes that its instances begin to hold (or, if negative, stop holding). */
  count(bytes: Bytes): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#peakBytes) this.#peakBytes = this.#bytes;
  }

  /** How time divides until `now`, in milliseconds of `performance.now()`. */
  metrics(now: number): OperatorMetrics {
    const time = [...this.#time] as [number, number, number];
    time[this.#state as 0] += now - this.#since;
    const base = {
      name: this.name,
      kind: this.kind,
      in: this.in,
      out: this.out,
      busySeconds: time[BUSY] / 1000,
      starvedSeconds: time[STARVED] / 1000,
      blockedSeconds: time[BLOCKED] / 1000,
      wallSeconds: (time[BUSY] + time[STARVED] + time[BLOCKED]) / 1000,
      peakBytes: this.#peakBytes,
    };
    if (this.kind !== 'micro-batch') return base;
    const fill = this.batches === 0 ? 0 : this.batched / (this.batches * this.batchLimit);
    const counted = { ...base, batches: this.batches, batchFill: fill };
    return this.duplicates === undefined ? counted : { ...counted, duplicates: this.duplicates };
  }

  #update(): void {
    const state = this.#busy > 0 ? BUSY : this.#blocked > 0 ? BLOCKED : STARVED;
    if (state === this.#state) return;
    const now = performance.now();
    this.#time[this.#state] = (this.#time[this.#state] ?? 0) + now - this.#since;
    this.#since = now;
    this.#state = state;
  }
}

function onceOnly(end: () => void): TimedState {
  let ended = false;
  return {
    end() {
      if (!ended) end();
      ended = true;
    },
  };
}
