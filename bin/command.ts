import type { Console } from './console.ts';
import type { AnyTable, Option, OptionValues } from './option-table.ts';

/** What a command receives besides the values of its options. */
export interface Call<Further> {
  readonly operands: readonly string[];
  /** The values of the `further` options that were given, by name. */
  readonly further: Readonly<Record<string, Further>>;
  /** Whether the result is wanted as JSON. */
  readonly json: boolean;
  readonly console: Console;
  /** Every command, for a command that lists them all. */
  readonly allCommands: () => Promise<readonly (Command | CommandGroup)[]>;
}

/** A command of the command line: what it accepts, and what it does. */
export interface CommandOf<Table extends AnyTable, Further> {
  /** One word, or two for a member of a group: `weights pull`. */
  readonly name: string;
  /** Former names, which still work but are not shown. */
  readonly formerly?: readonly string[] | undefined;
  /**
   * Its operands: `DIR` is required, `[NAME]` is optional, `INPUT...` and `[ITEM...]` are any
   * number.
   */
  readonly operands: readonly string[];
  /** The words allowed as the first operand, if they are known. */
  readonly operandWords?: readonly string[] | undefined;
  /** The usage line after the name, if it is more than operands and options. */
  readonly usage?: string | undefined;
  readonly does: string;
  readonly options: Table;
  /**
   * Options that the types cannot list: those of recommenders, and the keys of an experiment.
   */
  readonly further?: Readonly<Record<string, Option<Further>>> | undefined;
  /**
   * The options to show when an operand narrows them down: `train svd --help`.
   */
  helpOptions?(argv: readonly string[]): AnyTable;
  readonly examples: readonly string[];
  /** Returns the exit code. */
  run(values: OptionValues<Table>, call: Call<Further>): Promise<number>;
}

export type Command = CommandOf<AnyTable, unknown>;

/** Commands that share their first word. */
export interface CommandGroup {
  readonly name: string;
  readonly formerly?: readonly string[] | undefined;
  readonly does: string;
  readonly commands: readonly Command[];
  readonly examples: readonly string[];
}

/** Declares a command; its function receives values of the types that its table declares. */
export function defineCommand<Table extends AnyTable, Further = never>(command: CommandOf<Table, Further>): Command {
  return command as unknown as Command;
}

export function isGroup(entry: Command | CommandGroup): entry is CommandGroup {
  return 'commands' in entry;
}

/** The entry with a name, current or former. */
export function findByName<Entry extends { readonly name: string; readonly formerly?: readonly string[] | undefined }>(
  entries: readonly Entry[],
  name: string,
): Entry | undefined {
  return entries.find((each) => each.name === name) ?? entries.find((each) => each.formerly?.includes(name));
}

export function optionsOf(command: Command): AnyTable {
  return { ...command.further, ...command.options };
}
