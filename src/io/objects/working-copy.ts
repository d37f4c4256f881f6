import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporary, makeDirectory, removeIfThere, replaceFile } from '../../core/atomic-file.ts';
import { UsageError } from '../../core/errors.ts';
import { LockLost } from '../../core/file-lock.ts';
import { type TemporaryFolder, temporaryFolder } from '../../core/temporary-folder.ts';
import { type DatasetFile, datasetFilePath } from '../dataset/dataset-file.ts';
import { type AppendedPart, type FarDataset, setFarDataset } from '../dataset/far-dataset.ts';
import { type LeaseTimes, underLease } from './lease.ts';
import type { ObjectStore } from './object-store.ts';
import { ObjectUnitFiles } from './object-unit-files.ts';

const DESCRIPTION = '_dataset.json';
const ITEMS = '_items.arrow';
const LOCK = '_lock';
/** Files that are copied unchanged, in addition to the description and the tables. */
const WHOLE = ['_calibration.json', ITEMS] as const;
/** Lines of these are stored in separate objects, since nothing can be appended to an object. */
const APPENDED: readonly AppendedPart[] = ['index', 'journal', 'fingerprints'];
/** Up to this many bytes, lines wait for more before they are uploaded. */
const WAITING_BYTES = 64 * 1024;
/** This many objects of lines are merged into one. */
const MANY_OBJECTS = 64;

/** The lines of one part. */
interface Lines {
  /** Recorded here, but not yet uploaded. */
  waiting: string;
  /** Objects whose lines are in the working copy. */
  readonly taken: Set<string>;
}

/**
 * A working copy, in a temporary directory, of a dataset in an object store. The store is the
 * truth: units and dead letters are written there immediately, and the first writer wins;
 * everything else is written under a lease.
 *
 * @example
 * declare const store: ObjectStore;
 * const copy = await WorkingCopy.open(store, { create: true });
 * await compact(copy.directory);
 * await copy.close();
 */
