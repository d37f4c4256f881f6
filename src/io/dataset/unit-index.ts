import { statSync } from 'node:fs';
import { checkedLine, textOfLine } from '../../core/checked-lines.ts';
import { Growing } from '../../core/growing.ts';
import { eachLine } from '../../core/line-blocks.ts';
import { PackedTexts } from '../../core/packed-texts.ts';
import type { Cut } from './cut.ts';
import { appendToPart } from './far-dataset.ts';
import type { ColumnFacts, UnitFacts } from './schema.ts';
import type { PlannedUnit } from './table-plan.ts';
import { isUnitKey } from './unit-files.ts';

/** What the index knows about a unit: its facts, and the file that they were read from. */
export interface IndexedUnit {
  readonly facts: UnitFacts;
  /** Bytes of the file. */
  readonly size: number;
  /** When it was modified, in milliseconds. */
  readonly modified: number;
}

type Shape = Pick<UnitFacts, 'subclips' | 'columns'>;

/** Facts as written in a line. */
type FactsLine = readonly [
  itemId: string,
  subclips: readonly Cut[],
  columns: readonly (readonly [
    stream: string,
    statistic: ColumnFacts['statistic'],
    dimension: number,
    vectors: number,
  ])[],
  frames: number,
  patches: number,
  seconds: number,
  partial: 0 | 1,
];

type Line =
  | readonly ['unit', key: string, size: number, modified: number, facts: FactsLine]
  | readonly ['current', itemId: string, key: string];

/**
 * The usual form of a unit's line; other lines are parsed as JSON, which takes five times as long.
 */
const UNIT_LINE =
  /^\["unit","([0-9a-f]{8,128})",(\d+),([\d.]+),\["([^"\\]*)",(\[[\d,.s"]*\],\[.*\]),(\d+),(\d+),([\d.]+),([01])\]\]$/;

/**
 * What the units of a dataset say about themselves, in one append-only text file beside them, so
 * that resuming reads one file instead of every unit's; and, for an item whose file has changed,
 * which of its units is current. A line is a CRC-32 and JSON; a line that is damaged, cut off or
 * merged with another is skipped. The units are the truth: facts about a file whose size or
 * modification time differs are not trusted, and a missing index is rebuilt from the units. Any
 * number of processes may append.
 *
 * @example
 * const index = await UnitIndex.open('features/_index.txt');
 * const place = index.placeOf('ab'.repeat(32));
 * if (place !== undefined) index.factsAt(place).itemId;
 */
export class UnitIndex {
  readonly #file: string;
  /** The places of units, in these lists and in those that follow. */
  readonly #keys = new PackedTexts('hex');
  readonly #items = new PackedTexts();
  /** The place of each unit's item. */
  readonly #itemOf = new Growing(Int32Array);
  readonly #shapeOf = new Growing(Int32Array);
  readonly #sizes = new Growing(Float64Array);
  readonly #modified = new Growing(Float64Array);
  readonly #frames = new Growing(Float64Array);
  readonly #patches = new Growing(Float64Array);
  readonly #seconds = new Growing(Float64Array);
  readonly #partial = new Growing(Uint8Array);
  /** The first unit that was seen for each item. */
  readonly #first = new Growing(Int32Array);
  /** All keys, for items with several units. */
  readonly #several = new Map<string, readonly string[]>();
  /** For items whose current unit was chosen: the chosen keys, latest last. */
  readonly #said = new Map<string, readonly string[]>();
  readonly #shapes: Shape[] = [];
  /** Their places, by how they are written. */
  readonly #written = new Map<string, number>();
  #read = 0;
  /** Inode of the file. */
  #inode: number | undefined;
  #pending = '';
  #noted = 0;
  /** Whether something is pending that other processes depend on. */
  #isUrgent = false;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Reads the index in a file, which may be missing. */
  static async open(file: string): Promise<UnitIndex> {
    const index = new UnitIndex(file);
    await index.refresh();
    return index;
  }

