import type { HeldBytes } from './budget.ts';
import { settleMemory, surveyOf } from './measure.ts';
import type { OperatorMeter } from './operator-meter.ts';
import { type Account, type Bytes, Payload } from './payload.ts';

/** The bytes of one scope: what it holds, what is reserved for its reads, and its claim. */
export class PoolConsumer implements Account {
  held: Bytes = 0;
  reserved: Bytes = 0;
  /** Its sources that are subscribed now. */
  open = 0;
  /** Its operators that are subscribed or hold bytes. */
  instances = 0;
  /** True from its first admitted read until it has no operator any more. */
  started = false;
  /** Bytes that its reservations keep now. */
  kept: Bytes = 0;
  /** The part of `reserved` set aside for what its reservations will keep. */
  allowance: Bytes = 0;
  /** The largest unannounced addition it has made, in bytes. */
  growth: Bytes = 0;

  constructor(
    readonly name: string,
    /** The most it can hold at once; 0 if it made no claim. */
    readonly claim: Bytes,
    /** The most its reservations will keep at once, set aside when it starts. */
    readonly maxKept: Bytes,
    /** Position in order of creation: lower is older. */
    readonly order: number,
  ) {}

  /** Bytes that it holds or has reserved, and so can give back. */
  get has(): Bytes {
    return this.held + this.reserved;
  }

  /** Bytes that it may still need after it gets `more`. */
  missing(more: Bytes = 0): Bytes {
    return Math.max(0, this.claim - this.held - this.reserved - more);
  }

  /** Bytes to set aside when it starts. */
  get startingBytes(): Bytes {
    return this.started ? 0 : Math.max(0, this.maxKept - this.kept);
  }
}

/** One subscription of an operator in one scope, and the bytes that it holds. */
export class OperatorInstance {
  bytes: Bytes = 0;
  /** No longer subscribed; it stays registered while it holds bytes. */
  closed = false;

  constructor(
    readonly meter: OperatorMeter,
    readonly scope: PoolConsumer,
  ) {}
}

/** The holds of an element that is not a payload itself. */
interface Hold {
  count: number;
  /** Bytes beyond those of the payloads it refers to. */
  readonly bytes: Bytes;
  readonly scope: PoolConsumer;
  /** The payloads it refers to, directly or by a view of their memory; each is held once. */
  payloads: Set<Payload> | undefined;
  /** Bytes counted for an instance: what the element referred to at its first hold. */
  size: Bytes;
}

/**
 * Keeps account of who holds what. An element's bytes count once, however many instances hold it:
 * the first hold adds them to the scope of that holder, the last release removes them from the same
 * scope, and makes a payload idle.
 */
export class MemoryPool {
  held: Bytes = 0;
  reserved: Bytes = 0;
  peak: Bytes = 0;
  peakOvercommit: Bytes = 0;
  /**
   * The largest unannounced addition by a scope that may make more of them: admission leaves that
   * much room free.
   */
  headroom: Bytes = 0;
  /** Scopes that have bytes. */
  readonly occupied = new Set<PoolConsumer>();
  /** Bytes that they may still need. */
  wanted: Bytes = 0;
  /** Scopes that are open or have bytes. */
  readonly scopes = new Set<PoolConsumer>();
  /** Instances that are subscribed or hold bytes. */
  readonly instances = new Set<OperatorInstance>();
  /** Called after bytes have been released. */
  onRelease: () => void = () => {};
  /** Called after held bytes have increased. */
  onRise: () => void = () => {};

  /** Called when the last instance of a meter has been forgotten. */
  onEnd: (meter: OperatorMeter) => void = () => {};

  readonly #holds = new WeakMap<object, Hold>();
  /** Scopes that headroom is kept for. */
  readonly #growing = new Set<PoolConsumer>();

  constructor(
    readonly budget: Bytes,
    /** Receives what a payload's `onIdle` throws. */
    readonly reportLate: (error: unknown) => void,
  ) {}

  /** Held and reserved bytes. */
  get used(): Bytes {
    return this.held + this.reserved;
  }

  /** Registers an operator on subscription. */
  openInstance(meter: OperatorMeter, scope: PoolConsumer): OperatorInstance {
    const instance = new OperatorInstance(meter, scope);
    meter.instances++;
    this.instances.add(instance);
    scope.instances++;
    return instance;
  }

  /** Called when the operator is no longer subscribed; forgets it as soon as it holds nothing. */
  closeInstance(instance: OperatorInstance): void {
    instance.closed = true;
    if (instance.bytes === 0) this.#deleteInstance(instance);
  }

  /** Called when a source of the scope is subscribed. */
  openScope(scope: PoolConsumer): void {
    scope.open++;
    this.scopes.add(scope);
  }

  /** Called when a source of the scope has ended. */
  closeScope(scope: PoolConsumer): void {
    scope.open--;
    this.#forget(scope);
    this.onRelease();
  }

