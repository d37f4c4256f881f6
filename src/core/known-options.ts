import { shown } from './check.ts';
import { UsageError } from './errors.ts';
import { nearestOf } from './nearest.ts';

/**
 * The names of all options of a type: the compiler asks for each, and for no other.
 *
 * @example
 * const known: KnownOptions<ProbeOptions> = { signal: true, timeout: true, maximumPixels: true };
 */
export type KnownOptions<Options extends object> = Readonly<Record<keyof Options, true>>;

/**
 * Asserts that options are an object of known names: a mistyped name would be an option that is
 * silently ignored. Options without a value are accepted.
 *
 * @param call - the function that takes them, as callers write it.
 */
export function checkKnownOptions(call: string, options: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new UsageError(`the options of \`${call}\` must be an object, but are ${shown(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    const names = Object.keys(known);
    const near = nearestOf(name, names);
    const list = names.map((each) => `\`${each}\``).join(', ');
    throw new UsageError(`\`${call}\` has no option ${shown(name)}`, {
      option: name,
      remedy: near === undefined ? `Its options are ${list}.` : `Did you mean \`${near}\`?`,
    });
  }
}
