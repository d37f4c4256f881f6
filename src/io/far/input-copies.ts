import { statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { AskedOnce } from '../../core/asked-once.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import { MediaError, UsageError } from '../../core/errors.ts';
import { Gate } from '../../core/gate.ts';
import { sha256 } from '../../core/hash.ts';
import { temporaryFolder } from '../../core/temporary-folder.ts';
import { formatBytes, parseBytes } from '../../operators/budget.ts';
import { type PartFacts, validatorOf } from '../http/part.ts';
import { type Perseverance, receiveWhole } from '../http/receive-whole.ts';
import { WrongSize } from '../http/transfer.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { openS3Store } from '../objects/s3-store.ts';
import { CopyPart } from './copy-part.ts';
import { type FarAddress, farAddress, pathOfAddress } from './far-address.ts';
import { type FarFile, farFault } from './far-file.ts';
import { HttpFile } from './http-file.ts';
import { ObjectFile } from './object-file.ts';

/** How to copy remote inputs. */
export interface InputCopiesOptions {
  /**
   * Bytes of disk that copies may take together, or the result of `scratchRoom`. Default: half of
   * the free space.
   */
  readonly room?: number | string | ScratchRoom | undefined;
  /** When aborted, listing folders of stores stops. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the reason for each retry. */
  readonly onMessage?: ((line: string) => void) | undefined;
  /** Seconds to wait for an answer, and for the next 16 KiB. Default 60. */
  readonly timeoutSeconds?: number | undefined;
  /** Seconds before the first retry; doubled before each further one, up to 30. Default 0.5. */
  readonly retrySeconds?: number | undefined;
}

/** A copy that is in use. */
export interface InputCopy {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** What identifies its content without reading it; undefined if its server provides nothing. */
  readonly identity: string | undefined;
}

/** The disk space that a copy was given while it is in use. */
interface Claim {
  readonly bytes: number;
  readonly leave: () => void;
}

/** An object that is an input in a folder. */
export interface ListedObject {
  readonly address: string;
  /** Its name below the folder. */
  readonly name: string;
}

/** Unused copies are kept for the next request, up to this many bytes. */
const IDLE_BYTES = 2 * 1024 ** 3;
const ATTEMPTS = 6;
/** How often a file is checked again if it has grown since the last check. */
const CHANGES = 3;

/** All instances in use in this process. */
const open = new Set<InputCopies>();

/**
 * Disk bytes that all copies of this process take, or are about to take.
 *
 * @example
 * copiedBytes();
 */
export function copiedBytes(): number {
  return [...open].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The disk space that copies may take, its directory, and the free space there. */
export interface ScratchRoom {
  readonly directory: string;
  readonly bytes: number;
  readonly freeBytes: number;
}

/**
 * The disk space for copies of remote inputs.
 *
 * @throws UsageError if it is more than the free space.
 */
export function scratchRoom(wanted?: number | string): ScratchRoom {
  const directory = tmpdir();
  const { bavail, bsize } = statfsSync(directory);
  const freeBytes = bavail * bsize;
  const bytes = wanted === undefined ? Math.floor(freeBytes / 2) : parseBytes(wanted, freeBytes);
  if (bytes > freeBytes) {
    throw new UsageError(`\`scratch\` is ${formatBytes(bytes)}, but ${directory} has ${formatBytes(freeBytes)} free`, {
      option: 'scratch',
      remedy: 'Give a smaller one, or set TMPDIR to a directory with more room.',
    });
  }
  return { directory, bytes, freeBytes };
}

/**
 * Copies of remote inputs, in a temporary folder of this process, for as long as they are in use:
 * decoders need files in which they can seek. Together, the copies stay within the disk space; a
 * file is requested only when there is room for all of it. Interrupted transfers continue where
 * they stopped, if the content is still the same.
 *
 * @example
 * const copies = new InputCopies({ room: '20GiB' });
 * const copy = await copies.take(farAddress('https://films.example.org/heat.mp4'), signal);
 * await copies.give(copy, false);
 * await copies.close();
 */
export class InputCopies {
  /** The shared instance, for videos that belong to no run. */
  static readonly ofProcess = new InputCopies();

  readonly #options: InputCopiesOptions;
  readonly #stores = new AskedOnce<ObjectStore, string>();
  readonly #listed = new Map<string, PartFacts>();
  /** Unused copies by identity, least recently used first. */
  readonly #idle = new Map<string, InputCopy>();
  readonly #inUse = new Map<InputCopy, { readonly of: string; readonly claim: Claim }>();
  #room: ScratchRoom | undefined;
  #gate: Gate | undefined;
  readonly #folder = new AskedOnce<Awaited<ReturnType<typeof temporaryFolder>>>();
  #count = 0;
  #claimed = 0;

  constructor(options: InputCopiesOptions = {}) {
    this.#options = options;
  }

  /** The disk space, as determined on first use. @throws what `scratchRoom` throws. */
  get room(): ScratchRoom {
    const { room } = this.#options;
    this.#room ??= typeof room === 'object' ? room : scratchRoom(room);
    return this.#room;
  }

  /** Bytes that are on the disk or about to be. */
  get bytes(): number {
    return this.#claimed + this.#idleBytes;
  }

  get #idleBytes(): number {
    return [...this.#idle.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * The objects below an address of a store, sorted by name, without reading their content.
   * @throws SystemError `object-store`; FlowError `aborted`.
   */
  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const address = farAddress(prefix);
    if (address.kind !== 's3') throw new UsageError(`'${address.shown}' cannot be listed: only s3:// can`);
    const store = await this.#storeOf(address.bucket);
    const before = address.name === '' ? '' : `${address.name}/`;
    const wait = { signal: this.#options.signal, answer: this.#patience.answer };
    for await (const { name, size, etag } of store.list(before, wait)) {
      const found = `s3://${address.bucket}/${name}`;
      this.#listed.set(found, { etag, total: size });
      yield { address: found, name: name.slice(before.length) };
    }
  }

  /** The size of a file if already known; undefined if nobody has asked for it. */
  sizeOf(address: FarAddress): number | undefined {
    return this.#listed.get(address.shown)?.total;
  }

  /**
   * What identifies the content of a listed object, without a request: as of the listing or the
   * last request.
   */
  listedIdentity(address: FarAddress): string | undefined {
    const facts = this.#listed.get(address.shown);
    return facts && identityOf(address, facts);
  }

  /**
   * What identifies the content of a file; undefined if its server provides nothing.
   *
   * @throws MediaError `not-found`, `forbidden`, `unreachable`; SystemError `object-store` if there
   * are no credentials; FlowError `aborted`.
   */
  async identity(address: FarAddress, signal?: AbortSignal): Promise<string | undefined> {
    return identityOf(address, await this.#look(await this.#fileOf(address), address, signal));
  }

  /**
   * Makes a copy of a file as soon as there is room for it.
   *
   * @param just a copy that was returned just now, which is used if it still exists.
   * @throws what `identity` throws; MediaError `too-large` for a file larger than the disk space,
   * `empty`, `unreadable` for one that grew each time it was fetched; SystemError `disk-full`.
   */
  async take(address: FarAddress, signal: AbortSignal, just?: InputCopy): Promise<InputCopy> {
    const kept = this.#idle.get(address.identity);
    if (kept !== undefined && kept.path === just?.path) {
      const claim = await this.#claim(kept.bytes, signal);
      // In the meantime, another user may have taken it, or another copy may have replaced it.
      if (this.#idle.get(address.identity) === kept) {
        this.#idle.delete(address.identity);
        return this.#used(kept, address, claim);
      }
      claim.leave();
    }
    const file = await this.#fileOf(address);
    for (let attempt = 1; attempt <= CHANGES; attempt += 1) {
      const facts = await this.#look(file, address, signal);
      try {
        return await this.#taken(file, address, facts, signal);
      } catch (error) {
        // Its length has changed since the check, or it is too long for the disk space.
        if (!(error instanceof WrongSize) || facts.total === undefined) throw farFault(address.shown, error);
      }
    }
    throw new MediaError('unreadable', `'${address.shown}' kept changing while it was fetched`, {
      remedy: 'Run it again once nothing writes to it any longer.',
    });
  }

  /**
   * Makes a copy of a file in the state of the last check. @throws WrongSize if it is longer by
   * now.
   */
  async #taken(file: FarFile, address: FarAddress, facts: PartFacts, signal: AbortSignal): Promise<InputCopy> {
    const { bytes: room, directory } = this.room;
    if (facts.total === 0) throw new MediaError('empty', `'${address.shown}' has zero bytes`);
    if (facts.total !== undefined && facts.total > room) {
      throw new MediaError(
        'too-large',
        `'${address.shown}' has ${formatBytes(facts.total)}, more than the ${formatBytes(room)} of ${directory} that copies may take`,
        { remedy: 'Give a larger `scratch`, or set TMPDIR to a directory with more room.' },
      );
    }
    // A file of unknown size claims all the space.
    const claim = await this.#claim(facts.total ?? room, signal);
    try {
      const copy = (await this.#idleOf(address, facts)) ?? (await this.#receive(file, address, claim.bytes, signal));
      return this.#used(copy, address, claim);
    } catch (error) {
      claim.leave();
      throw error;
    }
  }

  async #claim(bytes: number, signal: AbortSignal): Promise<Claim> {
    this.#gate ??= new Gate(this.room.bytes);
    const leave = await this.#gate.enter(bytes, signal);
    this.#claimed += bytes;
    return {
      bytes,
      leave: () => {
        this.#claimed -= bytes;
        leave();
      },
    };
  }

  #used({ path, bytes, sha256, identity }: InputCopy, { identity: of }: FarAddress, claim: Claim): InputCopy {
    const copy: InputCopy = { path, bytes, sha256, identity };
    this.#inUse.set(copy, { of, claim });
    return copy;
  }

  /**
   * Returns a copy.
   * @param keep whether it may be needed again soon.
   */
  async give(copy: InputCopy, keep: boolean): Promise<void> {
    const used = this.#inUse.get(copy);
    if (used === undefined) return;
    this.#inUse.delete(copy);
    const { of, claim } = used;
    if (keep && this.#folder.has()) {
      const before = this.#idle.get(of);
      this.#idle.delete(of);
      this.#idle.set(of, copy);
      if (before !== undefined) await rm(before.path, { force: true });
      await this.#evict(Math.min(IDLE_BYTES, this.room.bytes - this.#claimed + claim.bytes));
    } else await rm(copy.path, { force: true });
    claim.leave();
  }

  /** Removes all copies. */
  async close(): Promise<void> {
    this.#idle.clear();
    open.delete(this);
    const folder = this.#folder.get();
    this.#folder.delete();
    try {
      await (await folder)?.remove();
    } finally {
      for (const store of this.#stores.values())
        await store.then(
          (open) => open.close(),
          () => undefined,
        );
      this.#stores.clear();
    }
  }

  #storeOf(bucket: string): Promise<ObjectStore> {
    return this.#stores.ask(() => openS3Store(`s3://${bucket}`), bucket);
  }

  async #fileOf(address: FarAddress): Promise<FarFile> {
    if (address.kind === 'http') return new HttpFile(address.url);
    return new ObjectFile(await this.#storeOf(address.bucket), address.name);
  }

  async #look(file: FarFile, address: FarAddress, signal: AbortSignal | undefined): Promise<PartFacts> {
    let facts: PartFacts = {};
    const nothing = { size: 0, isResumable: async () => false };
    try {
      await receiveWhole(
        nothing,
        async () => {
          const looked = await file.look({ patience: this.#patience, signal });
          facts = looked.facts ?? {};
          return looked;
        },
        this.#perseverance(signal),
      );
    } catch (error) {
      throw farFault(address.shown, error);
    }
    // The listing may be out of date.
    if (this.#listed.has(address.shown)) this.#listed.set(address.shown, facts);
    return facts;
  }

  async #idleOf(address: FarAddress, facts: PartFacts): Promise<InputCopy | undefined> {
    const idle = this.#idle.get(address.identity);
    if (idle === undefined) return undefined;
    this.#idle.delete(address.identity);
    if (idle.identity !== undefined && idle.identity === identityOf(address, facts)) return idle;
    await rm(idle.path, { force: true });
    return undefined;
  }

  async #receive(file: FarFile, address: FarAddress, claim: number, signal: AbortSignal): Promise<InputCopy> {
    await this.#evict(this.room.bytes - this.#claimed);
    open.add(this);
    const folder = await this.#folder.ask(() => temporaryFolder('reelflow-inputs~'));
    // Formats without a signature are recognised by their names.
    const extension = /^\.[a-z0-9]{1,8}$/i.exec(extname(pathOfAddress(textOf(address))))?.[0] ?? '';
    const part = await CopyPart.begin(join(folder.path, `${++this.#count}${extension}`));
    try {
      const reading = { patience: this.#patience, signal };
      await receiveWhole(part, () => file.transfer(part, claim, reading), this.#perseverance(signal));
      const identity = identityOf(address, (await part.facts()) ?? {});
      return { path: part.path, bytes: part.size, sha256: await part.end(), identity };
    } catch (error) {
      await part.end();
      await rm(part.path, { force: true });
      throw error;
    }
  }

  /** Removes unused copies until at most this many bytes of them are left. */
  async #evict(most: number): Promise<void> {
    for (const [of, { path }] of this.#idle) {
      if (this.#idleBytes <= most) return;
      this.#idle.delete(of);
      await rm(path, { force: true });
    }
  }

  get #patience() {
    const milliseconds = 1000 * (this.#options.timeoutSeconds ?? 60);
    return { answer: milliseconds, idle: milliseconds };
  }

  #perseverance(signal: AbortSignal | undefined): Perseverance {
    const { retrySeconds: firstPause = 0.5, onMessage } = this.#options;
    return { attempts: ATTEMPTS, firstPause, signal, onMessage };
  }
}

/** The identity of content: its address, its server's identification, and its size. */
function identityOf(address: FarAddress, facts: PartFacts): string | undefined {
  const validator = validatorOf(facts);
  if (validator === undefined || facts.total === undefined) return undefined;
  return sha256(canonicalJson([address.identity, validator, facts.total]));
}

function textOf(address: FarAddress): string {
  return address.kind === 'http' ? address.url.href : address.shown;
}
