import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { FlowError, MediaError } from '../../core/errors.ts';
import { Growing } from '../../core/growing.ts';
import { hashFile, sha256 } from '../../core/hash.ts';
import { eachLine } from '../../core/line-blocks.ts';
import { PackedTexts } from '../../core/packed-texts.ts';
import { wordsOf } from '../../core/words-of.ts';
import type { ContentPlace, FarContent } from '../far/far-content.ts';
import { appendToPart } from './far-dataset.ts';

/**
 * The start of a line: device and inode, size and modification time in ns, or a server's
 * identification of the content. A line that is cut off or merged with another does not match.
 */
const IDENTITY = /^(\d+:\d+ \d+ \d+|far [0-9a-f]{64}) $/;
/** The end of a line. */
const HASH = /^[0-9a-f]{64}$/;
const HASH_DIGITS = 64;
const HASH_BYTES = HASH_DIGITS / 2;
/**
 * A file that changed this recently is not remembered, because it may change again without its
 * modification time showing it.
 */
const SETTLED_NANOSECONDS = 2_000_000_000n;

/**
 * Content hashes of files, remembered by device, inode, size and modification time in an
 * append-only text file, so that a second run reads no media. Any number of processes may append to
 * it. Damaged lines are skipped, and their hashes computed again.
 *
 * @example
 * const fingerprints = await Fingerprints.open('features/_fingerprints.txt');
 * const hash = await fingerprints.of('trailers/heat.mp4');
 */
export class Fingerprints {
  readonly #file: string | undefined;
  /** The first 128 bits of the SHA-256 of each line's beginning, which take less memory. */
  readonly #identities = new PackedTexts('hex');
  /** By the place of the identity. */
  readonly #hashes = new Growing(Uint8Array);

  private constructor(file: string | undefined) {
    this.#file = file;
  }

  /**
   * Opens the hashes remembered in a file, which may be missing; without a file, nothing is
   * remembered beyond this process.
   */
  static async open(file?: string): Promise<Fingerprints> {
    const fingerprints = new Fingerprints(file);
    if (file === undefined) return fingerprints;
    await eachLine(file, 0, (bytes, start, end) => {
      const middle = Math.max(start, end - HASH_DIGITS);
      const identity = bytes.toString('latin1', start, middle);
      const hash = bytes.toString('latin1', middle, end);
      if (HASH.test(hash) && IDENTITY.test(identity)) fingerprints.#keep(identity, hash);
    });
    return fingerprints;
  }

  /**
   * What `of` would return without reading the file; undefined if it is not remembered or cannot be
   * accessed. Synchronous, since the pause of an asynchronous call costs ten times as much as the
   * call, and corpora have many files.
   */
  known(place: ContentPlace): string | undefined {
    if (typeof place !== 'string') {
      const { atHand, listedIdentity } = place;
      return atHand?.sha256 ?? (listedIdentity && this.#hashOf(farText(listedIdentity)));
    }
    let found: BigIntStats | undefined;
    try {
      found = statSync(place, { bigint: true, throwIfNoEntry: false });
    } catch {
      // `of` reports what is wrong with it.
      return undefined;
    }
    return found?.isFile() ? this.#hashOf(textOf(found)) : undefined;
  }

  /**
   * SHA-256 of a file's content, 64 hexadecimal digits. The file is read, as a stream, only if its
   * hash is not remembered; for a remote file, the server is asked for its current state.
   *
   * @param signal when aborted, reading stops.
   * @throws MediaError `unreadable` when it cannot be read; what `InputCopies.take` throws;
   * FlowError `aborted`.
   */
  async of(place: ContentPlace, signal?: AbortSignal): Promise<string> {
    return typeof place === 'string' ? this.#ofFile(place, signal) : this.#ofFar(place, signal);
  }

  async #ofFar(place: FarContent, signal: AbortSignal | undefined): Promise<string> {
    const now = await place.now(signal);
    const known = now.sha256 ?? (now.identity && this.#hashOf(farText(now.identity)));
    const { sha256, identity } = known === undefined ? await place.read(signal) : { sha256: known, ...now };
    if (identity !== undefined) await this.#remember(farText(identity), sha256);
    return sha256;
  }

  async #ofFile(path: string, signal: AbortSignal | undefined): Promise<string> {
    const identity = await identityOf(path);
    const known = this.#hashOf(identity.text);
    if (known !== undefined) return known;
    const hash = await hashContent(path, identity.size, signal);
    const after = await identityOf(path);
    const settled = BigInt(Date.now()) * 1_000_000n - after.modified > SETTLED_NANOSECONDS;
    if (after.text === identity.text && settled) await this.#remember(identity.text, hash);
    return hash;
  }

  #hashOf(identity: string): string | undefined {
    const place = this.#identities.placeOf(shortOf(identity));
    if (place === undefined) return undefined;
    const bytes = this.#hashes.view(HASH_BYTES * place, HASH_BYTES * (place + 1));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  }

  #keep(identity: string, hash: string): void {
    const place = this.#identities.add(shortOf(identity));
    for (const [at, byte] of Buffer.from(hash, 'hex').entries()) this.#hashes.set(HASH_BYTES * place + at, byte);
  }

  async #remember(identity: string, hash: string): Promise<void> {
    if (this.#hashOf(identity) === hash) return;
    this.#keep(identity, hash);
    // The leading line break separates this line from one that a killed process cut off.
    if (this.#file !== undefined) await appendToPart('fingerprints', this.#file, `\n${identity}${hash}\n`);
  }
}

/**
 * SHA-256 of a file's content, 64 hexadecimal digits, read in a stream and not remembered.
 *
 * @throws MediaError `unreadable` when it cannot be read.
 */
export async function contentFingerprint(path: string): Promise<string> {
  return (await Fingerprints.open()).of(path);
}

async function identityOf(path: string): Promise<{ text: string; size: bigint; modified: bigint }> {
  try {
    const found = await stat(path, { bigint: true });
    // Reading a named pipe might never end.
    if (!found.isFile()) throw new Error('it is not a regular file');
    return { text: textOf(found), size: found.size, modified: found.mtimeNs };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function shortOf(identity: string): string {
  return sha256(identity).slice(0, 32);
}

/** The identification of remote content, as the start of a line. */
function farText(identity: string): string {
  return `far ${identity} `;
}

/** The identification of a file without its content, as the start of a line. */
function textOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino} ${size} ${mtimeNs} `;
}

async function hashContent(path: string, size: bigint, signal: AbortSignal | undefined): Promise<string> {
  try {
    return (await hashFile(path, { signal, size: Number(size) })).sha256;
  } catch (error) {
    if (signal?.aborted) {
      throw new FlowError('aborted', `the reading of ${path} was stopped`, { cause: signal.reason });
    }
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): MediaError {
  // Bytes that are no UTF-8 were replaced when the directory was listed: the name is of no file.
  const isNoText = path.includes('\ufffd') && (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return isNoText
    ? new MediaError('unreadable', `${path} cannot be read: its name is not UTF-8 text`, {
        remedy: 'Rename the file: its item id comes from its name.',
        cause,
      })
    : new MediaError('unreadable', `${path} cannot be read: ${wordsOf(cause)}`, { cause });
}