  /** Reserves bytes for a read. */
  reserve(scope: PoolConsumer, bytes: Bytes): void {
    this.#shift(scope, 0, bytes);
    this.#rise();
  }

  /** Called when a scope's first read is admitted: sets aside what its reservations will keep. */
  start(scope: PoolConsumer): void {
    scope.started = true;
    this.#setAside(scope);
    this.#rise();
  }

  /** Cancels the reservation for a read. */
  unreserve(scope: PoolConsumer, bytes: Bytes): void {
    this.#shift(scope, 0, -bytes);
    this.#forget(scope);
    this.onRelease();
  }

  /** Turns the reservation for a read into a hold on the element. */
  settle(instance: OperatorInstance, promised: Bytes, value: unknown, bytes: Bytes): void {
    this.#shift(instance.scope, 0, -promised);
    this.hold(instance, value, bytes);
  }

  /**
   * An instance starts to hold an element.
   *
   * @param bytes - those of the element, including the payloads that it refers to.
   * @throws FlowError `recycled` if it is, or contains, a payload that nothing holds any more.
   */
  hold(instance: OperatorInstance, value: unknown, bytes: Bytes): void {
    if (value instanceof Payload) {
      this.#holdPayload(instance.scope, value, bytes);
      this.#countAt(instance, value.heldBytes);
    } else if (typeof value === 'object' && value !== null) {
      this.#countAt(instance, this.#holdObject(instance.scope, value, bytes));
    } else {
      this.#add(instance.scope, bytes);
      this.#countAt(instance, bytes);
    }
  }

  /** An instance releases an element; `bytes` as given to `hold`. */
  release(instance: OperatorInstance, value: unknown, bytes: Bytes): void {
    if (value instanceof Payload) {
      this.#countAt(instance, -value.heldBytes);
      this.#releasePayload(value);
    } else if (typeof value === 'object' && value !== null) {
      this.#countAt(instance, -this.#releaseObject(value));
    } else {
      this.#countAt(instance, -bytes);
      this.#remove(instance.scope, bytes);
    }
    this.onRelease();
  }

  /** Bytes that holding a value would add now; `bytes` as given to `hold`. */
  addition(value: unknown, bytes: Bytes): Bytes {
    if (value instanceof Payload) return value.holds > 0 ? 0 : bytes;
    if (typeof value !== 'object' || value === null) return bytes;
    const { payloads } = surveyOf(value);
    let added = this.#holds.has(value) ? 0 : beside(bytes, payloads);
    for (const payload of payloads) if (payload.holds === 0) added += payload.byteLength;
    return added;
  }

  /** Bytes that a holder would give back by releasing a value now; `bytes` as given to `hold`. */
  removal(value: unknown, bytes: Bytes): Bytes {
    if (value instanceof Payload) return value.holds === 1 ? value.heldBytes : 0;
    if (typeof value !== 'object' || value === null) return bytes;
    const hold = this.#holds.get(value);
    if (hold === undefined || hold.count > 1) return 0;
    let removed = hold.bytes;
    for (const payload of hold.payloads ?? []) if (payload.holds === 1) removed += payload.heldBytes;
    return removed;
  }

  /** An instance adds unannounced bytes of its own; `growth` if more are to be expected. */
  keep(instance: OperatorInstance, bytes: Bytes, growth: boolean): void {
    const { scope } = instance;
    if (growth && bytes > scope.allowance) this.grow(scope, bytes);
    scope.kept += bytes;
    this.#setAside(scope);
    this.#add(scope, bytes);
    this.#countAt(instance, bytes);
  }

  /** Declares that a scope may add this many bytes at any time, unannounced. */
  grow(scope: PoolConsumer, bytes: Bytes): void {
    if (bytes <= scope.growth) return;
    scope.growth = bytes;
    this.#growing.add(scope);
    this.headroom = Math.max(this.headroom, bytes);
  }

  /** An instance frees bytes of its own. */
  drop(instance: OperatorInstance, bytes: Bytes): void {
    const { scope } = instance;
    scope.kept -= bytes;
    this.#setAside(scope);
    this.#countAt(instance, -bytes);
    this.#remove(scope, bytes);
    this.onRelease();
  }

  /** Who holds bytes now, largest first. */
  holders(): HeldBytes[] {
    const sums = new Map<string, HeldBytes>();
    for (const { meter, scope, bytes } of this.instances) {
      if (bytes === 0) continue;
      const key = JSON.stringify([scope.name, meter.name]);
      sums.set(key, { scope: scope.name, operator: meter.name, bytes: bytes + (sums.get(key)?.bytes ?? 0) });
    }
    return [...sums.values()].sort((a, b) => b.bytes - a.bytes);
  }

