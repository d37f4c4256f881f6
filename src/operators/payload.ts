import { FlowError } from '../core/errors.ts';
import { claimMemory, disclaimMemory, visitOwners } from './memory-owners.ts';

/** A count of bytes. */
export type Bytes = number;

/** Who answers for held bytes: the sum it keeps. Kept by `Flow`; a user never makes one. */
export interface Account {
  /** Bytes held now. */
  held: Bytes;
}

/** What the `recycled` error advises. */
export const RECYCLED_REMEDY =
  'Copy what you need inside the synchronous `next`, or keep elements only in operators of a Flow that hold them (mapAsync, window, buffer, zip, delay, or your own: scope.operator).';

/**
 * A heavy element that flow control counts by identity: however many operators hold it, its bytes
 * count once, and when the last of them lets go it is idle, its memory may be recycled, and reading
 * it is an error.
 *
 * It is held by its memory too: an operator that holds a view of it, however deep in objects and
 * arrays, holds the payload. Which memory that is, it says with `owns`; of typed arrays among its
 * own public fields the flow knows on its own.
 *
 * @example
 * class Tile extends Payload {
 *   constructor(readonly pixels: Uint8Array) { super(); }
 *   get byteLength() { return this.pixels.byteLength; }
 * }
 */
export abstract class Payload {
  /** How many operators hold it now. Kept by `Flow`; do not write. */
  holds = 0;
  /** Set when its last holder let go. Kept by `Flow`; do not write. */
  idle = false;
  /** Bytes it is counted with while it is held. Kept by `Flow`; do not write. */
  heldBytes: Bytes = 0;
  /** The account its bytes are counted in while it is held. Kept by `Flow`; do not write. */
  heldBy: Account | undefined = undefined;
  /** Memory that is its own. Kept by `owns`; do not write. */
  ownMemory: ArrayBufferView[] | undefined = undefined;
  /**
   * Payloads whose memory or selves it refers to: held while it is held. Kept by `Flow`; do not
   * write.
   */
  restsOn: readonly Payload[] | undefined = undefined;

  /** Bytes it keeps alive. Constant over its life. */
  abstract readonly byteLength: Bytes;

  /** Called once, when nothing holds it any more: give the memory back to a pool here. */
  onIdle?(): void;

  /**
   * Says that the memory of a view is this payload's; call it in the constructor. Memory that
   * another payload is held with stays that one's: it is then held with this one.
   *
   * @example
   * constructor(pixels: Uint8Array) { super(); this.#pixels = pixels; this.owns(pixels); }
   */
  protected owns(view: ArrayBufferView): void {
    this.ownMemory ??= [];
    const bases: Payload[] = [];
    visitOwners(view, (owner) => {
      if (owner !== this && owner.holds > 0) bases.push(owner);
    });
    if (bases.length > 0) this.restsOn = [...(this.restsOn ?? []), ...bases];
    else {
      this.ownMemory.push(view);
      claimMemory(view, this);
    }
  }

  /** Its last holder let go. Called by `Flow`. */
  retire(): void {
    this.idle = true;
    if (this.onIdle !== undefined) this.onIdle();
    // Nobody reuses its memory, so whoever still has a view may read it.
    else for (const view of this.ownMemory ?? []) disclaimMemory(view, this);
  }

  /** @throws FlowError `recycled` when nothing holds this payload any more. */
  assertLive(what: string): void {
    if (this.idle) {
      throw new FlowError('recycled', `${what} was read after its last holder released it`, {
        remedy: RECYCLED_REMEDY,
      });
    }
  }
}
