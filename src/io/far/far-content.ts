import { FlowError } from '../../core/errors.ts';
import type { FarAddress } from './far-address.ts';
import type { InputCopies, InputCopy } from './input-copies.ts';

/** Where the content of an item is: the path of a file, or a remote file. */
export type ContentPlace = string | FarContent;

/** What identifies content without reading it, if its server provides that, and its hash. */
export interface HashedContent {
  readonly identity: string | undefined;
  readonly sha256: string;
}

/** Content that is not on this machine, and its copies while they are in use. */
export class FarContent {
  readonly address: FarAddress;
  readonly #copies: InputCopies;
  /** The copy that is in use or being made, and the number of its users. */
  #copy: Promise<InputCopy> | undefined;
  #stop = new AbortController();
  #users = 0;
  #atHand: InputCopy | undefined;
  #size: number | undefined;
  /** A copy whose hash was just reported; the next computation uses the same bytes. */
  #hashed: InputCopy | undefined;

  constructor(address: FarAddress, copies: InputCopies) {
    this.address = address;
    this.#copies = copies;
  }

  /** The copy that is in use. */
  get atHand(): InputCopy | undefined {
    return this.#atHand;
  }

  /** Size in bytes, if known. */
  get size(): number | undefined {
    return this.#size ?? this.#copies.sizeOf(this.address);
  }

  /** Its identification when its folder was listed, or when it was last requested. */
  get listedIdentity(): string | undefined {
    return this.#copies.listedIdentity(this.address);
  }

  /**
   * Its current identification, and its hash while a copy is in use.
   * @throws what `InputCopies.identity` throws.
   */
  async now(signal?: AbortSignal): Promise<Partial<HashedContent>> {
    if (this.#atHand !== undefined) return this.#atHand;
    return { identity: await this.#copies.identity(this.address, signal) };
  }

  /** Its hash, from a copy that is kept for a while. @throws what `InputCopies.take` throws. */
  async read(signal?: AbortSignal): Promise<HashedContent> {
    // The copy that was hashed before may be of an earlier content.
    this.#hashed = undefined;
    const { copy, release } = await this.hold(signal);
    await release(true);
    this.#hashed = copy;
    return copy;
  }

  /**
   * Gets a copy, which is shared by all simultaneous users.
   * @returns the copy, and a function that releases it; only its first call has an effect.
   * @throws what `InputCopies.take` throws.
   */
  async hold(signal?: AbortSignal): Promise<{ copy: InputCopy; release: (keep: boolean) => Promise<void> }> {
    this.#users += 1;
    if (this.#copy === undefined) {
      this.#stop = new AbortController();
      this.#copy = this.#copies.take(this.address, this.#stop.signal, this.#hashed);
      this.#hashed = undefined;
    }
    const [shared, stop] = [this.#copy, this.#stop];
    let isLeft = false;
    const leave = async (keep: boolean): Promise<void> => {
      if (isLeft) return;
      isLeft = true;
      this.#users -= 1;
      if (this.#users > 0) return;
      this.#copy = undefined;
      this.#atHand = undefined;
      // Nobody is waiting for it any longer.
      stop.abort(signal?.reason);
      const copy = await shared.catch(() => undefined);
      if (copy !== undefined) await this.#copies.give(copy, keep);
    };
    try {
      const copy = await unlessAborted(shared, signal);
      this.#atHand = copy;
      this.#size = copy.bytes;
      return { copy, release: leave };
    } catch (error) {
      await leave(false);
      throw error;
    }
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(new FlowError('aborted', 'the run was stopped', { cause: signal.reason }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
