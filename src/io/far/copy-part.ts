import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { writeFailure } from '../../core/disk-full.ts';
import { type Part, type PartFacts, validatorOf } from '../http/part.ts';

const remedy =
  'Make room, give a smaller `scratch`, or set TMPDIR to a directory with more room; then run it again: what is committed is kept.';

/** A file that is being received into a copy; its hash is computed as the bytes arrive. */
export class CopyPart implements Part {
  readonly path: string;
  readonly #file: FileHandle;
  #hash: Hash = createHash('sha256');
  #facts: PartFacts | undefined;
  #size = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Starts a copy. */
  static async begin(path: string): Promise<CopyPart> {
    try {
      return new CopyPart(path, await open(path, 'ax', 0o600));
    } catch (error) {
      throw writeFailure(path, error, remedy);
    }
  }

  get size(): number {
    return this.#size;
  }

  async facts(): Promise<PartFacts | undefined> {
    return this.#facts;
  }

  async restart(facts?: PartFacts): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.#size = 0;
    this.#facts = facts;
  }

  async append(piece: Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(piece);
    } catch (error) {
      throw writeFailure(this.path, error, remedy);
    }
    this.#hash.update(piece);
    this.#size += piece.byteLength;
  }

  async isResumable(): Promise<boolean> {
    return this.#size > 0 && this.#facts !== undefined && validatorOf(this.#facts) !== undefined;
  }

  /** Finishes the copy. @returns SHA-256 of what was received. */
  async end(): Promise<string> {
    await this.#file.close();
    return this.#hash.digest('hex');
  }
}
