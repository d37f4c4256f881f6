import { FlowError } from '../errors.ts';

/** A count of bytes. */
export type Bytes = number;

/** Who answers for held bytes: the sum it keeps. Kept by `Flow`; a user never makes one. */
export interface Account {
  /** Bytes held now. */
  held: Bytes;
}

/**
 * A heavy element that flow control counts by identity: however many operators hold it, its bytes count once, and when
 * the last of them lets go it is idle, its memory may be recycled, and reading it is an error.
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

  /** Bytes it keeps alive. Constant over its life. */
  abstract readonly byteLength: Bytes;

  /** Called once, when nothing holds it any more: give the memory back to a pool here. */
  onIdle?(): void;

  /** @throws FlowError `recycled` when nothing holds this payload any more. */
  assertLive(what: string): void {
    if (this.idle) {
      throw new FlowError('recycled', `${what} was read after its last holder let it go`, {
        remedy:
          'Copy what you need inside the synchronous `next`, or keep elements only in the holding operators of a Flow (mapAsync, window, buffer, zip, delay).',
      });
    }
  }
}
