import { UsageError } from '../core/errors.ts';
import type { Admission } from './admission.ts';
import type { Ledger, ScopeAccount, Station } from './ledger.ts';
import { bytesOf } from './measure.ts';
import { OperatorClock, type OperatorKind } from './observe.ts';
import { type Bytes, Payload } from './payload.ts';

/** Names whose operators have all ended that metrics still know. Names made for each video would be remembered for ever. */
const MOST_ENDED = 1000;

/** What the operators of one flow share. */
export class FlowCore {
  readonly clocks = new Map<string, OperatorClock>();
  /** Names of which no operator is subscribed or holds bytes any more, the first to end first. */
  readonly #ended = new Set<string>();
  readonly #lasting = new Set<string>();
  /** Milliseconds a source may run before it lets the event loop turn. */
  readonly yieldAfter: number;
  readonly ledger: Ledger;
  readonly admission: Admission;
  /** Moment of the first activity, in milliseconds of `performance.now()`. */
  origin: number | undefined;

  constructor(ledger: Ledger, admission: Admission, yieldAfter: number) {
    this.ledger = ledger;
    this.admission = admission;
    this.yieldAfter = yieldAfter;
    ledger.onEnd = (clock) => this.#end(clock);
  }

  /** The clock of a name; made at first use. */
  clock(name: string, kind: OperatorKind): OperatorClock {
    let clock = this.clocks.get(name);
    if (clock === undefined) {
      this.origin ??= performance.now();
      clock = new OperatorClock(name, kind, this.origin, this.admission);
      this.clocks.set(name, clock);
    }
    return clock;
  }

  /** The clock of a name that somebody keeps: metrics never forget it. */
  lastingClock(name: string, kind: OperatorKind): OperatorClock {
    this.#ended.delete(name);
    this.#lasting.add(name);
    return this.clock(name, kind);
  }

  /** Registers an operator at its subscription. */
  station(name: string, kind: OperatorKind, scope: ScopeAccount): Station {
    this.#ended.delete(name);
    return this.ledger.openStation(this.clock(name, kind), scope);
  }

  /** The last operator of a name has ended: it is forgotten when enough others have ended since. */
  #end({ name }: OperatorClock): void {
    if (this.#lasting.has(name)) return;
    this.#ended.add(name);
    if (this.#ended.size <= MOST_ENDED) return;
    const [first] = this.#ended;
    this.#ended.delete(first as string);
    this.clocks.delete(first as string);
  }
}

/** A cost function whose answers are checked. */
export function checkedCost<T>(cost: (value: T) => Bytes): (value: T) => Bytes {
  return (value) => {
    const bytes = cost(value);
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new UsageError(`\`cost\` must return a number of whole bytes of at least 0, but returned ${String(bytes)}`);
    }
    return bytes;
  };
}

/** What an operator that keeps elements counts for one: a payload its bytes, another what `cost` says; `bytesOf` when there is none. */
export function costOfKept<T>(cost: ((value: T) => Bytes) | undefined): (value: T) => Bytes {
  if (cost === undefined) return bytesOf;
  const checked = checkedCost(cost);
  return (value) => (value instanceof Payload ? value.byteLength : checked(value));
}
