import { appendFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { eachLine } from '../../core/line-blocks.ts';
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
  readonly #keys = new Map<string, string | readonly string[]>();
  /** For items that were said to have a current unit: its keys, the last said last. */
  readonly #said = new Map<string, readonly string[]>();
  readonly #shapes = new Map<string, Pick<UnitFacts, 'subclips' | 'columns'>>();
  #read = 0;
  #pending = '';

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
    const take = (bytes: Buffer, start: number, end: number) => this.#take(bytes.toString('utf8', start, end));
    this.#read = await eachLine(this.#file, this.#read, take);
  }

  /** What is known of a unit. */
  get(key: string): IndexedUnit | undefined {
    return this.#units.get(key);
  }

  /** Keys of the units of an item that were ever seen. */
  keysOf(itemId: string): readonly string[] {
    const keys = this.#keys.get(itemId);
    return keys === undefined ? [] : typeof keys === 'string' ? [keys] : keys;
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

  /** Appends what was noted. */
  async flush(): Promise<void> {
    if (this.#pending === '') return;
    const lines = this.#pending;
    this.#pending = '';
    await appendFile(this.#file, lines);
  }

  #add(line: Line): void {
    const text = JSON.stringify(line);
    // The line break before it keeps a line that a killed process cut off from swallowing this one.
    this.#pending += `\n${digitsOf(text)} ${text}\n`;
    this.#keep(line);
  }

  #take(text: string): void {
    // A sum of no text is no line.
    if (text.length < 10 || text[8] !== ' ') return;
    const json = text.slice(9);
    if (digitsOf(json) === text.slice(0, 8)) this.#keep(JSON.parse(json) as Line);
  }

  #keep(line: Line): void {
    if (line[0] === 'current') {
      const [, itemId, key] = line;
      const before = this.#said.get(itemId) ?? [];
      if (before.at(-1) !== key) this.#said.set(itemId, [...before.filter((other) => other !== key), key]);
      return;
    }
    const [, key, size, modified, [itemId, subclips, columns, frames, patches, seconds, partial]] = line;
    const keys = this.keysOf(itemId);
    if (!keys.includes(key)) this.#keys.set(itemId, keys.length === 0 ? key : [...keys, key]);
    const facts = { itemId, ...this.#shape(subclips, columns), frames, patches, seconds, partial: partial === 1 };
    this.#units.set(key, { facts, size, modified });
  }

  /** Units of one dataset have few shapes: each is there once. */
  #shape(subclips: FactsLine[1], columns: FactsLine[2]): Pick<UnitFacts, 'subclips' | 'columns'> {
    const name = JSON.stringify([subclips, columns]);
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
