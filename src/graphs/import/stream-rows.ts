import { temporaryPath } from '../../core/atomic-file.ts';
import { UsageError } from '../../core/errors.ts';
import { quoted } from '../../io/ratings/bad-lines.ts';
import { type FeaturePlace, featureFault, placeText, rowFault } from './feature-fault.ts';
import { RowSpool } from './row-spool.ts';

/** Maximum values of a row: a small archive can claim far more, and each of them takes a scale. */
const mostValues = 1_000_000;

/**
 * Collects the rows of one stream by item, in whatever order they come. Holds 12 bytes in memory
 * for each row.
 */
export class StreamRows {
  readonly name: string;
  /** The file they come from, for messages. */
  readonly file: string;
  readonly #directory: string;
  readonly #hasSubclips: boolean;
  readonly #items: number[] = [];
  readonly #subclips: number[] = [];
  readonly #incomplete = new Set<number>();
  readonly #seen = new Set<number>();
  #spool: RowSpool | undefined;
  #missing = 0;
  #firstMissing: string | undefined;
  #rowsPerItem = 1;
  /** Rows of each item, one item after another. */
  #order = new Int32Array(0);
  /** Where the rows of an item begin in `order`; -1 if it has none. */
  #starts = new Int32Array(0);

  /** @param directory where the temporary file goes. */
  constructor(name: string, file: string, directory: string, hasSubclips: boolean) {
    this.name = name;
    this.file = file;
    this.#directory = directory;
    this.#hasSubclips = hasSubclips;
  }

  /** Number of values in a row. */
  get dimension(): number {
    return this.#spool?.dimension ?? 0;
  }

  /** Number of rows per item. */
  get rowsPerItem(): number {
    return this.#rowsPerItem;
  }

  /** Number of values that are missing or not finite. */
  get missing(): number {
    return this.#missing;
  }

  /** A description of where the first of them is. */
  get firstMissing(): string | undefined {
    return this.#firstMissing;
  }

  /** Items that have such values. */
  get incomplete(): ReadonlySet<number> {
    return this.#incomplete;
  }

  /**
   * @throws UsageError `features` when its length differs from that of earlier rows, its item
   * already has one, or it has more than a million values.
   */
  add(item: number, itemId: string, subclip: number | undefined, values: ArrayLike<number>, place: FeaturePlace): void {
    if (values.length === 0) throw rowFault(place, `'${this.name}' has no values`);
    if (values.length > mostValues) {
      throw rowFault(
        place,
        `'${this.name}' has ${values.length} values, more than ${mostValues}`,
        'Average or reduce them first: one vector per item, or one per subclip.',
      );
    }
    this.#spool ??= new RowSpool(temporaryPath(this.#directory), values.length);
    if (values.length !== this.#spool.dimension) {
      throw rowFault(
        place,
        `'${this.name}' has ${values.length} values, but those before it have ${this.#spool.dimension}`,
      );
    }
    if (!this.#hasSubclips && this.#seen.has(item)) {
      throw rowFault(
        place,
        `item ${quoted(itemId)} already has a row`,
        'If items have several rows, name the column that numbers them (`subclip`); else leave one out.',
      );
    }
    this.#seen.add(item);
    for (let index = 0; index < values.length; index += 1) {
      if (!Number.isNaN(values[index])) continue;
      this.#missing += 1;
      this.#firstMissing ??= `${placeText(place)}, value ${index + 1} of '${this.name}'`;
      this.#incomplete.add(item);
    }
    this.#items.push(item);
    this.#subclips.push(subclip ?? 0);
    this.#spool.add(values);
  }

  /**
   * Ends the adding of rows.
   *
   * @param dropIncomplete whether items with missing values go without this stream.
   * @throws UsageError `features` when there are no rows, or items have different numbers of rows.
   */
  finish(itemIds: readonly string[], dropIncomplete: boolean): void {
    if (this.#seen.size === 0) throw featureFault(this.file, `has no vectors of '${this.name}'`);
    const [items, subclips] = [this.#items, this.#subclips];
    const rows = Int32Array.from(items.keys());
    rows.sort((left, right) => {
      const [one, other] = [items[left] as number, items[right] as number];
      return one - other || (subclips[left] as number) - (subclips[right] as number);
    });
    this.#starts = new Int32Array(itemIds.length).fill(-1);
    const counts = new Map<number, number>();
    for (const [index, row] of rows.entries()) {
      const item = items[row] as number;
      const before = counts.get(item) ?? 0;
      if (before === 0) this.#starts[item] = index;
      else if (subclips[rows[index - 1] as number] === subclips[row]) {
        throw featureFault(
          this.file,
          `has subclip ${subclips[row]} of item ${quoted(itemIds[item] as string)} twice`,
          'Number the rows of an item, and name that column with `subclip`.',
        );
      }
      counts.set(item, before + 1);
    }
    this.#rowsPerItem = commonCount(counts);
    const others = [...counts].filter(([, count]) => count !== this.#rowsPerItem);
    if (others.length > 0) {
      const named = others.slice(0, 10).map(([item, count]) => `${quoted(itemIds[item] as string)} (${count})`);
      throw new UsageError(
        `items of ${this.file} must have the same number of subclips: most have ${this.#rowsPerItem}, but ${others.length === 1 ? 'one has not' : `${others.length} have not`}: ${named.join(', ')}${others.length > 10 ? ', ...' : ''}`,
        { code: 'features', remedy: 'Leave these items out, or cut all items into the same number of subclips.' },
      );
    }
    this.#order = rows;
    if (dropIncomplete) for (const item of this.#incomplete) this.#starts[item] = -1;
  }

  /** Whether an item has vectors. */
  has(item: number): boolean {
    return (this.#starts[item] ?? -1) >= 0;
  }

  /** The rows of an item in the order of its subclips. */
  rowsOf(item: number): Int32Array {
    const start = this.#starts[item] ?? -1;
    return start < 0 ? new Int32Array(0) : this.#order.subarray(start, start + this.#rowsPerItem);
  }

  /** Reads values of a row: see `RowSpool`. */
  read(row: number, first: number, into: Float64Array): void {
    this.#spool?.read(row, first, into);
  }

  /** Frees everything. */
  close(): void {
    this.#spool?.close();
  }
}

/** The most common count. */
function commonCount(counts: ReadonlyMap<number, number>): number {
  const times = new Map<number, number>();
  for (const count of counts.values()) times.set(count, (times.get(count) ?? 0) + 1);
  let [best, most] = [1, 0];
  for (const [count, number] of times) if (number > most) [best, most] = [count, number];
  return best;
}
