import { checkOneOf } from '../src/core/check.ts';
import { UsageError } from '../src/core/errors.ts';
import type { Arguments } from './options.ts';

/**
 * A comma-separated list of whole numbers of at least `least`, each once, or undefined. @throws UsageError for anything
 * else.
 */
export function integerList(args: Arguments, name: string, least = 1): number[] | undefined {
  const entries = args.list(name);
  if (entries === undefined) return undefined;
  const numbers = entries.map((entry) => (/^\d{1,10}$/.test(entry) ? Number(entry) : Number.NaN));
  if (numbers.length === 0 || numbers.some((number) => !(number >= least))) {
    throw new UsageError(
      `\`--${name}\` must be whole numbers of at least ${least} with commas between, but is '${args.text(name)}'`,
    );
  }
  return [...new Set(numbers)];
}

/** Any finite number, or undefined. @throws UsageError for anything else. */
export function finiteNumber(args: Arguments, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) {
    throw new UsageError(`\`--${name}\` must be a number, but is '${text}'`);
  }
  return number;
}

/** One of some words, or undefined. @throws UsageError for another one. */
export function wordOf<T extends string>(args: Arguments, name: string, words: readonly T[]): T | undefined {
  const text = args.text(name);
  return text === undefined ? undefined : checkOneOf(`--${name}`, text, words);
}

/** A seed, 0 to 4294967295, or undefined. @throws UsageError for anything else. */
export function seedOption(args: Arguments, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffffffff) {
    throw new UsageError(`\`--${name}\` must be a whole number from 0 to 4294967295, but is '${text}'`);
  }
  return Number(text);
}
