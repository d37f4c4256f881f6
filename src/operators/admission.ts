import { BudgetTooSmallError, formatBytes } from './budget.ts';
import type { MemoryPool, OperatorInstance, PoolConsumer } from './memory-pool.ts';
import type { Activity } from './operator-meter.ts';
import type { Bytes } from './payload.ts';

/** A source, or an operation whose result is larger than its input, waiting for room. */
export interface Waiter {
  readonly instance: OperatorInstance;
  /** Bytes needed for its next read or its result. */
  readonly need: Bytes;
  /**
   * Served before the others of its scope: an operation, which frees bytes when it ends, comes
   * before the sources.
   */
  readonly first?: boolean | undefined;
  /**
   * Called once, when the bytes are reserved or with the error that says why they never will be.
   */
  settle(refusal?: BudgetTooSmallError): void;
}

/** An operator that can release what it has gathered before a batch is full. */
export interface Flusher {
  /** Starts a partial batch; false when there was nothing to start. */
  flush(): boolean;
}

/**
 * Decides which source may read. A read is admitted when its bytes fit beside those held and
 * reserved, and when all open scopes can still reach their claims one after another (the banker's
 * algorithm for one resource); older scopes go first. When nothing is in flight and nothing is
 * admissible, no event inside the flow can change that (there is one thread). Then, and only then,
 * a partial batch runs, one element goes over the budget, or a waiting source fails with
 * `BudgetTooSmallError`.
 */
export class Admission implements Activity {
  /**
   * Operations that will end on their own: sources not waiting here, asynchronous operations,
   * batches, timers.
   */
  inFlight = 0;
  overcommits = 0;
  pressureFlushes = 0;
  readonly flushers = new Set<Flusher>();
  /** Oldest scope first; within a scope in order of arrival. */
  readonly waiters: Waiter[] = [];

  readonly #memoryPool: MemoryPool;
  readonly #maxOvercommit: Bytes;
  readonly #low: Bytes;
  #pumping = false;
  #checking = false;

