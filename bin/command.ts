import type { Console } from './console.ts';
import type { AnyTable, Option, OptionValues } from './option-table.ts';

/** What a command is given in addition to the values of its options. */
export interface Call<Further> {
  readonly operands: readonly string[];
  /** The values of `further` options that were given, by their names in it. */
  readonly further: Readonly<Record<string, Further>>;
  /** Whether the result is wanted as JSON. */
  readonly json: boolean;
  readonly console: Console;
  /** Every command, for those that list them all. */
  readonly allCommands: () => Promise<readonly (Command | CommandGroup)[]>;
}

/** A command of the command line: what it takes, and what it does. */
export interface CommandOf<Table extends AnyTable, Further> {
  /** One word, or two where it is one of a group: `weights pull`. */
  readonly name: string;
  /** Former names, which still work but are not shown. */
  readonly formerly?: readonly string[] | undefined;
  /**
   * Its operands: `DIR` must be there, `[NAME]` may, `INPUT...` and `[ITEM...]` are
   * any number.
   */
  readonly operands: readonly string[];
  /** The words allowed as the first operand, where they are known. */
  readonly operandWords?: readonly string[] | undefined;
  /** The usage line after the name, where it is more than operands and options. */
  readonly usage?: string | undefined;
  readonly does: string;
  readonly options: Table;
  /**
   * Options that the types cannot list: those of recommenders, and the keys of an
   * experiment.
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

/** Any command. */
export type Command = CommandOf<AnyTable, unknown>;

/** Commands that share their first word. */
export interface CommandGroup {
  readonly name: string;
  readonly formerly?: readonly string[] | undefined;
  readonly does: string;
  readonly commands: readonly Command[];
  readonly examples: readonly string[];
}

/** Declares a command; its function is given values of the types that its table declares. */
export function defineCommand<Table extends AnyTable, Further = never>(command: CommandOf<Table, Further>): Command {
  return command as unknown as Command;
}

/** Whether it is a group of commands. */
export function isGroup(entry: Command | CommandGroup): entry is CommandGroup {
  return 'commands' in entry;
}

/** The entry of a name, current or former. */
export function findByName<Entry extends { readonly name: string; readonly formerly?: readonly string[] | undefined }>(
  entries: readonly Entry[],
  name: string,
): Entry | undefined {
  return entries.find((each) => each.name === name) ?? entries.find((each) => each.formerly?.includes(name));
}

/** Every option of a command. */
export function optionsOf(command: Command): AnyTable {
  return { ...command.further, ...command.options };
}