export class WorkingCopy implements FarDataset {
  readonly directory: string;
  readonly units: ObjectUnitFiles;
  readonly #store: ObjectStore;
  readonly #remove: () => Promise<void>;
  readonly #times: LeaseTimes;
  /** Tags of the files that are copied whole, as last seen in the store. */
  readonly #tags = new Map<string, string>();
  /** The state of the copies when they last matched the store. */
  readonly #copied = new Map<string, string>();
  readonly #lines = new Map<AppendedPart, Lines>(
    APPENDED.map((part) => [part, { waiting: '', taken: new Set<string>() }]),
  );
  #letters = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: TemporaryFolder, store: ObjectStore, times: LeaseTimes) {
    this.directory = folder.path;
    this.#remove = folder.remove;
    this.#store = store;
    this.#times = times;
    this.units = new ObjectUnitFiles(store);
  }

  /**
   * Makes a working copy of the dataset in a store.
   *
   * @param options.create whether there may be no dataset yet.
   * @throws UsageError `dataset` when there is none and it may not be created, or something else is
   *   there.
   */
  static async open(
    store: ObjectStore,
    {
      create = false,
      times = {},
    }: { readonly create?: boolean | undefined; readonly times?: LeaseTimes | undefined } = {},
  ): Promise<WorkingCopy> {
    const folder = await temporaryFolder('reelflow-dataset~');
    const { path: directory } = folder;
    const copy = new WorkingCopy(folder, store, times);
    try {
      await mkdir(join(directory, '_dead'));
      // A new file lets readers that have the old one open notice the change.
      await writeFile(join(directory, fileOf('journal')), '');
      await copy.#pull();
      if (!existsSync(datasetFilePath(directory))) await refuseUnlessEmpty(store, create);
      setFarDataset(directory, copy);
      return copy;
    } catch (error) {
      await folder.remove();
      store.close();
      throw error;
    }
  }

  async refresh(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#pushLines();
      await this.#pull();
    });
  }

  async append(part: AppendedPart, lines: string, isUrgent: boolean): Promise<void> {
    const of = this.#linesOf(part);
    of.waiting += lines;
    if (isUrgent || of.waiting.length >= WAITING_BYTES) await this.#inTurn(() => this.#pushLinesOf(part));
  }

  async lettersChanged(): Promise<void> {
    await this.#inTurn(() => this.#pushLetters());
  }

  underLease<T>(work: (assertHeld: () => Promise<void>) => Promise<T>): Promise<T> {
    return underLease(
      this.#store,
      LOCK,
      async (assertHeld) => {
        await this.refresh();
        const done = await work(assertHeld);
        await this.#inTurn(() => this.#push(assertHeld));
        return done;
      },
      this.#times,
    );
  }

  /** Uploads pending changes, and removes the copy. */
  async close(): Promise<void> {
    try {
      await this.#inTurn(() => this.#pushLines());
    } finally {
      setFarDataset(this.directory, undefined);
      await this.#remove();
      this.#store.close();
    }
  }

  /** Runs one operation at a time, so that a push is complete before anything is pulled. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #linesOf(part: AppendedPart): Lines {
    return this.#lines.get(part) as Lines;
  }

  async #pull(): Promise<void> {
    let isOther = false;
    for (const name of [DESCRIPTION, ...WHOLE]) {
      const isChanged = await this.#pullWhole(name);
      if (name === ITEMS) isOther = isChanged;
    }
    await this.#pullLetters();
    for (const part of ['index', 'fingerprints'] as const) await this.#pullLines(part);
    await this.#pullJournal(isOther);
    for (const { path } of await this.#tables()) {
      for await (const _ of this.#store.list(`${path}/`)) {
        await makeDirectory(join(this.directory, path));
        break;
      }
    }
  }

  /** @returns whether it differed from the copy. */
  async #pullWhole(name: string): Promise<boolean> {
    const seen = await this.#store.head(name);
    if (seen === undefined || seen.etag === this.#tags.get(name)) return false;
    const found = await this.#store.get(name);
    if (found === undefined) return false;
    await replaceFile(join(this.directory, name), found.bytes);
    this.#tags.set(name, found.etag);
    this.#copied.set(name, stateOf(join(this.directory, name)));
    return true;
  }

  async #pullLetters(): Promise<void> {
    const there = new Set<string>();
    for await (const { name } of this.#store.list('_dead/')) {
      const letter = name.slice('_dead/'.length);
      if (letter === '' || /[/\\]/.test(letter) || letter.startsWith('.')) continue;
      if (!this.#letters.has(letter)) {
        const found = await this.#store.get(name);
        if (found === undefined) continue;
        await replaceFile(join(this.directory, '_dead', letter), found.bytes);
      }
      there.add(letter);
    }
    for (const letter of this.#letters) {
      if (!there.has(letter)) await removeIfThere(join(this.directory, '_dead', letter));
    }
    this.#letters = there;
  }

  /**
   * In every process, the lines are in the order of their objects' names. Lines that come after all
   * those in the copy are appended; if others have merged objects, or recorded lines with a clock
   * that is behind, the copy is rewritten.
   */
  async #pullLines(part: AppendedPart): Promise<void> {
    const { taken } = this.#linesOf(part);
    const there = await this.#objectsOf(part);
    const added = there.filter((name) => !taken.has(name));
    const isAllThere = there.length - added.length === taken.size;
    if (isAllThere && added.length === 0) return;
    const last = [...taken].sort().at(-1) ?? '';
    if (!isAllThere || added.some((name) => name < last)) return this.#rewrite(part, there);
    for (const name of added) {
      const found = await this.#store.get(name);
      if (found === undefined) continue;
      await appendFile(join(this.directory, fileOf(part)), found.bytes);
      taken.add(name);
    }
  }

  /**
   * The changes since the table of items: rewritten, as a new file, if either differs from its
   * local state. Lines that are now in the table are no longer included.
   */
  async #pullJournal(isOtherTable: boolean): Promise<void> {
    const { taken } = this.#linesOf('journal');
    const there = await this.#objectsOf('journal');
    if (!isOtherTable && there.length === taken.size && there.every((name) => taken.has(name))) return;
    await this.#rewrite('journal', there);
  }

  /** Makes a new file for a part, from the lines of these objects and the lines pending here. */
  async #rewrite(part: AppendedPart, names: readonly string[]): Promise<void> {
    const { taken, waiting } = this.#linesOf(part);
    const pieces: Uint8Array[] = [];
    taken.clear();
    for (const name of names) {
      const found = await this.#store.get(name);
      if (found === undefined) continue;
      pieces.push(found.bytes);
      taken.add(name);
    }
    await replaceFile(join(this.directory, fileOf(part)), Buffer.concat([...pieces, Buffer.from(waiting)]));
  }

  async #objectsOf(part: AppendedPart): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.#store.list(`_${part}/`)) names.push(name);
    return names.sort();
  }

  async #pushLines(): Promise<void> {
    for (const part of APPENDED) await this.#pushLinesOf(part);
  }

  async #pushLinesOf(part: AppendedPart): Promise<void> {
    const of = this.#linesOf(part);
    const lines = of.waiting;
    if (lines === '') return;
    const name = lineObject(part);
    await this.#store.put(name, Buffer.from(lines), 'absent');
    of.waiting = of.waiting.slice(lines.length);
    of.taken.add(name);
  }

  async #pushLetters(): Promise<void> {
    const here = readdirSync(join(this.directory, '_dead')).filter((name) => !isTemporary(name));
    for (const name of here.filter((each) => !this.#letters.has(each))) {
      await this.#store.put(`_dead/${name}`, { file: join(this.directory, '_dead', name) }, 'absent');
      this.#letters.add(name);
    }
    for (const name of [...this.#letters].filter((each) => !here.includes(each))) {
      await this.#store.delete(`_dead/${name}`);
      this.#letters.delete(name);
    }
  }

  /** Uploads everything that the description lists before the description itself. */
  async #push(assertHeld: () => Promise<void>): Promise<void> {
    await this.#pushLetters();
    await this.#pushLines();
    for (const name of WHOLE) await this.#pushFile(name, assertHeld);
    const journal = this.#linesOf('journal');
    // All of it is now in the table of items.
    if (!existsSync(join(this.directory, fileOf('journal')))) await this.#forget(journal);
    const tables = await this.#tables();
    const parts = new Set(tables.flatMap(partsOf));
    for (const name of parts) {
      if (this.#isCopied(name)) continue;
      // The current state, while the lease is held: others may have written it since it was last
      // seen.
      const seen = await this.#store.head(name);
      if (seen === undefined) this.#tags.delete(name);
      else this.#tags.set(name, seen.etag);
      await this.#pushFile(name, assertHeld);
    }
    await this.#pushFile(DESCRIPTION, assertHeld);
    for (const { path } of tables) {
      for await (const { name } of this.#store.list(`${path}/`)) {
        if (!/\/part-\d+\.parquet$/.test(name) || parts.has(name)) continue;
        await assertHeld();
        await this.#store.delete(name);
      }
    }
    await assertHeld();
    for (const part of ['index', 'fingerprints'] as const) await this.#makeOne(part);
  }

  /** Whether the store has the same as the copy, or the copy has none. */
  #isCopied(name: string): boolean {
    const path = join(this.directory, name);
    return !existsSync(path) || this.#copied.get(name) === stateOf(path);
  }

  /**
   * Uploads only if nobody else has changed it: a process that was suspended for a long time
   * changes nothing.
   */
  async #pushFile(name: string, assertHeld: () => Promise<void>): Promise<void> {
    if (this.#isCopied(name)) return;
    await assertHeld();
    const path = join(this.directory, name);
    const known = this.#tags.get(name);
    const tag = await this.#store.put(name, { file: path }, known === undefined ? 'absent' : { etag: known });
    if (tag === undefined) throw new LockLost(`${this.#store.address}/${name} was changed by another process`);
    this.#tags.set(name, tag);
    this.#copied.set(name, stateOf(path));
  }

  async #makeOne(part: AppendedPart): Promise<void> {
    const lines = this.#linesOf(part);
    const path = join(this.directory, fileOf(part));
    if (lines.taken.size < MANY_OBJECTS || !existsSync(path)) return;
    // Its lines are older than whatever has been appended since, so they must come first.
    const [newest = ''] = [...lines.taken].sort().slice(-1);
    const name = `${newest.slice(0, lineObject(part).length - '.txt'.length)}-${randomBytes(6).toString('hex')}.txt`;
    await this.#store.put(name, { file: path }, 'absent');
    await this.#forget(lines);
    lines.taken.add(name);
  }

  async #forget(lines: Lines): Promise<void> {
    for (const name of lines.taken) await this.#store.delete(name);
    lines.taken.clear();
  }

  async #tables(): Promise<readonly { readonly path: string; readonly parts: number }[]> {
    const path = datasetFilePath(this.directory);
    if (!existsSync(path)) return [];
    const { tables = [], rowTables = [] } = JSON.parse(await readFile(path, 'utf8')) as Partial<DatasetFile>;
    return [...tables, ...rowTables].filter((table) => isPlain(table.path));
  }
}

