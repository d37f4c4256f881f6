import { shown } from '../core/check.ts';
import { FlowError, UsageError } from '../core/errors.ts';
import type { Bytes } from './payload.ts';

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/**
 * Parses a size: a number of bytes, or text such as `256MiB`, `1.5GB`, `512 KiB` (1 KiB = 1,024 B,
 * 1 kB = 1,000 B). A single letter is the binary unit, as for docker and systemd, and so is `Gi`,
 * as for Kubernetes: `1G`, `1g` and `1Gi` are 1 GiB. A fraction of a byte, as in `1.3KiB`, is cut
 * off.
 *
 * @param whole - what a percentage such as `50%` refers to; without it, percentages are refused.
 * @param name - of the option, for the message.
 * @throws UsageError if it is none of these, or less than one byte.
 * @example
 * parseBytes('256MiB'); // 268435456
 */
export function parseBytes(size: Bytes | string, whole?: Bytes, name?: string): Bytes {
  let bytes = Number.NaN;
  if (typeof size === 'number') bytes = size;
  else if (typeof size === 'string') {
    const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]i?b?|b|%)?\s*$/i.exec(size);
    const letters = (match?.[2] ?? 'B').toLowerCase();
    const unit = letters === '%' ? share(whole, Number(match?.[1])) : UNITS[letters];
    // `1.5` lacks its unit: nobody means a byte and a half.
    const isWhole = unit !== 1 || !match?.[1]?.includes('.');
    if (match !== null && unit !== undefined && isWhole) bytes = Number(match[1]) * unit;
  }
  bytes = Math.floor(bytes);
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    const texts = whole === undefined ? "'256MiB' or '1G'" : "'256MiB', '1G' or '50%'";
    const what = name === undefined ? 'a size' : `\`${name}\``;
    throw new UsageError(`${what} must be a number of bytes above 0, or text such as ${texts}, but is ${shown(size)}`, {
      option: name,
    });
  }
  return bytes;
}

/** One percent of `whole`; at most a hundred of them. */
function share(whole: Bytes | undefined, percent: number): number | undefined {
  return whole === undefined || percent > 100 ? undefined : whole / 100;
}

/**
 * Formats a size for people, in binary units with at most one decimal: `256 MiB`, `1.5 KiB`,
 * `17 B`.
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
  /** What it holds. An element held by two operators is listed for both. */
  readonly bytes: Bytes;
}

/**
 * The flow is stuck: every source is waiting for room, nothing in flight can free any, and one more
 * element would exceed the budget by more than `maxOvercommit`. Names who holds the bytes.
 */
export class BudgetTooSmallError extends FlowError {
  /** Who holds bytes, largest first. */
  readonly holders: readonly HeldBytes[];
  /** The bytes that must fit for the stuck source, or scope, to continue. */
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
