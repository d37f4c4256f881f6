import { checkOneOf } from '../src/core/check.ts';
import { UsageError } from '../src/core/errors.ts';
import { flagOf } from '../src/graphs/experiment/experiment-keys.ts';

/**
 * An option, declared once: how its text becomes a value of the library, and what the help, the
 * configuration file, the completion and the documentation say about it. In a table its key is the
 * library's name for it; its flag is that name in kebab case, or `flag`.
 */
export interface Option<Value> {
  readonly type: 'string' | 'boolean';
  /** The name of the value in the help, for example `DIR`. */
  readonly value?: string | undefined;
  readonly does: string;
  /** The default, in words. */
  readonly default?: string | undefined;
  readonly flag?: string | undefined;
  /** Older spellings, which are accepted but not shown. */
  readonly formerly?: readonly string[] | undefined;
  readonly multiple?: boolean | undefined;
  readonly isRequired?: true | undefined;
  /** The only words that it accepts. */
  readonly choices?: readonly string[] | undefined;
  /** Some of the words that it accepts. */
  readonly suggestions?: readonly string[] | undefined;
  /** What the command writes at the path that is its value, if it writes there. */
  readonly writes?: 'file' | 'directory' | undefined;
  /** Where it is written if the option is not given. */
  readonly writesByDefault?: string | undefined;
  /**
   * The value of what was typed: one text, several for an option that may be repeated, none for a
   * switch.
   * @throws UsageError when it does not fit.
   */
  readonly read: (texts: readonly string[], flag: string) => Value;
}

/**
 * Options by the library's names, typed by the values that they are read into: `satisfies
 * OptionTable<ExtractOptions>`.
 */
export type OptionTable<Values> = { readonly [Name in keyof Values]?: Option<NonNullable<Values[Name]>> };

/** Any table of options. */
export type AnyTable = Readonly<Record<string, Option<unknown>>>;

type ValueOf<Each> = Each extends Option<infer Value> ? Value : never;

/** The values that a table's options are read into. */
export type OptionValues<Table> = {
  readonly [Name in keyof Table as Table[Name] extends { isRequired: true } ? Name : never]: ValueOf<Table[Name]>;
} & {
  readonly [Name in keyof Table as Table[Name] extends { isRequired: true } ? never : Name]?: ValueOf<Table[Name]>;
};

/** What was typed or is in a configuration file, by flag. */
export type Given = ReadonlyMap<string, readonly string[]>;

/** The flag of an entry of a table. */
export function flagOfOption(name: string, option: Pick<Option<unknown>, 'flag'>): string {
  return option.flag ?? flagOf(name);
}

/** An option and its flag. */
export interface FlaggedOption extends Option<unknown> {
  readonly flag: string;
}

/** The options of a table, each with its flag. */
export function flaggedOptions(table: AnyTable): FlaggedOption[] {
  return Object.entries(table).map(([name, option]) => ({ ...option, flag: flagOfOption(name, option) }));
}

/** The option that is meant by a flag, the library's name, or an older spelling. */
export function findOption(table: AnyTable, written: string): FlaggedOption | undefined {
  const flag = flagOf(written);
  const entry =
    Object.entries(table).find(([name, option]) => flagOfOption(name, option) === flag || name === written) ??
    Object.entries(table).find(([, option]) => option.formerly?.includes(flag));
  return entry && { ...entry[1], flag: flagOfOption(...entry) };
}

/**
 * Reads all given options of a table.
 * @throws UsageError when one does not fit, or a required one is missing.
 */
export function readOptions<Table extends AnyTable>(given: Given, table: Table): OptionValues<Table> {
  const values = Object.entries(table).flatMap(([name, option]): [string, unknown][] => {
    const flag = flagOfOption(name, option);
    const texts = given.get(flag);
    if (option.isRequired && (texts === undefined || texts.includes(''))) throw missingOption(flag);
    return texts === undefined ? [] : [[name, option.read(texts, flag)]];
  });
  return Object.fromEntries(values) as OptionValues<Table>;
}

/** The error for a required option that was not given. */
export function missingOption(flag: string): UsageError {
  return new UsageError(`\`--${flag}\` is required`, { remedy: 'Add it; `--help` lists what the command takes.' });
}

function option<Value>(
  value: string,
  does: string,
  byDefault: string | undefined,
  read: (text: string, flag: string) => Value,
): Option<Value> {
  return {
    type: 'string',
    ...{ value, does, default: byDefault },
    read: (texts, flag) => read(texts.at(-1) ?? '', flag),
  };
}

/** The same option, made required. */
export const required = <Value>(each: Option<Value>): Option<Value> & { readonly isRequired: true } => ({
  ...each,
  isRequired: true,
});

/** Any text. */
export const text = (value: string, does: string, byDefault?: string): Option<string> =>
  option(value, does, byDefault, (given) => given);

/** A switch: true, or left out. */
export const flag = (does: string): Option<true> => ({ type: 'boolean', does, read: () => true });

