import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import type { RecordBatch } from 'apache-arrow';
import { removeIfThere } from '../../core/atomic-file.ts';
import { Breather } from '../../core/breather.ts';
import { checkedLine, textOfLine } from '../../core/checked-lines.ts';
import { DatasetError, UsageError } from '../../core/errors.ts';
import { Growing } from '../../core/growing.ts';
import { eachLine } from '../../core/line-blocks.ts';
import { PackedTexts } from '../../core/packed-texts.ts';
import { fillSync } from '../../core/whole-io.ts';
import { appendToPart } from './far-dataset.ts';
import { changed, type ItemChange, type ItemFacts } from './item-facts.ts';
import { factAt, ITEM_COLUMNS, itemAt } from './items-file.ts';
import { partPath } from './layout.ts';
import { openTable } from './table-reader.ts';

/** More rows than a batch has. */
const ROWS_AT_MOST = 2 ** 24;
/** Changes that are appended to the journal at a time. */
const APPENDED_AT_A_TIME = 256;

/**
 * What a dataset knows of its items: the table `_items.arrow` as the last run wrote it, and over it
 * the changes since, in the append-only `_journal.txt`. Any number of processes may note changes; a
 * line that a killed process cut off is skipped. In memory are the table's bytes and the places of
 * the lines, not the facts.
 *
 * @example
 * declare const items: Items;
 * items.get('heat')?.state; // 'committed'
 */
