import { UsageError } from './errors.ts';
import { nearestOf } from './nearest.ts';

/** How a value looks in an error message: short, typed, never a dump of a large object. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > 80 ? `'${value.slice(0, 77)}...'` : `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const kind = value.constructor?.name || 'object';
  return kind === 'Object' ? 'an object' : `${/^[AEIO]/i.test(kind) ? 'an' : 'a'} ${kind}`;
}

function fail(name: string, expected: string, value: unknown, remedy?: string): never {
  throw new UsageError(`\`${name}\` must be ${expected}, but is ${shown(value)}`, {
    remedy,
    // A part of an option, such as `validation.share`, is not an option itself.
    option: /^\w+$/.test(name) ? name : undefined,
  });
}

/** Asserts an integer of at least `least` (default 1). */
export function checkInteger(name: string, value: unknown, least = 1, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    fail(name, `an integer ${range}`, value);
  }
  return value;
}

/** Asserts a finite number above zero, or at least zero with `zero: true`. */
export function checkPositive(name: string, value: unknown, options: { zero?: boolean | undefined } = {}): number {
  const ok = typeof value === 'number' && Number.isFinite(value) && (options.zero ? value >= 0 : value > 0);
  if (!ok) fail(name, options.zero ? 'a number of at least 0' : 'a number above 0', value);
  return value as number;
}

/** Asserts a finite number. */
export function checkFinite(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) fail(name, 'a finite number', value);
  return value;
}

/** Asserts a non-empty string. */
export function checkString(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.length === 0) fail(name, 'a non-empty string', value);
  return value as string;
}

/** Asserts true or false. */
export function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') fail(name, 'true or false', value);
}

/** Asserts a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') fail(name, 'a function', value);
}

/** Asserts one of a fixed list of words. */
export function checkOneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  if (typeof value !== 'string' || !words.includes(value as T)) {
    const near = typeof value === 'string' ? nearestOf(value, words) : undefined;
    const remedy = near === undefined ? undefined : `Did you mean '${near}'?`;
    fail(name, `one of ${words.map((word) => `'${word}'`).join(', ')}`, value, remedy);
  }
  return value as T;
}

/** Asserts the version of a user's own code, which has no hash. */
export function checkVersion(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  return fail(
    'version',
    'a non-empty string',
    value,
    "Give one, such as `version: '1'`, and change it whenever the code computes something else.",
  );
}
