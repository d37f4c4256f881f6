import { type Command, type CommandGroup, isGroup } from '../command.ts';
import { globalLetters, globalOptions } from '../global-options.ts';

import { type AnyTable, flaggedOptions } from '../option-table.ts';

/** What can be typed after a command. */
export interface CompletedCommand {
  /** `extract`, or `weights pull`. */
  readonly name: string;
  readonly does: string;
  readonly options: readonly CompletedOption[];
  /** The words allowed as its first operand; none if that is a path or any text. */
  readonly operands: readonly string[];
}

/** An option as a shell completes it. */
export interface CompletedOption {
  readonly flag: string;
  readonly letter?: string | undefined;
  readonly does: string;
  /** The name of its value; undefined for a switch. */
  readonly value: string | undefined;
  /** The words allowed as its value; none if that is a path or any text. */
  readonly words: readonly string[];
}

/** What a shell completes. */
export interface CompletionTable {
  /** First words, in the order of the help. */
  readonly first: readonly { readonly name: string; readonly does: string }[];
  /** Second words of the groups among them. */
  readonly groups: readonly { readonly name: string; readonly commands: readonly CompletedCommand[] }[];
  readonly commands: readonly CompletedCommand[];
  readonly globals: readonly CompletedOption[];
}

/** What the option tables of the commands tell a shell. */
export function completionTable(entries: readonly (Command | CommandGroup)[]): CompletionTable {
  const globals = completed(globalOptions).map((option) => ({ ...option, letter: globalLetters[option.flag] }));
  const groups = entries
    .filter(isGroup)
    .map(({ name, commands }) => ({ name, commands: commands.map(completedCommand) }));
  const help: CompletedCommand = {
    ...{ name: 'help', does: 'prints the options of a command', options: [] },
    operands: entries.map(({ name }) => name),
  };
  const alone = entries.filter((entry) => !isGroup(entry)).map((entry) => completedCommand(entry as Command));
  return { first: [...entries, help], groups, commands: [...alone, help], globals };
}

function completedCommand(command: Command): CompletedCommand {
  const { name, does, operandWords = [] } = command;
  return { name, does, options: completed({ ...command.further, ...command.options }), operands: operandWords };
}

function completed(table: AnyTable): CompletedOption[] {
  return flaggedOptions(table).map(({ flag, does, type, value = 'VALUE', choices, suggestions }) => ({
    ...{ flag, does, value: type === 'string' ? value : undefined },
    words: choices ?? suggestions ?? [],
  }));
}
