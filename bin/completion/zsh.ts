import type { CompletedCommand, CompletedOption, CompletionTable } from './completion-table.ts';

/** The completion of reelflow for zsh, a file `_reelflow` in a folder of `$fpath`. */
export function zshCompletion({ first, groups, commands, globals }: CompletionTable): string {
  const cases = (own: readonly CompletedCommand[], indent: string) =>
    own.map((command) => `${indent}${last(command)}) ${argumentsOf(command, globals)} ;;`).join('\n');
  const words = `_arguments -C ${globals.map(specification).join(' ')} '1: :->first' '*::: :->rest'`;
  return `#compdef reelflow
# Completion of reelflow for zsh.
_reelflow() {
  local curcontext="$curcontext" state
  local -a commands line
  ${words} && return
  if [[ $state = first ]]; then
    commands=(${first.map(described).join(' ')})
    _describe command commands
    return
  fi
  words=("$line[1]" "\${words[@]}")
  (( CURRENT += 1 ))
  case $line[1] in
${groups
  .map(
    ({ name, commands: own }) => `    ${name})
      ${words} && return
      if [[ $state = first ]]; then
        commands=(${own.map((command) => described({ name: last(command), does: command.does })).join(' ')})
        _describe command commands
        return
      fi
      words=("$line[1]" "\${words[@]}")
      (( CURRENT += 1 ))
      case $line[1] in
${cases(own, '        ')}
      esac ;;`,
  )
  .join('\n')}
${cases(commands, '    ')}
  esac
}
if [[ $funcstack[1] = _reelflow ]]; then _reelflow "$@"; else compdef _reelflow reelflow; fi
`;
}

function argumentsOf({ options, operands }: CompletedCommand, globals: readonly CompletedOption[]): string {
  const first = operands.length > 0 ? [quoted(`1:operand:(${operands.join(' ')})`)] : [];
  return ['_arguments', ...[...options, ...globals].map(specification), ...first, quoted('*:file:_files')].join(' ');
}

function specification({ flag, does, value, words }: CompletedOption): string {
  // With the sign of equality the value may stand in the same word or in the next one.
  const text = `--${flag}${value === undefined ? '' : '='}[${does.replaceAll(/[[\]\\]/g, '\\$&')}]`;
  if (value === undefined) return quoted(text);
  const label = value.replaceAll(/[:\\]/g, '\\$&');
  return quoted(`${text}:${label}:${words.length > 0 ? `(${words.join(' ')})` : '_files'}`);
}

function described({ name, does }: { readonly name: string; readonly does: string }): string {
  return quoted(`${name}:${does.replaceAll(/[:\\]/g, '\\$&')}`);
}

function last({ name }: Pick<CompletedCommand, 'name'>): string {
  return name.split(' ').at(-1) as string;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
