import { quoted } from '../../io/ratings/bad-lines.ts';
import type { ChosenColumns } from './choose-columns.ts';
import { type FeaturePlace, featureFault, rowFault } from './feature-fault.ts';
import type { FeatureRow } from './feature-file.ts';
import { numberOf, numbersOf } from './feature-values.ts';
import { itemIdOf } from './row-id.ts';

/**
 * Makes feature rows from the fields of a text line, a table's row or a JSON object, and matches
 * them with ids from another file by counting.
 */
export class RowMaker {
  readonly #file: string;
  readonly #chosen: ChosenColumns;
  readonly #ids: readonly string[] | undefined;
  readonly #values: (Float64Array | undefined)[];
  #rows = 0;

  /** @param ids of the rows in order, if the file has none. */
  constructor(file: string, chosen: ChosenColumns, ids: readonly string[] | undefined) {
    this.#file = file;
    this.#chosen = chosen;
    this.#ids = ids;
    this.#values = chosen.streams.map(({ isList, positions }) =>
      isList ? undefined : new Float64Array(positions.length),
    );
  }

  /**
   * The row of these fields. Its vectors are valid until the next call.
   *
   * @throws UsageError `features` when a field has the wrong kind of value.
   */
  row(fieldAt: (position: number) => unknown, place: FeaturePlace, nameAt: (position: number) => string): FeatureRow {
    const { id, idIsNamed, subclip, streams } = this.#chosen;
    const own = id < 0 ? this.#idAt(place) : fieldAt(id);
    const itemId = itemIdOf(own, place, id < 0 || idIsNamed);
    this.#rows += 1;
    const wrong = (position: number, expected: string) =>
      rowFault(
        place,
        `column ${quoted(nameAt(position))} should be ${expected}, but is ${fieldText(fieldAt(position))}`,
      );
    let part: number | undefined;
    if (subclip >= 0) {
      part = numberOf(fieldAt(subclip));
      if (part === undefined || Number.isNaN(part)) throw wrong(subclip, "the number of the item's subclip");
    }
    const vectors = streams.map(({ isList, positions }, stream) => {
      if (isList) {
        const position = positions[0] as number;
        const values = numbersOf(fieldAt(position));
        if (values === undefined) throw wrong(position, 'a list of numbers');
        return values ?? undefined;
      }
      const values = this.#values[stream] as Float64Array;
      for (const [index, position] of positions.entries()) {
        const value = numberOf(fieldAt(position));
        if (value === undefined) throw wrong(position, 'a number');
        values[index] = value;
      }
      return values;
    });
    return { itemId, subclip: part, vectors, place };
  }

  /** @throws UsageError `features` when there are more ids than rows. */
  end(): void {
    if (this.#ids !== undefined && this.#ids.length !== this.#rows) {
      throw otherCount(this.#file, this.#rows, this.#ids.length);
    }
  }

  #idAt(place: FeaturePlace): string {
    const id = this.#ids?.[this.#rows];
    if (id === undefined) throw rowFault(place, `there is no id for this row: ${this.#ids?.length ?? 0} were given`);
    return id;
  }
}

/** The error for a file whose number of rows is not the number of ids given. */
export function otherCount(file: string, rows: number, ids: number): Error {
  return featureFault(file, `has ${rows} rows, but ${ids} ids were given`, 'Give one id for each row, in their order.');
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || value === undefined) return 'missing';
  return typeof value === 'object' ? 'something else' : quoted(String(value));
}