  #holdPayload(scope: PoolConsumer, payload: Payload, bytes: Bytes): void {
    if (payload.holds === 0) assertUsable(payload);
    if (payload.holds++ > 0) return;
    for (const base of payload.restsOn ?? []) this.#holdPayload(scope, base, base.byteLength);
    payload.heldBytes = bytes;
    payload.heldBy = scope;
    this.#add(scope, bytes);
  }

  #releasePayload(payload: Payload): void {
    if (--payload.holds > 0) return;
    this.#remove(payload.heldBy as PoolConsumer, payload.heldBytes);
    payload.heldBy = undefined;
    try {
      payload.retire();
    } catch (error) {
      this.reportLate(error);
    }
    for (const base of payload.restsOn ?? []) this.#releasePayload(base);
  }

  #holdObject(scope: PoolConsumer, value: object, bytes: Bytes): Bytes {
    // Inspected at every hold: an array may have grown since the last one.
    const survey = surveyOf(value);
    let hold = this.#holds.get(value);
    if (hold === undefined) {
      const own = beside(bytes, survey.payloads);
      hold = { count: 0, bytes: own, scope, payloads: undefined, size: own };
      this.#holds.set(value, hold);
      this.#add(scope, own);
    }
    for (const payload of survey.payloads) {
      hold.payloads ??= new Set();
      if (hold.payloads.has(payload)) continue;
      hold.payloads.add(payload);
      this.#holdPayload(scope, payload, payload.byteLength);
      if (hold.count === 0) hold.size += payload.heldBytes;
    }
    hold.count++;
    return hold.size;
  }

  #releaseObject(value: object): Bytes {
    const hold = this.#holds.get(value) as Hold;
    if (--hold.count === 0) {
      this.#holds.delete(value);
      this.#remove(hold.scope, hold.bytes);
      for (const payload of hold.payloads ?? []) this.#releasePayload(payload);
    }
    return hold.size;
  }

  #add(scope: PoolConsumer, bytes: Bytes): void {
    if (scope.open === 0) this.scopes.add(scope);
    this.#shift(scope, bytes, 0);
    this.#rise();
    this.onRise();
  }

  #remove(scope: PoolConsumer, bytes: Bytes): void {
    this.#shift(scope, -bytes, 0);
    this.#forget(scope);
  }

  /** Changes the bytes of a scope, and all sums with them. */
  #shift(scope: PoolConsumer, held: Bytes, reserved: Bytes): void {
    if (this.occupied.has(scope)) this.wanted -= scope.missing();
    this.held += held;
    scope.held += held;
    this.reserved += reserved;
    scope.reserved += reserved;
    if (scope.has > 0) {
      this.occupied.add(scope);
      this.wanted += scope.missing();
    } else this.occupied.delete(scope);
  }

  #deleteInstance(instance: OperatorInstance): void {
    if (!this.instances.delete(instance)) return;
    if (--instance.meter.instances === 0) this.onEnd(instance.meter);
    instance.scope.instances--;
    this.#forget(instance.scope);
  }

  /** Keeps the allowance at what the reservations of a started scope may still add. */
  #setAside(scope: PoolConsumer): void {
    const allowance = scope.started ? Math.max(0, scope.maxKept - scope.kept) : 0;
    const change = allowance - scope.allowance;
    scope.allowance = allowance;
    if (change !== 0) this.#shift(scope, 0, change);
  }

  #forget(scope: PoolConsumer): void {
    if (scope.open > 0) return;
    if (scope.instances === 0) this.#end(scope);
    if (scope.held === 0 && scope.reserved === 0) this.scopes.delete(scope);
  }

  /** A scope has no operators any more: nothing is set aside or left free for it. */
  #end(scope: PoolConsumer): void {
    if (scope.growth > 0) {
      scope.growth = 0;
      this.#growing.delete(scope);
      this.headroom = 0;
      for (const { growth } of this.#growing) this.headroom = Math.max(this.headroom, growth);
      this.onRelease();
    }
    if (!scope.started) return;
    scope.started = false;
    this.#setAside(scope);
    this.onRelease();
  }

  #rise(): void {
    const used = this.held + this.reserved;
    if (used > this.peak) this.peak = used;
    if (used - this.budget > this.peakOvercommit) this.peakOvercommit = used - this.budget;
  }

  #countAt(instance: OperatorInstance, bytes: Bytes): void {
    instance.bytes += bytes;
    instance.meter.count(bytes);
    if (instance.bytes === 0 && instance.closed) this.#deleteInstance(instance);
  }
}

/**
 * The bytes of an element without the payloads that it refers to, which are counted on their own.
 */
function beside(bytes: Bytes, payloads: ReadonlySet<Payload>): Bytes {
  let own = bytes;
  for (const payload of payloads) own -= payload.byteLength;
  return Math.max(0, own);
}

/**
 * @throws FlowError `recycled` if nothing holds the payload, or one that it depends on, any more.
 */
function assertUsable(payload: Payload): void {
  if (payload.idle) payload.assertLive(`a ${payload.constructor.name}`);
  settleMemory(payload);
  for (const base of payload.restsOn ?? []) assertUsable(base);
}
