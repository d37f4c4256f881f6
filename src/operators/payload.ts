import { FlowError } from '../core/errors.ts';
import { claimMemory, disclaimMemory, visitOwners } from './memory-owners.ts';

/** A count of bytes. */
export type Bytes = number;

/** The account that held bytes are charged to. Maintained by `Flow`; users never create one. */
export interface Account {
  /** Bytes held now. */
  held: Bytes;
}

/** The remedy of the `recycled` error. */
export const RECYCLED_REMEDY =
  'Copy what you need inside the synchronous `next`, or keep elements only in operators of a Flow or Scope, such as `mapAsync` and `window`, or in your own (`scope.operator`).';

/**
 * A large element that flow control counts by identity: however many operators hold it, its bytes
 * count once. When the last of them releases it, it is idle: its memory may be recycled, and
 * reading it is an error.
 *
 * It is held by its memory too: an operator that holds a view of it, however deep in objects and
 * arrays, holds the payload. It declares that memory with `owns`; typed arrays among its public
 * fields are found without it.
 *
 * @example
 * class Tile extends Payload {
 *   constructor(readonly pixels: Uint8Array) { super(); }
 *   get byteLength() { return this.pixels.byteLength; }
 * }
 */
export abstract class Payload {
  /** Number of operators that hold it now. Maintained by `Flow`; do not write. */
  holds = 0;
  /** Set when its last holder has released it. Maintained by `Flow`; do not write. */
  idle = false;
  /** Bytes it counts for while it is held. Maintained by `Flow`; do not write. */
  heldBytes: Bytes = 0;
  /** The account its bytes are charged to while it is held. Maintained by `Flow`; do not write. */
  heldBy: Account | undefined = undefined;
  /** The memory it owns. Set by `owns`; do not write. */
  ownMemory: ArrayBufferView[] | undefined = undefined;
  /**
   * Payloads that it refers to, or whose memory it refers to; held while it is held. Maintained by
   * `Flow`; do not write.
   */
  restsOn: readonly Payload[] | undefined = undefined;

  /** Bytes it keeps alive; constant for its lifetime. */
  abstract readonly byteLength: Bytes;

  /** Called once, when nothing holds it any more: return its memory to a pool here. */
  onIdle?(): void;

  /**
   * Declares that this payload owns the memory of a view; call it in the constructor. Memory that
   * another payload owns stays with that one, which is then held together with this one.
   *
   * @example
   * class Picture extends Payload {
   *   readonly byteLength: number;
   *   readonly #pixels: Uint8Array;
   *
   *   constructor(pixels: Uint8Array) {
   *     super();
   *     this.byteLength = pixels.byteLength;
   *     this.#pixels = pixels;
   *     this.owns(pixels);
   *   }
   * }
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

  /** Called by `Flow` when its last holder has released it. */
  retire(): void {
    this.idle = true;
    if (this.onIdle !== undefined) this.onIdle();
    // Nobody reuses its memory, so whoever still has a view may read it.
    else for (const view of this.ownMemory ?? []) disclaimMemory(view, this);
  }

  /** @throws FlowError `recycled` if nothing holds this payload any more. */
  assertLive(what: string): void {
    if (this.idle) {
      throw new FlowError('recycled', `${what} was read after its last holder released it`, {
        remedy: RECYCLED_REMEDY,
      });
    }
  }
}
