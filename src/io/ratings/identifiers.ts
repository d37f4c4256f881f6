import { UsageError } from '../../core/errors.ts';

/**
 * Whole numbers below this are looked up in an array; larger ones and texts in a map.
 */
const DIRECT_LIMIT = 1 << 24;
/** The maximum size of a Map in V8. */
const MAP_LIMIT = 2 ** 24 - 1;
const WHOLE_NUMBER = /^(0|[1-9][0-9]*)$/;

/**
 * The id that a text stands for: surrounding spaces are ignored, and a whole number written `1.0`,
 * as spreadsheets and data frames do, is `1`.
 */
export function plainId(text: string): string {
  const trimmed = text.trim();
  const dot = trimmed.indexOf('.');
  return dot > 0 && /^-?\d+\.0+$/.test(trimmed) ? trimmed.slice(0, dot) : trimmed;
}

/**
 * Numbers ids in the order in which they first occur: 0, 1, 2, ... Ids that are whole numbers, as
 * in MovieLens, cost four bytes for each number up to the largest one; a text is stored once.
 */
export class IdentifierIndex {
  #direct = new Int32Array(1024);
  readonly #mapped = new Map<string | number, number>();
  readonly #ids: string[] = [];

  /** The ids in the order of their numbers. */
  get ids(): readonly string[] {
    return this.#ids;
  }

  /** The number of an id that is a whole number (0 or more, at most nine digits). */
  ofInteger(value: number): number {
    if (value < this.#direct.length) {
      const known = this.#direct[value] as number;
      if (known !== 0) return known - 1;
    }
    return this.#addInteger(value);
  }

  /**
   * The number of an id. A text that is a whole number, `1` or `1.0`, is the same id as that
   * number.
   */
  ofText(written: string): number {
    const text = written.endsWith('0') ? plainId(written) : written;
    if (text.length <= 9 && WHOLE_NUMBER.test(text)) return this.ofInteger(Number(text));
    return this.#mapped.get(text) ?? this.#addMapped(text);
  }

  #addInteger(value: number): number {
    if (value >= DIRECT_LIMIT) return this.#mapped.get(value) ?? this.#addMapped(value);
    if (value >= this.#direct.length) {
      const grown = new Int32Array(Math.min(DIRECT_LIMIT, Math.max(value + 1, 2 * this.#direct.length)));
      grown.set(this.#direct);
      this.#direct = grown;
    }
    const index = this.#ids.push(String(value)) - 1;
    this.#direct[value] = index + 1;
    return index;
  }

  #addMapped(key: string | number): number {
    if (this.#mapped.size >= MAP_LIMIT) {
      throw new UsageError(`there are more than ${MAP_LIMIT} different ids`, { code: 'ratings' });
    }
    const index = this.#ids.push(String(key)) - 1;
    this.#mapped.set(key, index);
    return index;
  }
}

/**
 * The order of ids wherever ties are broken "by ascending id": whole numbers first, by their value;
 * then all other ids by their UTF-16 code units, the same on every machine and in every language.
 *
 * @returns below 0 when `left` comes first, above 0 when `right` does.
 */
export function compareIdentifiers(left: string, right: string): number {
  const leftIsNumber = WHOLE_NUMBER.test(left);
  if (leftIsNumber !== WHOLE_NUMBER.test(right)) return leftIsNumber ? -1 : 1;
  if (leftIsNumber && left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * The rank of each id in ascending order (`compareIdentifiers`): rank 0 is the first id.
 *
 * @returns int32[ids], a permutation of 0 .. ids - 1.
 */
export function identifierRanks(ids: readonly string[]): Int32Array {
  const order = Int32Array.from(ids.keys());
  // Almost always, all ids are short whole numbers, which compare faster as numbers.
  if (ids.every((id) => id.length <= 9 && WHOLE_NUMBER.test(id))) {
    const values = Int32Array.from(ids, Number);
    order.sort((left, right) => (values[left] as number) - (values[right] as number));
  } else {
    order.sort((left, right) => compareIdentifiers(ids[left] as string, ids[right] as string));
  }
  const ranks = new Int32Array(ids.length);
  for (let rank = 0; rank < order.length; rank += 1) ranks[order[rank] as number] = rank;
  return ranks;
}
