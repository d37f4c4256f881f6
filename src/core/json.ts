import { shown } from './check.ts';
import { UsageError } from './errors.ts';

/** A value that JSON can represent; undefined properties are left out of its text. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** No real parameters are nested more deeply; a deeper value contains itself. */
const DEEPEST = 64;

/**
 * Asserts that a value is JSON, and copies it: what another process reads from its text is equal to
 * the copy. Properties that are undefined are left out, as JSON leaves them out.
 *
 * @throws UsageError naming the place of what JSON cannot represent: functions, NaN, infinities,
 * instances of classes, cycles.
 *
 * @example
 * checkJson('params', { threshold: Number.NaN }); // throws: `params.threshold` must be JSON, but is NaN
 */
export function checkJson(name: string, value: unknown, depth = 0): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  // JSON has no negative zero.
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  if (depth > DEEPEST) throw notJson(name, `is nested more than ${DEEPEST} levels deep`);
  if (Array.isArray(value)) {
    return Array.from(value, (each, index) => checkJson(`${name}[${index}]`, each, depth + 1));
  }
  if (typeof value === 'object' && isPlain(value)) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    return Object.fromEntries(entries.map(([key, each]) => [key, checkJson(`${name}.${key}`, each, depth + 1)]));
  }
  throw notJson(name, `is ${shown(value)}`);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as {
    readonly constructor?: { readonly name?: string | undefined } | undefined;
  } | null;
  // In another realm, such as a `vm` context, the prototype is a different object of that name.
  return prototype === null || (prototype.constructor?.name === 'Object' && Object.getPrototypeOf(prototype) === null);
}

function notJson(name: string, what: string): UsageError {
  return new UsageError(`\`${name}\` must be JSON, but ${what}`, {
    remedy: 'Give finite numbers, text, booleans, null, and arrays and plain objects of these.',
  });
}