function fileOf(part: AppendedPart): string {
  return `_${part}.txt`;
}

/** A name that sorts after earlier ones. */
function lineObject(part: AppendedPart): string {
  return `_${part}/${new Date().toISOString()}-${randomBytes(6).toString('hex')}.txt`;
}

function partsOf({ path, parts }: { readonly path: string; readonly parts: number }): string[] {
  return Array.from({ length: parts }, (_, index) => `${path}/part-${String(index).padStart(5, '0')}.parquet`);
}

/** Checks a path: whoever can write to the store must not be able to write outside the copy. */
function isPlain(path: unknown): path is string {
  return typeof path === 'string' && path.split('/').every((each) => /^[\w=.-]+$/.test(each) && !/^\.+$/.test(each));
}

/** A value that changes when a file is rewritten. */
function stateOf(path: string): string {
  const { ino, size, mtimeMs } = statSync(path);
  return `${ino} ${size} ${mtimeMs}`;
}

async function refuseUnlessEmpty(store: ObjectStore, create: boolean): Promise<void> {
  if (!create) {
    throw new UsageError(`${store.address} is not a dataset: it has no \`_dataset.json\``, {
      code: 'dataset',
      remedy: 'Name an address that `extract` or `writeDataset` has written to.',
    });
  }
  for await (const { name } of store.list('')) {
    // Another process may be creating it at this moment.
    if (name.startsWith('_')) continue;
    throw new UsageError(`${store.address} is not empty and does not hold a dataset: it has '${name}'`, {
      code: 'dataset',
      remedy: 'Name a new or empty prefix for the dataset.',
    });
  }
}
