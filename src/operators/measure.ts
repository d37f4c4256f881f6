import { FlowError } from '../core/errors.ts';
import { claimMemory, visitOwners } from './memory-owners.ts';
import { type Bytes, Payload, RECYCLED_REMEDY } from './payload.ts';

const OBJECT_OVERHEAD: Bytes = 64;
const ARRAY_OVERHEAD: Bytes = 16;
/** Overhead of a typed array and its buffer, beyond its bytes. */
const VIEW_OVERHEAD: Bytes = 192;
const PRIMITIVE: Bytes = 8;
/** Overhead of an element's place in a queue; measured on Node 20. */
const PLACE: Bytes = 64;
/** The record of who holds an object; a payload carries its own. */
const RECORD: Bytes = 80;
/** Depth to which nested containers are inspected. */
const DEEPEST = 16;

/**
 * An estimate of the bytes that an element keeps alive while it waits in an operator. For a
 * payload, its `byteLength`. For anything else, about 64 for its place and 80 for the record of an
 * object, plus its `byteLength` if it has one and 192 for a typed array; two per character of a
 * string; 64 for an object and 16 for an array, plus their contents, at any depth. Memory of
 * payloads counts whole, wherever it is found. Give the operator a `cost` if this is far from the
 * truth.
 */
export function bytesOf(value: unknown): Bytes {
  if (value instanceof Payload) return value.byteLength;
  if (typeof value !== 'object' || value === null) return PLACE + bytesOfPrimitive(value);
  const survey = surveyOf(value);
  let bytes = PLACE + RECORD + survey.bytes;
  for (const payload of survey.payloads) bytes += payload.byteLength;
  return bytes;
}

/**
 * The bytes that a value keeps alive when it is not waiting anywhere: `bytesOf` without its place
 * and its record.
 */
export function weightOf(value: unknown): Bytes {
  const bytes = bytesOf(value);
  if (value instanceof Payload) return bytes;
  return bytes - PLACE - (typeof value === 'object' && value !== null ? RECORD : 0);
}

/** What an element refers to. */
export interface Survey {
  /** Bytes it keeps alive beyond those of the payloads. */
  readonly bytes: Bytes;
  /** Payloads in it, and payloads whose memory it has views of. */
  readonly payloads: ReadonlySet<Payload>;
}

/**
 * Searches an element, through any arrays, objects, maps and sets, for payloads and views of their
 * memory. Private fields and closures cannot be inspected; observables and promises are not.
 *
 * @throws FlowError `recycled` if it refers to a payload that nothing holds any more.
 */
export function surveyOf(value: object): Survey {
  const looking = new Looking();
  looking.at(value, 0);
  return looking;
}

/**
 * Finds out, once, what a payload consists of if it did not declare it with `owns`: typed arrays
 * among its fields are its own, unless they are views of another payload, which is then held with
 * this one.
 */
export function settleMemory(payload: Payload): void {
  if (payload.ownMemory !== undefined) return;
  payload.ownMemory = [];
  const looking = new Looking(payload.ownMemory);
  looking.fields(payload, 1);
  looking.payloads.delete(payload);
  for (const view of payload.ownMemory) claimMemory(view, payload);
  if (looking.payloads.size > 0) payload.restsOn = [...looking.payloads];
}

const NONE: ReadonlySet<Payload> = new Set();

class Looking implements Survey {
  bytes: Bytes = 0;
  #payloads: Set<Payload> | undefined;
  #seen: Set<object> | undefined;
  /** Receives the views of memory that no payload owns. */
  readonly #ownerless: ArrayBufferView[] | undefined;

  constructor(ownerless?: ArrayBufferView[]) {
    this.#ownerless = ownerless;
  }

  get payloads(): Set<Payload> {
    return this.#payloads ?? (NONE as Set<Payload>);
  }

  at(value: unknown, depth: number): void {
    if (typeof value !== 'object' || value === null) this.bytes += bytesOfPrimitive(value);
    else if (value instanceof Payload) this.#found(value);
    else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
      this.#memory(value);
    } else if (depth <= DEEPEST && this.#isNew(value, depth)) this.#container(value, depth);
  }

  /** The values of an object's own fields. */
  fields(value: object, depth: number): void {
    for (const key in value) {
      // The account that a payload is counted in is not part of it.
      if (key === 'heldBy' || !Object.hasOwn(value, key)) continue;
      const member = (value as Record<string, unknown>)[key];
      if (typeof member === 'object' ? member !== null : typeof member === 'string') this.at(member, depth);
    }
  }

  #container(value: object, depth: number): void {
    if (Array.isArray(value)) {
      this.bytes += ARRAY_OVERHEAD;
      for (const member of value) this.at(member, depth + 1);
    } else if (value instanceof Map) {
      this.bytes += OBJECT_OVERHEAD;
      for (const [key, member] of value) {
        this.at(key, depth + 1);
        this.at(member, depth + 1);
      }
    } else if (value instanceof Set) {
      this.bytes += OBJECT_OVERHEAD;
      for (const member of value) this.at(member, depth + 1);
    } else if (!isSubscribable(value)) {
      const { byteLength } = value as { byteLength?: unknown };
      const [before, known] = [this.bytes, this.payloads.size];
      this.fields(value, depth + 1);
      this.bytes = typeof byteLength === 'number' ? before + byteLength : this.bytes + OBJECT_OVERHEAD;
      if (typeof byteLength === 'number') this.#deduct(known, before);
    }
  }

  /** An object's own `byteLength` includes the payloads found in it. */
  #deduct(known: number, least: Bytes): void {
    let position = 0;
    for (const payload of this.payloads) {
      if (position++ >= known) this.bytes = Math.max(least, this.bytes - payload.byteLength);
    }
  }

  #memory(memory: ArrayBufferView | ArrayBufferLike): void {
    let owners = 0;
    let stale: Payload | undefined;
    visitOwners(memory, (owner) => {
      if (owner.idle) stale = owner;
      else {
        owners++;
        this.#found(owner);
      }
    });
    // A whole buffer is never an element: some part of a shared one is always idle.
    if (stale !== undefined && (owners === 0 || ArrayBuffer.isView(memory))) throw recycled(stale, 'memory of ');
    if (owners > 0) return;
    this.bytes += memory.byteLength + VIEW_OVERHEAD;
    if (ArrayBuffer.isView(memory)) this.#ownerless?.push(memory);
  }

  #found(payload: Payload): void {
    if (payload.idle) throw recycled(payload, '');
    if (payload.holds === 0) settleMemory(payload);
    this.#payloads ??= new Set();
    this.#payloads.add(payload);
  }

  /** Whether a container has not been visited yet: it may contain itself. */
  #isNew(value: object, depth: number): boolean {
    if (depth === 0) return true;
    this.#seen ??= new Set();
    if (this.#seen.has(value)) return false;
    this.#seen.add(value);
    return true;
  }
}

function bytesOfPrimitive(value: unknown): Bytes {
  return typeof value === 'string' ? PRIMITIVE + 2 * value.length : PRIMITIVE;
}

/** Observables and promises: what they will emit is not theirs yet. */
function isSubscribable(value: object): boolean {
  const { subscribe, then } = value as { subscribe?: unknown; then?: unknown };
  return typeof subscribe === 'function' || typeof then === 'function';
}

function recycled(payload: Payload, part: string): FlowError {
  return new FlowError('recycled', `${part}a ${payload.constructor.name} was used after its last holder released it`, {
    remedy: RECYCLED_REMEDY,
  });
}
