import { shown } from '../core/check.ts';
import { FlowError, UsageError } from '../core/errors.ts';
import type { Bytes } from './payload.ts';

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/**
 * Reads a size: a number of bytes, or text such as `256MiB`, `1.5GB`, `512 KiB` (1 KiB = 1,024 B, 1 kB = 1,000 B).
 * Fractions of a byte are cut off.
 *
 * @throws UsageError when it is neither, or less than one byte.
 * @example
 * parseBytes('256MiB'); // 268435456
 */
export function parseBytes(size: Bytes | string): Bytes {
  let bytes = Number.NaN;
  if (typeof size === 'number') bytes = size;
  else if (typeof size === 'string') {
    const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?b)?\s*$/i.exec(size);
    const unit = UNITS[(match?.[2] ?? 'B').toLowerCase()];
    if (match !== null && unit !== undefined) bytes = Number(match[1]) * unit;
  }
  bytes = Math.floor(bytes);
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new UsageError(`a size must be a number of bytes or text such as '256MiB', but is ${shown(size)}`);
  }
  return bytes;
}

/**
 * Writes a size for people, in binary units with at most one decimal: `256 MiB`, `1.5 KiB`, `17 B`.
 *
 * @example
 * formatBytes(268435456); // '256 MiB'
 */
export function formatBytes(bytes: Bytes): string {
  let value = bytes;
  let unit = 'B';
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (Math.abs(value) < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${Number(value.toFixed(1))} ${unit}`;
}

/** Bytes that one operator of one scope holds. */
export interface HeldBytes {
  /** The scope's name. */
  readonly scope: string;
  /** The operator's name. */
  readonly operator: string;
  /** What it holds. An element held by two operators shows at both. */
  readonly bytes: Bytes;
}

/**
 * Nothing moves any more: every source waits for room, nothing is in flight that could make some, and one more element
 * would go further over the budget than `maxOvercommit` allows. Says who holds the bytes.
 */
export class BudgetTooSmallError extends FlowError {
  /** Who holds bytes, most first. */
  readonly holders: readonly HeldBytes[];
  /** The bytes that would have to fit for the stuck source, or scope, to go on. */
  readonly needed: Bytes;
  /** The budget that it does not fit in. */
  readonly budget: Bytes;

  constructor(message: string, facts: { holders: readonly HeldBytes[]; needed: Bytes; budget: Bytes }) {
    super('budget-too-small', message, {
      remedy: `Raise the budget to at least ${formatBytes(facts.needed)} (${facts.needed} bytes), run fewer inputs at once, or hold fewer elements.`,
    });
    this.holders = facts.holders;
    this.needed = facts.needed;
    this.budget = facts.budget;
  }
}
