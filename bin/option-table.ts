import { checkOneOf } from '../src/core/check.ts';
import { UsageError } from '../src/core/errors.ts';
import { flagOf } from '../src/graphs/experiment/experiment-keys.ts';
import { finiteNumber, integerList, wordOf } from './list-options.ts';
import type { Arguments, OptionSpec } from './options.ts';

/**
 * An option declared once: what `--help` prints, what the parser accepts, and how its text becomes a value of the library. In a
 * table it stands under the library's name of it; its flag is that name in kebab case, or `flag`.
 */
export interface Option<Value> extends OptionSpec {
  readonly flag?: string;
  /** The value, or undefined when the option was not given. @throws UsageError when the text does not fit. */
  readonly read: (args: Arguments, flag: string) => Value | undefined;
}

/** Options by the library's names, for the values that they are read into: `satisfies OptionTable<ExtractOptions>`. */
export type OptionTable<Values> = { readonly [Name in keyof Values]?: Option<NonNullable<Values[Name]>> };

/** What a table is read into. */
export type OptionValues<Table> = {
  readonly [Name in keyof Table]?: Table[Name] extends Option<infer Value> ? Value : never;
};

type AnyTable = Readonly<Record<string, Option<unknown>>>;

/** The table by flags, as a command lists its options. */
export function specsOf(table: AnyTable): Record<string, OptionSpec> {
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => [option.flag ?? flagOf(name), { ...option, name }]),
  );
}

/** Reads every option of a table that was given. @throws UsageError when one does not fit. */
export function readOptions<Table extends AnyTable>(args: Arguments, table: Table): OptionValues<Table> {
  const values = Object.entries(table).map(([name, option]) => [name, option.read(args, option.flag ?? flagOf(name))]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as OptionValues<Table>;
}

function option<Value>(value: string, does: string, read: Option<Value>['read']): Option<Value> {
  return { type: 'string', value, does, read };
}

/** Any text. */
export const text = (value: string, does: string): Option<string> =>
  option(value, does, (args, flag) => args.text(flag));

/** A switch: true, or left out. */
export const flag = (does: string): Option<true> => ({
  type: 'boolean',
  does,
  read: (args, name) => args.flag(name) || undefined,
});

/** A whole number of at least 1. */
export const integer = (value: string, does: string): Option<number> =>
  option(value, does, (args, name) => args.integer(name));

/** A number above 0. */
export const positive = (value: string, does: string): Option<number> =>
  option(value, does, (args, name) => args.positive(name));

/** Any number. */
export const number = (value: string, does: string): Option<number> => option(value, does, finiteNumber);

/** Whole numbers of at least 1 with commas between. */
export const integers = (value: string, does: string): Option<number[]> => option(value, does, integerList);

/** One of some words, which the help lists. */
export const word = <Word extends string>(words: readonly Word[], does: string): Option<Word> =>
  option(words.join('|'), does, (args, name) => wordOf(args, name, words));

/** Several of some words with commas between. */
export const words = <Word extends string>(value: string, all: readonly Word[], does: string): Option<Word[]> =>
  option(value, does, (args, name) => args.list(name)?.map((entry) => checkOneOf(`--${name}`, entry, all)));

/** A text that a function makes a value of, or refuses. */
export const parsed = <Value>(
  value: string,
  does: string,
  parse: (text: string, flag: string) => Value,
): Option<Value> =>
  option(value, does, (args, name) => {
    const given = args.text(name);
    return given === undefined ? undefined : parse(given, name);
  });

/** Names for some roles, as in `user=A,item=B`. */
export const names = <Role extends string>(
  value: string,
  roles: readonly Role[],
  does: string,
): Option<{ readonly [Each in Role]?: string }> =>
  option(value, does, (args, name) => {
    const pairs = args.list(name)?.map((pair): [Role, string] => {
      const at = pair.indexOf('=');
      const role = roles.find((each) => each === pair.slice(0, Math.max(at, 0)));
      const called = pair.slice(at + 1);
      if (role !== undefined && called !== '') return [role, called];
      throw new UsageError(`\`--${name}\` must be such as ${value}, but has '${pair}'`, {
        remedy: `It takes ${roles.join(', ')}.`,
      });
    });
    return pairs && (Object.fromEntries(pairs) as { readonly [Each in Role]?: string });
  });
