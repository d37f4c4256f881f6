import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createOnce, makeDirectory, removeIfThere, temporaryPath } from '../../core/atomic-file.ts';
import { directoryFailure } from '../../core/directory-failure.ts';
import { sha256 } from '../../core/hash.ts';
import { PROCESS_NAME, processState } from '../../core/process-identity.ts';
import { partPath } from '../../io/dataset/layout.ts';

/** Milliseconds between two signs of life of a process that has items in work. */
const SIGN = 10_000;
/** A claim without a sign of life for this long, by the file system's clock, is nobody's. */
const SILENCE = 60_000;

/**
 * Which items of a dataset some process has begun, as files in `_claims` that say who: so that
 * those who look for more work do what nobody is doing. A claim is a courtesy and no lock: an item
 * that two compute all the same is committed once, and the other's work was in vain. The claims of
 * a process that died lapse, at once on its own machine, elsewhere after a minute without a sign of
 * life; the clocks of machines are not compared.
 *
 * @example
 * const claims = new Claims('features/');
 * if (await claims.take('heat')) {
 *   await compute();
 *   claims.release('heat');
 * }
 * await claims.close();
 */
export class Claims {
  readonly #directory: string;
  readonly #held = new Map<string, string>();
  readonly #releasing = new Set<Promise<void>>();
  readonly #signs: NodeJS.Timeout;

  constructor(directory: string) {
    this.#directory = partPath(directory, 'claims');
    this.#signs = setInterval(() => {
      // A sign of life that cannot be given costs no more than work done twice.
      for (const path of this.#held.values()) writeFile(path, PROCESS_NAME, { flag: 'r+' }).catch(() => undefined);
    }, SIGN);
    this.#signs.unref();
  }

  /**
   * Claims an item, unless a process that lives has.
   * @returns whether it is ours now.
   * @throws SystemError where it cannot be written.
   */
  async take(itemId: string): Promise<boolean> {
    const path = join(this.#directory, sha256(itemId).slice(0, 32));
    const isOurs = (await this.#create(path)) || ((await this.#hasLapsed(path)) && (await this.#create(path)));
    if (isOurs) this.#held.set(itemId, path);
    return isOurs;
  }

  /** Gives an item up that is done with; one that was not claimed here is none. */
  release(itemId: string): void {
    const path = this.#held.get(itemId);
    if (path === undefined) return;
    this.#held.delete(itemId);
    const released = removeIfThere(path).finally(() => this.#releasing.delete(released));
    // `close` throws it.
    released.catch(() => undefined);
    this.#releasing.add(released);
  }

  /** Gives up everything. @throws what the file system refuses. */
  async close(): Promise<void> {
    clearInterval(this.#signs);
    for (const itemId of [...this.#held.keys()]) this.release(itemId);
    await Promise.all(this.#releasing);
  }

  /** The file appears with the name in it: one that was empty would be nobody's for a minute. */
  async #create(path: string): Promise<boolean> {
    await makeDirectory(this.#directory);
    return createOnce(path, Buffer.from(PROCESS_NAME));
  }

  /** Takes a claim away whose process died. */
  async #hasLapsed(path: string): Promise<boolean> {
    const whose = await readFile(path, 'utf8').catch(goneAs(''));
    if (processState(whose) !== 'ended') {
      const signed = await stat(path).catch(goneAs(undefined));
      if (signed !== undefined && (await this.#now()) - signed.mtimeMs < SILENCE) return false;
    }
    await removeIfThere(path);
    return true;
  }

  /** The time by the clock that sets the times of these files, ms. */
  async #now(): Promise<number> {
    const path = temporaryPath(this.#directory);
    await writeFile(path, '').catch((error: unknown) => {
      throw directoryFailure(this.#directory, error);
    });
    try {
      return (await stat(path)).mtimeMs;
    } finally {
      await removeIfThere(path);
    }
  }
}

/** What stands for a file that is gone. */
function goneAs<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
}