  /** Reads what has been appended since, by any process. */
  async refresh(): Promise<void> {
    const found = statSync(this.#file, { throwIfNoEntry: false });
    // Another file, which includes the lines of this one: everything is read again.
    if (found?.ino !== this.#inode) this.#read = 0;
    this.#inode = found?.ino;
    if (found === undefined) return;
    const take = (bytes: Buffer, start: number, end: number) => this.#take(bytes, start, end);
    this.#read = await eachLine(this.#file, this.#read, take, found.size);
  }

  /**
   * The place of a unit in the index, which is stable as long as the index is open: access by place
   * is faster than by key.
   */
  placeOf(key: string): number | undefined {
    return this.#keys.placeOf(key);
  }

  /** The key of the unit at a place. */
  keyAt(place: number): string {
    return this.#keys.at(place) as string;
  }

  /** The item of the unit at a place. */
  itemAt(place: number): string {
    return this.#items.at(this.#itemOf.at(place)) as string;
  }

  /** A number for the item of the unit at a place: the same for all of its units. */
  itemNumberAt(place: number): number {
    return this.#itemOf.at(place);
  }

  /** The number of an item; undefined where no unit of it was ever seen. */
  itemNumberOf(itemId: string): number | undefined {
    return this.#items.placeOf(itemId);
  }

  /** The unit at a place, whose key and facts are made when they are asked for. */
  unitAt(place: number): PlannedUnit {
    return new UnitAtPlace(this, place);
  }

  /**
   * Whether a file with this size and modification time (in milliseconds) is the one that the facts
   * at a place were read from.
   */
  isOf(place: number, size: number, modified: number): boolean {
    return this.#sizes.at(place) === size && this.#modified.at(place) === modified;
  }

  /** Bytes of a unit's file. */
  sizeOf(key: string): number | undefined {
    const place = this.placeOf(key);
    return place === undefined ? undefined : this.#sizes.at(place);
  }

  /** What is known about the unit at a place. */
  factsAt(place: number): UnitFacts {
    const { subclips, columns } = this.#shapes[this.#shapeOf.at(place)] as Shape;
    return {
      itemId: this.itemAt(place),
      subclips,
      columns,
      frames: this.#frames.at(place),
      patches: this.#patches.at(place),
      seconds: this.#seconds.at(place),
      partial: this.#partial.at(place) === 1,
    };
  }

  /** Keys of all units of an item that were ever seen. */
  keysOf(itemId: string): readonly string[] {
    const item = this.#items.placeOf(itemId);
    return item === undefined ? [] : (this.#several.get(itemId) ?? [this.keyAt(this.#first.at(item))]);
  }

  /** Whether any item has several units. */
  get hasSuperseded(): boolean {
    return this.#several.size > 0;
  }

  /** Whether several units of an item were ever seen. */
  hasSeveral(itemId: string): boolean {
    return this.#several.has(itemId);
  }

  /**
   * Which of the units of an item is current: the one that was chosen last, else the recorded one,
   * else the one that was committed last.
   *
   * @param keys of the units that exist.
   * @param recorded the one that the table of items names.
   */
  currentOf(itemId: string, keys: readonly string[], recorded: string | undefined): string | undefined {
    const said = this.#said.get(itemId)?.findLast((key) => keys.includes(key));
    if (said !== undefined) return said;
    if (recorded !== undefined && keys.includes(recorded)) return recorded;
    const age = (key: string) => this.#modified.at(this.placeOf(key) ?? this.#modified.length);
    return [...keys].sort((left, right) => age(left) - age(right) || (left < right ? -1 : 1)).at(-1);
  }

  /** Adds a unit, which is put on disk by the next `flush`. @returns its place. */
  note(key: string, unit: IndexedUnit): number {
    const { facts, size, modified } = unit;
    const { itemId, subclips, columns, frames, patches, seconds, partial } = facts;
    const shapes = columns.map(
      ({ stream, statistic, dimension, vectors }) => [stream, statistic, dimension, vectors] as const,
    );
    this.#add(['unit', key, size, modified, [itemId, subclips, shapes, frames, patches, seconds, partial ? 1 : 0]]);
    return this.#place(key, itemId);
  }

  /**
   * Chooses the current unit of an item; put on disk by the next `flush`. A unit that does not
   * exist yet becomes current as soon as it does.
   */
  choose(itemId: string, key: string): void {
    this.#add(['current', itemId, key]);
    this.#isUrgent = true;
  }

  /** Number of lines added since the last `flush`. */
  get pending(): number {
    return this.#noted;
  }

  /** Appends pending lines to the file. */
  async flush(): Promise<void> {
    if (this.#pending === '') return;
    const lines = this.#pending;
    this.#pending = '';
    this.#noted = 0;
    const isUrgent = this.#isUrgent;
    this.#isUrgent = false;
    await appendToPart('index', this.#file, lines, { isUrgent });
  }

  #add(line: Line): void {
    const text = JSON.stringify(line);
    this.#noted += 1;
    this.#pending += checkedLine(text);
    this.#keep(line);
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const json = textOfLine(bytes, start, end);
    if (json === undefined) return;
    const match = UNIT_LINE.exec(json);
    if (match === null) {
      this.#keep(JSON.parse(json) as Line);
      return;
    }
    const [, key = '', size, modified, itemId = '', written = '', frames, patches, seconds, partial] = match;
    let shape = this.#written.get(written);
    if (shape === undefined) {
      const [subclips, columns] = JSON.parse(`[${written}]`) as [FactsLine[1], FactsLine[2]];
      shape = this.#shape(subclips, columns);
    }
    const place = this.#place(key, itemId);
    this.#set(place, shape, Number(size), Number(modified));
    this.#count(place, Number(frames), Number(patches), Number(seconds), partial === '1');
  }

  #keep(line: Line): void {
    if (line[0] === 'current') {
      const [, itemId, key] = line;
      const before = this.#said.get(itemId) ?? [];
      if (before.at(-1) !== key) this.#said.set(itemId, [...before.filter((other) => other !== key), key]);
      return;
    }
    const [, key, size, modified, [itemId, subclips, columns, frames, patches, seconds, partial]] = line;
    if (!isUnitKey(key)) return;
    const place = this.#place(key, itemId);
    this.#set(place, this.#shape(subclips, columns), size, modified);
    this.#count(place, frames, patches, seconds, partial === 1);
  }

  /** The place of a unit, old or new. */
  #place(key: string, itemId: string): number {
    const [items, keys] = [this.#items.size, this.#keys.size];
    const [item, place] = [this.#items.add(itemId), this.#keys.add(key)];
    if (place < keys && this.#itemOf.at(place) === item) return place;
    this.#itemOf.set(place, item);
    if (item === items) this.#first.set(item, place);
    else {
      const before = this.keysOf(itemId);
      if (!before.includes(key)) this.#several.set(itemId, [...before, key]);
    }
    return place;
  }

  #set(place: number, shape: number, size: number, modified: number): void {
    this.#shapeOf.set(place, shape);
    this.#sizes.set(place, size);
    this.#modified.set(place, modified);
  }

  #count(place: number, frames: number, patches: number, seconds: number, partial: boolean): void {
    this.#frames.set(place, frames);
    this.#patches.set(place, patches);
    this.#seconds.set(place, seconds);
    this.#partial.set(place, partial ? 1 : 0);
  }

  /** The place of a shape. Units of one dataset have few shapes, and each is stored once. */
  #shape(subclips: FactsLine[1], columns: FactsLine[2]): number {
    const name = JSON.stringify([subclips, columns]).slice(1, -1);
    const known = this.#written.get(name);
    if (known !== undefined) return known;
    const shape = {
      subclips,
      columns: columns.map(([stream, statistic, dimension, vectors]) => ({ stream, statistic, dimension, vectors })),
    };
    const place = this.#shapes.push(shape) - 1;
    this.#written.set(name, place);
    return place;
  }
}

/** A unit of the index. The keys and facts of a hundred thousand would take 30 MB. */
class UnitAtPlace implements PlannedUnit {
  readonly #index: UnitIndex;
  readonly #place: number;

  constructor(index: UnitIndex, place: number) {
    this.#index = index;
    this.#place = place;
  }

  get key(): string {
    return this.#index.keyAt(this.#place);
  }

  get facts(): UnitFacts {
    return this.#index.factsAt(this.#place);
  }
}
