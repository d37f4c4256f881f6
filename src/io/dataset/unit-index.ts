import { appendFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { lineBlocks } from './line-blocks.ts';
import type { ColumnFacts, UnitFacts } from './schema.ts';

/** What the index knows of a unit: its facts, and the file that they were read from. */
export interface IndexedUnit {
  readonly facts: UnitFacts;
  /** Bytes of the file. */
  readonly size: number;
  /** When it was modified, ms. */
  readonly modified: number;
}

/** Facts as a line has them. */
type FactsLine = readonly [
  itemId: string,
  subclips: readonly number[],
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

/** A unit's line as nearly all are; others are read as the JSON that they are, which takes five times as long. */
const UNIT_LINE =
  /^\["unit","([0-9a-f]+)",(\d+),([\d.]+),\["([^"\\]*)",(\[[\d,]*\],\[.*\]),(\d+),(\d+),([\d.]+),([01])\]\]$/;

/**
 * What the units of a dataset say of themselves, in one append-only text file beside them, so that a resume reads one file
 * instead of every unit's; and, for an item whose file has changed, which of its units is current. A line is a CRC-32 and JSON:
 * one that is damaged, cut off or run into another is passed over. The units are the truth: what is known of a file whose size or modification time
 * is another is not believed, and an index that is gone is written anew from them. Any number of processes may append.
 *
 * @example
 * const index = await UnitIndex.open('features/index.ndjson');
 * index.get(key)?.facts.itemId;
 */
export class UnitIndex {
  readonly #file: string;
  readonly #units = new Map<string, IndexedUnit>();
  /** The first key that was seen of an item. */
  readonly #first = new Map<string, string>();
  /** All keys, for items of several. */
  readonly #several = new Map<string, readonly string[]>();
  /** For items that were said to have a current unit: its keys, the last said last. */
  readonly #said = new Map<string, readonly string[]>();
  readonly #shapes = new Map<string, Pick<UnitFacts, 'subclips' | 'columns'>>();
  #read = 0;
  #pending = '';
  #noted = 0;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Reads the index in a file, which may be missing. */
  static async open(file: string): Promise<UnitIndex> {
    const index = new UnitIndex(file);
    await index.refresh();
    return index;
  }

  /** Takes in what has been appended since, by anybody. */
  async refresh(): Promise<void> {
    for await (const { lines, end } of lineBlocks(this.#file, this.#read)) {
      for (const line of lines) this.#take(line);
      this.#read = end;
    }
  }

  /** What is known of a unit. */
  get(key: string): IndexedUnit | undefined {
    return this.#units.get(key);
  }

  /** Keys of the units of an item that were ever seen. */
  keysOf(itemId: string): readonly string[] {
    const first = this.#first.get(itemId);
    return first === undefined ? [] : (this.#several.get(itemId) ?? [first]);
  }

  /** Whether several units of an item were ever seen. */
  hasSeveral(itemId: string): boolean {
    return this.#several.has(itemId);
  }

  /** Whether this is the only unit of its item that was ever seen. */
  isOnly(itemId: string, key: string): boolean {
    return this.#first.get(itemId) === key && !this.#several.has(itemId);
  }

  /**
   * Which of the units of an item stands for it: the one that was last said to, else the one that was committed last.
   *
   * @param keys of those that are there.
   */
  currentOf(itemId: string, keys: readonly string[]): string | undefined {
    const said = this.#said.get(itemId)?.findLast((key) => keys.includes(key));
    if (said !== undefined) return said;
    const age = (key: string) => this.#units.get(key)?.modified ?? 0;
    return [...keys].sort((left, right) => age(left) - age(right) || (left < right ? -1 : 1)).at(-1);
  }

  /** Remembers a unit; on disk with the next `flush`. */
  note(key: string, unit: IndexedUnit): void {
    const { facts, size, modified } = unit;
    const { itemId, subclips, columns, frames, patches, seconds, partial } = facts;
    const shapes = columns.map(
      ({ stream, statistic, dimension, vectors }) => [stream, statistic, dimension, vectors] as const,
    );
    this.#add(['unit', key, size, modified, [itemId, subclips, shapes, frames, patches, seconds, partial ? 1 : 0]]);
  }

  /** Says which unit of an item is current; on disk with the next `flush`. A unit that is not there yet is so as soon as it is. */
  choose(itemId: string, key: string): void {
    this.#add(['current', itemId, key]);
  }

  /** Lines that were noted since the last `flush`. */
  get pending(): number {
    return this.#noted;
  }

  /** Appends what was noted. */
  async flush(): Promise<void> {
    if (this.#pending === '') return;
    const lines = this.#pending;
    this.#pending = '';
    this.#noted = 0;
    await appendFile(this.#file, lines);
  }

  #add(line: Line): void {
    const text = JSON.stringify(line);
    // The line break before it keeps a line that a killed process cut off from swallowing this one.
    this.#noted += 1;
    this.#pending += `\n${digitsOf(text)} ${text}\n`;
    this.#keep(line);
  }

  #take(text: string): void {
    // A sum of no text is no line.
    if (text.length < 10 || text[8] !== ' ') return;
    const json = text.slice(9);
    if (crc32(json) !== Number(`0x${text.slice(0, 8)}`)) return;
    const unit = UNIT_LINE.exec(json);
    if (unit === null) return this.#keep(JSON.parse(json) as Line);
    const shape = unit[5] as string;
    let known = this.#shapes.get(shape);
    if (known === undefined) {
      const [subclips, columns] = JSON.parse(`[${shape}]`) as [FactsLine[1], FactsLine[2]];
      known = this.#shape(subclips, columns);
    }
    this.#keepUnit(unit[1] as string, {
      facts: {
        itemId: unit[4] as string,
        subclips: known.subclips,
        columns: known.columns,
        frames: Number(unit[6]),
        patches: Number(unit[7]),
        seconds: Number(unit[8]),
        partial: unit[9] === '1',
      },
      size: Number(unit[2]),
      modified: Number(unit[3]),
    });
  }

  #keep(line: Line): void {
    if (line[0] === 'current') {
      const [, itemId, key] = line;
      const before = this.#said.get(itemId) ?? [];
      if (before.at(-1) !== key) this.#said.set(itemId, [...before.filter((other) => other !== key), key]);
      return;
    }
    const [, key, size, modified, [itemId, subclips, columns, frames, patches, seconds, partial]] = line;
    const shape = this.#shape(subclips, columns);
    const facts = { itemId, ...shape, frames, patches, seconds, partial: partial === 1 };
    this.#keepUnit(key, { facts, size, modified });
  }

  #keepUnit(key: string, unit: IndexedUnit): void {
    const { itemId } = unit.facts;
    const first = this.#first.get(itemId);
    if (first === undefined) this.#first.set(itemId, key);
    else if (first !== key && !this.keysOf(itemId).includes(key)) {
      this.#several.set(itemId, [...this.keysOf(itemId), key]);
    }
    this.#units.set(key, unit);
  }

  /** Units of one dataset have few shapes: each is there once. */
  #shape(subclips: FactsLine[1], columns: FactsLine[2]): Pick<UnitFacts, 'subclips' | 'columns'> {
    const name = JSON.stringify([subclips, columns]).slice(1, -1);
    const known = this.#shapes.get(name);
    if (known !== undefined) return known;
    const shape = {
      subclips,
      columns: columns.map(([stream, statistic, dimension, vectors]) => ({ stream, statistic, dimension, vectors })),
    };
    this.#shapes.set(name, shape);
    return shape;
  }
}

function digitsOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
