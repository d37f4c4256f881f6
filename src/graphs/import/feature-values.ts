import { Vector } from 'apache-arrow';
import { columnValues } from '../../io/ratings/column-values.ts';
import { decimalText } from '../../io/ratings/fields.ts';

/** Texts that stand for a missing value or one that is not finite. */
const MISSING = /^([+-]?(nan|inf|infinity)|na|n\/a|null|none|)$/i;
const SEPARATORS = /[\s,;|]+/;

/** What a field holds. */
export type FieldKind = 'number' | 'list' | 'missing' | 'text';

/**
 * The number in a text; NaN if the text marks a missing value; undefined if it is any other text.
 */
export function numberOfText(text: string): number | undefined {
  const value = decimalText(text);
  if (!Number.isNaN(value)) return asFloat(value);
  return MISSING.test(text.trim()) ? Number.NaN : undefined;
}

/**
 * The numbers in a text such as `[0.1, 0.2]`, `0.1 0.2` or `0.1,0.2`; undefined if it is any other
 * text.
 */
export function numbersOfText(text: string): Float64Array | undefined {
  const tokens = tokensOf(text);
  const values = new Float64Array(tokens.length);
  for (const [index, token] of tokens.entries()) {
    const value = numberOfText(token);
    if (value === undefined) return undefined;
    values[index] = value;
  }
  return values;
}

/** What a text holds. */
export function kindOfText(text: string): FieldKind {
  if (MISSING.test(text.trim())) return 'missing';
  if (!Number.isNaN(decimalText(text))) return 'number';
  return numbersOfText(text) === undefined ? 'text' : 'list';
}

/**
 * A value of a table or of JSON as a number: NaN if it is missing, undefined if it is anything
 * else.
 */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return asFloat(value);
  if (typeof value === 'bigint') return asFloat(Number(value));
  if (value === null || value === undefined) return Number.NaN;
  return typeof value === 'string' ? numberOfText(value) : undefined;
}

/**
 * The numbers in a list of a table or of JSON, or in a text; `null` if it is missing, undefined if
 * it is anything else.
 */
export function numbersOf(value: unknown): Float64Array | null | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return MISSING.test(value.trim()) ? null : numbersOfText(value);
  if (value instanceof Vector) {
    const at = columnValues(value);
    return listOf(value.length, at);
  }
  return Array.isArray(value) ? listOf(value.length, (index) => value[index]) : undefined;
}

/** NaN if a float32, as the store holds it, would be infinite. */
function asFloat(value: number): number {
  return Number.isFinite(Math.fround(value)) ? value : Number.NaN;
}

/** What a value of JSON holds. */
export function kindOf(value: unknown): FieldKind {
  if (typeof value === 'string') return kindOfText(value);
  if (Array.isArray(value)) return numbersOf(value) === undefined ? 'text' : 'list';
  const number = numberOf(value);
  return number === undefined ? 'text' : Number.isNaN(number) ? 'missing' : 'number';
}

function listOf(length: number, at: (index: number) => unknown): Float64Array | undefined {
  const values = new Float64Array(length);
  for (let index = 0; index < length; index += 1) {
    const value = numberOf(at(index));
    if (value === undefined) return undefined;
    values[index] = value;
  }
  return values;
}

function tokensOf(text: string): string[] {
  const inner = /^\s*(?:\[([^[\]]*)\]|\(([^()]*)\)|([^[\]()]*))\s*$/s.exec(text);
  const body = (inner?.[1] ?? inner?.[2] ?? inner?.[3] ?? text).trim().replace(/[,;|]$/, '');
  return body.trim() === '' ? [] : body.trim().split(SEPARATORS);
}
