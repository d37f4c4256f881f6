import { checkInteger, checkString, shown } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import type { FlowCore } from './core.ts';
import type { ScopeAccount, Station } from './ledger.ts';
import type { Bytes } from './payload.ts';

/**
 * Accounts for bytes that an operator keeps by itself: copies, tables, medians. They count against the budget at once and
 * cannot be refused: tell the scope the most they will be (`claim` and `kept`), so that the room is set aside. For what
 * was not announced, sources leave as much room free as the largest addition so far (after each holder's first), until the
 * last operator of the scope has ended.
 *
 * @example
 * const kept = scope.holder('median');
 * kept.add(vector.byteLength);
 * kept.close();
 */
export class Holder {
  readonly #core: FlowCore;
  readonly #station: Station;
  #additions = 0;

  /** Made by `scope.holder(name)`. @internal */
  constructor(core: FlowCore, scope: ScopeAccount, name: string) {
    checkString('name', name);
    this.#core = core;
    this.#station = core.station(name, 'holder', scope);
  }

  /** Bytes kept now. */
  get bytes(): Bytes {
    return this.#station.bytes;
  }

  /** Keeps so many bytes more. @throws UsageError after `close`. */
  add(bytes: Bytes): void {
    checkInteger('bytes', bytes, 0);
    if (this.#station.closed) throw new UsageError('`add` must not be called on a holder that is closed');
    // The first is what it starts with; the others tell by how much it grows.
    this.#core.ledger.keep(this.#station, bytes, this.#additions++ > 0);
  }

  /** Keeps so many bytes less. @throws UsageError when it keeps fewer. */
  remove(bytes: Bytes): void {
    checkInteger('bytes', bytes, 0);
    if (bytes > this.#station.bytes) {
      throw new UsageError(`\`bytes\` must be at most the ${this.#station.bytes} kept, but is ${shown(bytes)}`);
    }
    this.#core.ledger.drop(this.#station, bytes);
  }

  /** Keeps nothing any more; may be called again. */
  close(): void {
    this.#core.ledger.drop(this.#station, this.#station.bytes);
    this.#core.ledger.closeStation(this.#station);
  }
}
