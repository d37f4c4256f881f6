import type { CompletedCommand, CompletedOption, CompletionTable } from './completion-table.ts';

/** The completion of reelflow for fish: `reelflow completion fish | source`. */
export function fishCompletion({ first, groups, commands, globals }: CompletionTable): string {
  const lines = [
    '# Completion of reelflow for fish.',
    'complete -c reelflow -e',
    // Fish's own function takes the value of an option before the command for the command.
    'function __reelflow_no_command',
    `    not __fish_seen_subcommand_from ${first.map(({ name }) => name).join(' ')}`,
    'end',
  ];
  for (const { name, does } of first) {
    lines.push(`complete -c reelflow -n __reelflow_no_command -f -a ${name} -d ${quoted(does)}`);
  }
  for (const option of globals) lines.push(optionLine(option));
  for (const { name, commands: own } of groups) {
    const seconds = own.map((command) => command.name.split(' ')[1] ?? '');
    const none = `__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${seconds.join(' ')}`;
    for (const [index, { does }] of own.entries()) {
      lines.push(`complete -c reelflow -n ${quoted(none)} -f -a ${seconds[index]} -d ${quoted(does)}`);
    }
  }
  for (const command of [...commands, ...groups.flatMap((group) => group.commands)]) lines.push(...linesOf(command));
  return `${lines.join('\n')}\n`;
}

function linesOf({ name, options, operands }: CompletedCommand): string[] {
  const condition = name
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ');
  return [
    ...(operands.length === 0
      ? []
      : [`complete -c reelflow -n ${quoted(condition)} -f -a ${quoted(operands.join(' '))}`]),
    ...options.map((option) => optionLine(option, condition)),
  ];
}

function optionLine({ flag, letter, does, value, words }: CompletedOption, condition?: string): string {
  return [
    'complete -c reelflow',
    ...(condition === undefined ? [] : [`-n ${quoted(condition)}`]),
    ...(letter === undefined ? [] : [`-s ${letter}`]),
    `-l ${flag}`,
    ...(value === undefined ? [] : words.length > 0 ? [`-x -a ${quoted(words.join(' '))}`] : ['-r']),
    `-d ${quoted(does)}`,
  ].join(' ');
}

/** Fish treats a backslash as an escape in single quotes, too. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