export class Items {
  readonly #directory: string;
  readonly #journal: string;
  /** Everything that is known of; `#rowOf` and `#lineOf` go by their places. */
  readonly #ids = new PackedTexts();
  /** One and the number of the batch times `ROWS_AT_MOST`, and the row in it; 0 of none. */
  readonly #rowOf = new Growing(Float64Array);
  #batches: readonly RecordBatch[] = [];
  /** One and the number of the last line about an item; 0 where there is none. */
  readonly #lineOf = new Growing(Int32Array);
  /** Of each line of the journal where it begins, its bytes, and the one before about its item. */
  readonly #starts = new Growing(Float64Array);
  readonly #lengths = new Growing(Int32Array);
  readonly #before = new Growing(Int32Array);
  readonly #more = new Set<string>();
  /** Whether there is a whole table. */
  #isTable = false;
  #read = 0;
  /** Of the journal's file. */
  #inode: number | undefined;
  #pending: [string, ItemChange][] = [];
  #flushing: Promise<void> = Promise.resolve();
  #file: number | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#journal = partPath(directory, 'journal');
  }

  /**
   * Reads what is known; a dataset that has no table of items yet has none. A damaged one is none.
   */
  static async open(directory: string): Promise<Items> {
    const items = new Items(directory);
    await items.#load();
    return items;
  }

  /** Whether anything is known that the table does not have yet, or there is no table. */
  get isUnwritten(): boolean {
    return this.#starts.length > 0 || this.#pending.length > 0 || !this.#isTable;
  }

  /** Ids of all items, in no order. */
  *ids(): Generator<string> {
    for (let place = 0; place < this.#ids.size; place += 1) {
      if (this.#isKnownAt(place)) yield this.#ids.at(place) as string;
    }
    for (const id of new Set(this.#pending.map(([each]) => each))) {
      if (!this.#isKnownAt(this.#ids.placeOf(id))) yield id;
    }
  }

  /** Whether anything is known of an item. */
  has(id: string): boolean {
    return this.#isKnownAt(this.#ids.placeOf(id)) || this.#pending.some(([each]) => each === id);
  }

  /** What is known of an item. */
  get(id: string): ItemFacts | undefined {
    const place = this.#ids.placeOf(id);
    const row = this.#rowAt(place);
    let facts = row === undefined ? undefined : this.#factsAt(row);
    for (const line of this.#linesAt(place)) {
      const change = this.#changeAt(line);
      if (change !== undefined) facts = changed(facts, id, change);
    }
    for (const [each, change] of this.#pending) if (each === id) facts = changed(facts, id, change);
    return facts;
  }

  /**
   * Whether all that a change names of an item is known already: what it leaves undefined it does
   * not name.
   */
  isKnown(id: string, change: ItemChange): boolean {
    const place = this.#ids.placeOf(id);
    const row = this.#rowAt(place);
    const isPlain = row !== undefined && this.#pending.length === 0 && this.#lineAt(place) === undefined;
    const known = isPlain && change.more === undefined ? undefined : this.get(id);
    if (known === undefined && row === undefined) return false;
    // Without a list of what it names: where all is done this is asked for each item.
    for (const name in change) {
      const fact = name as keyof ItemChange;
      if (fact === 'more' || change[fact] === undefined) continue;
      if ((known === undefined ? this.#factAt(row as number, fact) : known[fact]) !== change[fact]) return false;
    }
    return change.more === undefined || JSON.stringify(change.more) === JSON.stringify(known?.more);
  }

  /** Names of the manifests' other columns. */
  get moreColumns(): string[] {
    return [...this.#more];
  }

  /** Notes a change. On disk soon, and at `flush`. */
  note(id: string, change: ItemChange): void {
    this.#pending.push([id, change]);
    for (const name of Object.keys(change.more ?? {})) this.#more.add(name);
    // What the disk refuses now is thrown by the `flush` that is waited for: what was noted stays
    // until then.
    if (this.#pending.length % APPENDED_AT_A_TIME === 0) this.flush().catch(() => undefined);
  }

  /**
   * Removes an item: the table that is written next no longer has it. To be followed by
   * `forgetJournal`.
   */
  forget(id: string): void {
    const place = this.#ids.placeOf(id);
    if (place !== undefined) {
      this.#rowOf.set(place, 0);
      this.#lineOf.set(place, 0);
    }
    this.#isTable = false;
  }

  /** Puts what was noted on disk, and takes in what others have. @throws what the disk refuses. */
  flush(): Promise<void> {
    const flushed = this.#flushing.then(() => this.#flush());
    this.#flushing = flushed.catch(() => undefined);
    return flushed;
  }

  /**
   * Forgets the journal, whose changes the table has now. To be called only when no other process
   * has the dataset open.
   */
  async forgetJournal(): Promise<void> {
    this.close();
    await removeIfThere(this.#journal);
    this.#forgetLines();
    this.#read = 0;
    this.#inode = undefined;
  }

  /** Closes the journal. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  async #flush(): Promise<void> {
    // More is noted while this is written.
    const noted = [...this.#pending];
    if (noted.length > 0) {
      const lines = noted.map((each) => checkedLine(JSON.stringify(each))).join('');
      await appendToPart('journal', this.#journal, lines);
    }
    await this.#refresh();
    this.#pending = this.#pending.slice(noted.length);
  }

  async #refresh(): Promise<void> {
    const found = statSync(this.#journal, { throwIfNoEntry: false });
    // Another process has made a table of it, and begun a new one.
    const isOther = this.#inode !== undefined && found?.ino !== this.#inode;
    if (isOther || (found?.size ?? 0) < this.#read) return this.#load();
    await this.#readOn();
  }

  async #readOn(): Promise<void> {
    const found = statSync(this.#journal, { throwIfNoEntry: false });
    this.#inode = found?.ino;
    if (found === undefined) return;
    let at = this.#read;
    const take = (bytes: Buffer, start: number, end: number): void => {
      const from = at;
      at += end - start + 1;
      const change = changeOf(bytes, start, end);
      if (change === undefined) return;
      for (const name of Object.keys(change[1].more ?? {})) this.#more.add(name);
      const place = this.#ids.add(change[0]);
      this.#starts.push(from);
      this.#lengths.push(end - start);
      this.#before.push(this.#lineOf.at(place));
      this.#lineOf.set(place, this.#starts.length);
    };
    this.#read = await eachLine(this.#journal, this.#read, take, found.size);
  }

  /** The journal first: what is taken out of it meanwhile is in the table that is read then. */
  async #load(): Promise<void> {
    this.close();
    this.#ids.clear();
    this.#rowOf.clear();
    this.#forgetLines();
    this.#read = 0;
    await this.#readOn();
    const path = partPath(this.#directory, 'items');
    const batches = existsSync(path) ? await batchesOf(path) : undefined;
    this.#isTable = batches !== undefined;
    this.#batches = batches ?? [];
    const breather = new Breather();
    for (const [number, batch] of this.#batches.entries()) {
      for (const name of moreColumnsOf(batch)) this.#more.add(name);
      const ids = batch.getChild('item_id');
      for (let row = 0; row < batch.numRows; row += 1) {
        this.#rowOf.set(this.#ids.add(String(ids?.get(row))), number * ROWS_AT_MOST + row + 1);
        if (breather.isDue) await breather.rest();
      }
    }
  }

  #isKnownAt(place: number | undefined): boolean {
    return this.#rowAt(place) !== undefined || this.#lineAt(place) !== undefined;
  }

  /** The row of an item in the table. */
  #rowAt(place: number | undefined): number | undefined {
    const row = place === undefined ? 0 : this.#rowOf.at(place);
    return row === 0 ? undefined : row - 1;
  }

  /** The last line about an item in the journal. */
  #lineAt(place: number | undefined): number | undefined {
    const line = place === undefined ? 0 : this.#lineOf.at(place);
    return line === 0 ? undefined : line - 1;
  }

  /** All of them, the first one first. */
  #linesAt(place: number | undefined): number[] {
    const lines: number[] = [];
    for (let line = this.#lineAt(place); line !== undefined; ) {
      lines.push(line);
      const before = this.#before.at(line);
      line = before === 0 ? undefined : before - 1;
    }
    return lines.reverse();
  }

  #forgetLines(): void {
    for (const numbers of [this.#lineOf, this.#starts, this.#lengths, this.#before]) numbers.clear();
  }

  #factsAt(place: number): ItemFacts {
    return itemAt(this.#batchOf(place), place % ROWS_AT_MOST);
  }

  #factAt(place: number, fact: Exclude<keyof ItemFacts, 'more'>): unknown {
    return factAt(this.#batchOf(place), place % ROWS_AT_MOST, fact);
  }

  #batchOf(place: number): RecordBatch {
    return this.#batches[Math.floor(place / ROWS_AT_MOST)] as RecordBatch;
  }

  #changeAt(line: number): ItemChange | undefined {
    this.#file ??= openSync(this.#journal, 'r');
    const bytes = Buffer.alloc(this.#lengths.at(line));
    fillSync(this.#file, bytes, this.#starts.at(line));
    return changeOf(bytes, 0, bytes.length)?.[1];
  }
}

/** Whether a dataset has a table of items and no changes since, as far as can be seen unread. */
export function isWritten(directory: string): boolean {
  const journal = statSync(partPath(directory, 'journal'), { throwIfNoEntry: false });
  return (journal?.size ?? 0) === 0 && existsSync(partPath(directory, 'items'));
}

/** Names of the columns that a table of items has of a manifest. */
function moreColumnsOf({ schema }: RecordBatch): string[] {
  return schema.fields.map(({ name }) => name).filter((name) => !ITEM_COLUMNS.includes(name));
}

function changeOf(bytes: Buffer, start: number, end: number): [string, ItemChange] | undefined {
  const text = textOfLine(bytes, start, end);
  return text === undefined ? undefined : (JSON.parse(text) as [string, ItemChange]);
}

/** The batches of the table; undefined when it is damaged: the next run writes it again. */
async function batchesOf(path: string): Promise<readonly RecordBatch[] | undefined> {
  const batches: RecordBatch[] = [];
  try {
    const table = await openTable(path);
    try {
      for await (const { batch } of table.batches()) batches.push(batch);
    } finally {
      await table.close();
    }
    return batches;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof DatasetError)) throw error;
    return undefined;
  }
}