  constructor(memoryPool: MemoryPool, options: { maxOvercommit: Bytes; lowWatermark: number }) {
    this.#memoryPool = memoryPool;
    this.#maxOvercommit = options.maxOvercommit;
    this.#low = memoryPool.budget * options.lowWatermark;
    memoryPool.onRelease = () => {
      if (this.waiters.length > 0 && (memoryPool.used <= this.#low || this.inFlight === 0)) this.wake();
    };
  }

  /** Called when an operation begins. */
  begin(): void {
    this.inFlight++;
  }

  /** Called when an operation has ended. */
  end(): void {
    if (--this.inFlight === 0 && this.waiters.length > 0) this.wake();
  }

  /** Reserves bytes at once if they are admissible and nobody is waiting. */
  tryReserve(scope: PoolConsumer, need: Bytes): boolean {
    if (this.waiters.length > 0 || !this.#admissible(scope, need, this.#memoryPool.headroom)) return false;
    this.#reserve(scope, need);
    return true;
  }

  /**
   * Reserves bytes if they fit and every scope can still reach its claim, even if others are
   * waiting.
   */
  reserveIfSafe(scope: PoolConsumer, need: Bytes): boolean {
    if (!this.#admissible(scope, need, 0)) return false;
    this.#reserve(scope, need);
    return true;
  }

  /**
   * Reserves bytes for something that already exists, going over the budget as far as a single
   * element may.
   */
  tryExceed(scope: PoolConsumer, bytes: Bytes): boolean {
    const over = this.#memoryPool.used + bytes - this.#memoryPool.budget;
    if (over > this.#maxOvercommit) return false;
    if (over > 0) this.overcommits++;
    this.#reserve(scope, bytes);
    return true;
  }

  /** Waits for room. The caller is no longer in flight until `settle` is called. */
  park(waiter: Waiter): void {
    this.waiters.splice(this.#placeOf(waiter.instance.scope.order - (waiter.first === true ? 1 : 0)), 0, waiter);
    this.end();
    this.wake();
  }

  /** Gives up waiting, without room; the caller is in flight again. */
  cancel(waiter: Waiter): void {
    this.waiters.splice(this.waiters.indexOf(waiter), 1);
    this.begin();
    this.wake();
  }

  /** Checks again, in a microtask, who can be admitted. */
  wake(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => this.#pump());
  }

  /** The position behind all waiters of scopes up to this order. */
  #placeOf(order: number): number {
    let low = 0;
    let high = this.waiters.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.waiters[middle] as Waiter).instance.scope.order > order) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #pump(): void {
    this.#pumping = false;
    const { budget, headroom } = this.#memoryPool;
    let unsafe: Waiter | undefined;
    for (let position = 0; position < this.waiters.length; ) {
      const waiter = this.waiters[position] as Waiter;
      if (unsafe !== undefined && asksAsMuch(waiter, unsafe)) position++;
      else if (this.#admissible(waiter.instance.scope, waiter.need, headroom)) this.#grant(position);
      // Nobody younger may take the room that an older one is waiting for.
      else if (this.#memoryPool.used + demand(waiter) + headroom > budget) break;
      else {
        unsafe = waiter;
        position++;
      }
    }
    if (this.inFlight === 0 && !this.#checking && this.waiters.length > 0) {
      this.#checking = true;
      // One turn of the event loop lets promise callbacks that are already due run first.
      setImmediate(() => this.#breakStandstill());
    }
  }

  #breakStandstill(): void {
    this.#checking = false;
    if (this.inFlight > 0) return;
    for (let position = 0; position < this.waiters.length; position++) {
      const { instance, need } = this.waiters[position] as Waiter;
      if (this.#admissible(instance.scope, need, 0)) {
        this.#grant(position);
        return;
      }
    }
    if (this.waiters.length === 0) return;
    for (const flusher of this.flushers) {
      if (flusher.flush()) {
        this.pressureFlushes++;
        return;
      }
    }
    const waiter = this.waiters[0];
    if (waiter === undefined) return;
    const over = this.#memoryPool.used + demand(waiter) - this.#memoryPool.budget;
    if (over > this.#maxOvercommit) this.#refuse(this.#minLoss());
    else {
      if (over > 0) this.overcommits++;
      this.#grant(0);
    }
  }

  #grant(position: number): void {
    const [waiter] = this.waiters.splice(position, 1) as [Waiter];
    this.begin();
    this.#reserve(waiter.instance.scope, waiter.need);
    waiter.settle();
  }

  #reserve(scope: PoolConsumer, need: Bytes): void {
    if (!scope.started) this.#memoryPool.start(scope);
    this.#memoryPool.reserve(scope, need);
  }

  /**
   * The waiter to refuse: one that could not continue even alone, else the youngest whose end frees
   * bytes, which loses the least work.
   */
  #minLoss(): Waiter {
    const most = this.#memoryPool.budget + this.#maxOvercommit;
    const hopeless = this.waiters.find((waiter) => waiter.instance.scope.has + demand(waiter) > most);
    return (hopeless ?? this.waiters.findLast((waiter) => waiter.instance.scope.held > 0) ?? this.waiters[0]) as Waiter;
  }

  #refuse(waiter: Waiter): void {
    this.waiters.splice(this.waiters.indexOf(waiter), 1);
    this.begin();
    const { budget, used } = this.#memoryPool;
    const holders = this.#memoryPool.holders();
    const held = holders.map((it) => `'${it.scope}/${it.operator}' ${formatBytes(it.bytes)}`).join(', ');
    const who = `'${waiter.instance.scope.name}/${waiter.instance.meter.name}'`;
    const state = held === '' ? 'nothing is held' : `held by ${held}`;
    waiter.settle(
      new BudgetTooSmallError(
        `${who} needs ${formatBytes(demand(waiter))} more, but ${formatBytes(used)} of the budget of ${formatBytes(budget)} are in use, and nothing will free them: ${state}`,
        { holders, needed: used + demand(waiter), budget },
      ),
    );
  }

  #admissible(scope: PoolConsumer, need: Bytes, headroom: Bytes): boolean {
    const all = need + scope.startingBytes;
    const free = this.#memoryPool.budget - this.#memoryPool.used - all;
    return free >= headroom && this.#safe(scope, all, free);
  }

  /**
   * After granting, can every scope that has bytes still reach its claim, in some order in which
   * each then gives back all it has? A scope that has none can wait for all the others.
   */
  #safe(scope: PoolConsumer, need: Bytes, free: Bytes): boolean {
    const { occupied, wanted } = this.#memoryPool;
    const own = occupied.has(scope) ? scope.missing() : 0;
    if (wanted - own + scope.missing(need) <= free) return true;
    const scopes = [{ missing: scope.missing(need), has: scope.has + need }];
    for (const each of occupied) if (each !== scope) scopes.push({ missing: each.missing(), has: each.has });
    scopes.sort((a, b) => a.missing - b.missing);
    let available = free;
    for (const each of scopes) {
      if (each.missing > available) return false;
      available += each.has;
    }
    return true;
  }
}

/**
 * The bytes that a waiter needs: those of its read or result and, at the start of its scope, those
 * that the scope's holders will keep.
 */
function demand({ instance, need }: Waiter): Bytes {
  return need + instance.scope.startingBytes;
}

/**
 * Whether a waiter is unsafe because another one is: neither scope has anything yet, and it asks
 * for no less.
 */
function asksAsMuch(waiter: Waiter, unsafe: Waiter): boolean {
  const [scope, other] = [waiter.instance.scope, unsafe.instance.scope];
  return scope.has === 0 && other.has === 0 && scope.claim >= other.claim && demand(waiter) >= demand(unsafe);
}
