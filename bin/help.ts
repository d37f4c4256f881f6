import { type Command, type CommandGroup, isGroup } from './command.ts';
import { globalLetters, globalOptions } from './global-options.ts';
import { type AnyTable, type FlaggedOption, flaggedOptions } from './option-table.ts';

/** Maximum width of a line of help, in columns. */
const WIDTH = 100;

/** The text of `reelflow COMMAND --help`, for the operands given along with `--help`. */
export function commandHelp(command: Command, argv: readonly string[] = []): string {
  const options: AnyTable = command.helpOptions?.(argv) ?? command.options;
  return [
    ...brokenAtWords(`reelflow ${command.name}: ${command.does}`, WIDTH),
    '',
    `usage: reelflow ${command.name} ${usageOf(command)}`.trimEnd(),
    '',
    ...operandLines(command, argv),
    ...optionRows(flaggedOptions(options)),
    ...(Object.keys(options).length > 0 ? [''] : []),
    'options of every command:',
    ...optionRows(flaggedOptions(globalOptions)),
    ...exampleLines(command.examples),
    '',
  ].join('\n');
}

/** The words that the operand of a command may be, unless it is one of them already. */
function operandLines({ operands: [operand = ''], operandWords = [] }: Command, argv: readonly string[]): string[] {
  if (operandWords.length === 0 || argv.some((word) => operandWords.includes(word))) return [];
  return [...brokenAtWords(`${operand.replace(/[^A-Z]/g, '')}: ${operandWords.join(', ')}`, WIDTH), ''];
}

/** What follows a command's name in its usage line. */
export function usageOf(command: Command): string {
  if (command.usage !== undefined) return command.usage;
  const needed = flaggedOptions(command.options)
    .filter(({ isRequired }) => isRequired)
    .map((option) => typedForm(option));
  const others = Object.keys(command.options).length > needed.length ? ['[options]'] : [];
  return [...command.operands, ...needed, ...others].join(' ');
}

/** The text of `reelflow GROUP --help`. */
export function groupHelp(group: CommandGroup): string {
  return [
    ...brokenAtWords(`reelflow ${group.name}: ${group.does}`, WIDTH),
    '',
    `usage: reelflow ${group.name} COMMAND ...        reelflow help ${group.name} COMMAND for its options`,
    '',
    ...indented(group.commands.map((command) => [`${command.name} ${command.operands.join(' ')}`, command.does])),
    ...exampleLines(group.examples),
    '',
  ].join('\n');
}

/** The text of `reelflow --help`. */
export function programHelp(entries: readonly (Command | CommandGroup)[]): string {
  return [
    'reelflow: turns audiovisual corpora into feature datasets, within a memory limit that holds',
    '',
    'usage: reelflow COMMAND ...        reelflow help COMMAND for its options',
    '',
    ...indented(
      entries.map((entry) => [
        entry.name,
        isGroup(entry) ? `${entry.does} (${entry.commands.map(lastWord).join(', ')})` : entry.does,
      ]),
    ),
    '',
    'options of every command:',
    ...optionRows(flaggedOptions(globalOptions)),
    '',
    'exit codes: 0 done; 3 finished with dead letters; 1 every input dead, or the run failed;',
    '            2 wrong usage, no inputs, or a limit that is too small;',
    '            130 interrupted, finished work kept',
    '',
  ].join('\n');
}

/** The second word of a group's command. */
export function lastWord({ name }: Pick<Command, 'name'>): string {
  return name.split(' ').at(-1) as string;
}

/** `--memory SIZE`. */
export function typedForm(option: FlaggedOption): string {
  return `--${option.flag}${option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : ''}`;
}

/** What an option does, and its default. */
export function meaningOf({ does, default: byDefault }: FlaggedOption): string {
  return byDefault === undefined ? does : `${does} (default: ${byDefault})`;
}

function optionRows(options: readonly FlaggedOption[]): string[] {
  return indented(
    options.map((option) => {
      const letter = Object.hasOwn(globalOptions, option.flag) ? globalLetters[option.flag] : undefined;
      return [`${letter === undefined ? '' : `-${letter}, `}${typedForm(option)}`, meaningOf(option)];
    }),
  );
}

/**
 * Rows of two columns, the second broken at words; a long left column gets its own line.
 */
function indented(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(32, Math.max(0, ...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) => {
    const [first = '', ...rest] = brokenAtWords(right, WIDTH - width - 4);
    const further = rest.map((line) => `${' '.repeat(width + 4)}${line}`);
    return left.length > width
      ? [`  ${left}`, `${' '.repeat(width + 4)}${first}`, ...further]
      : [`  ${left.padEnd(width)}  ${first}`, ...further];
  });
}

function brokenAtWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function exampleLines(examples: readonly string[]): string[] {
  return examples.length > 0 ? ['', 'examples:', ...examples.map((line) => `  ${line}`)] : [];
}