/** A text that a function turns into a value, or refuses. */
export const parsed = <Value>(
  value: string,
  does: string,
  parse: (text: string, flag: string) => Value,
  byDefault?: string,
): Option<Value> => option(value, does, byDefault, parse);

/** The texts of an option that may be repeated. */
export const repeated = <Value>(
  value: string,
  does: string,
  parse: (texts: readonly string[], flag: string) => Value,
): Option<Value> => ({ type: 'string', value, does: `${does}; may be repeated`, multiple: true, read: parse });

/** A whole number of at least 1, or of at least `least`. */
export const integer = (value: string, does: string, byDefault?: string, least = 1): Option<number> =>
  option(value, does, byDefault, (given, name) => wholeNumber(given, name, least));

function wholeNumber(given: string, name: string, least: number): number {
  const whole = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isSafeInteger(whole) && whole >= least) return whole;
  throw new UsageError(`\`--${name}\` must be a whole number of at least ${least}, but is '${given}'`);
}

/** The finite number in a text. @throws UsageError for anything else. */
export function finiteNumber(given: string, name: string, expected = 'a number'): number {
  const found = given.trim() === '' ? Number.NaN : Number(given);
  if (Number.isFinite(found)) return found;
  throw new UsageError(`\`--${name}\` must be ${expected}, but is '${given}'`);
}

/** A number above 0. */
export const positive = (value: string, does: string, byDefault?: string): Option<number> =>
  option(value, does, byDefault, (given, name) => {
    const found = finiteNumber(given, name, 'a number above 0');
    if (found > 0) return found;
    throw new UsageError(`\`--${name}\` must be a number above 0, but is '${given}'`);
  });

/** A number of at least 0. */
export const notNegative = (value: string, does: string, byDefault?: string): Option<number> =>
  option(value, does, byDefault, (given, name) => {
    const found = finiteNumber(given, name, 'a number of at least 0');
    if (found >= 0) return found;
    throw new UsageError(`\`--${name}\` must be a number of at least 0, but is '${given}'`);
  });

/** Any number. */
export const number = (value: string, does: string, byDefault?: string): Option<number> =>
  option(value, does, byDefault, (given, name) => finiteNumber(given, name));

/** The entries of a comma-separated list. */
export function listOf(given: string): string[] {
  return given
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Whole numbers of at least 1, separated by commas; duplicates are dropped. */
export const integers = (value: string, does: string, byDefault?: string): Option<number[]> =>
  option(value, does, byDefault, (given, name) => {
    const numbers = listOf(given).map((entry) => (/^\d{1,10}$/.test(entry) ? Number(entry) : Number.NaN));
    if (numbers.length > 0 && numbers.every((each) => each >= 1)) return [...new Set(numbers)];
    throw new UsageError(`\`--${name}\` must be whole numbers of at least 1 separated by commas, but is '${given}'`);
  });

/** Numbers above 0, separated by commas; duplicates are dropped. */
export const positives = (value: string, does: string, byDefault?: string): Option<number[]> =>
  option(value, does, byDefault, (given, name) => {
    const found = listOf(given).map(Number);
    if (found.length > 0 && found.every((each) => each > 0 && Number.isFinite(each))) return [...new Set(found)];
    throw new UsageError(`\`--${name}\` must be numbers above 0 separated by commas, but is '${given}'`);
  });

/** The seed of all random draws. */
export const seed = (does: string, byDefault?: string): Option<number> =>
  option('N', does, byDefault, (given, name) => {
    if (/^\d{1,10}$/.test(given) && Number(given) <= 0xffffffff) return Number(given);
    throw new UsageError(`\`--${name}\` must be a whole number from 0 to 4294967295, but is '${given}'`);
  });

/** One of some words, which the help lists. */
export const word = <Word extends string>(
  choices: readonly Word[],
  does: string,
  byDefault?: NoInfer<Word>,
): Option<Word> => ({
  ...option(choices.join('|'), does, byDefault, (given, name) => checkOneOf(`--${name}`, given, choices)),
  choices,
});

/** Several of some words, separated by commas. */
export const words = <Word extends string>(
  value: string,
  choices: readonly Word[],
  does: string,
  byDefault?: NoInfer<Word>,
): Option<Word[]> => ({
  ...option(value, does, byDefault, (given, name) =>
    listOf(given).map((entry) => checkOneOf(`--${name}`, entry, choices)),
  ),
  choices,
});

/** Names for some roles, as in `user=A,item=B`. */
export const names = <Role extends string>(
  value: string,
  roles: readonly Role[],
  does: string,
): Option<{ readonly [Each in Role]?: string }> =>
  option(value, does, undefined, (given, name) => {
    const pairs = listOf(given).map((pair): [Role, string] => {
      const at = pair.indexOf('=');
      const role = roles.find((each) => each === pair.slice(0, Math.max(at, 0)));
      const called = pair.slice(at + 1);
      if (role !== undefined && called !== '') return [role, called];
      throw new UsageError(`\`--${name}\` must look like ${value}, but contains '${pair}'`, {
        remedy: `It takes ${roles.join(', ')}.`,
      });
    });
    return Object.fromEntries(pairs) as { readonly [Each in Role]?: string };
  });
