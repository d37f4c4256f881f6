import { shellWord } from '../../src/core/shell-word.ts';
import type { CompletedOption, CompletionTable } from './completion-table.ts';

/** The completion of reelflow for bash: `source <(reelflow completion bash)`. */
export function bashCompletion({ first, groups, commands, globals }: CompletionTable): string {
  const all = [...commands, ...groups.flatMap((group) => group.commands)];
  const flags = (options: readonly CompletedOption[]) => [...options, ...globals].map(({ flag }) => `--${flag}`);
  const words = [
    ['', [...first.map(({ name }) => name), ...flags([])]],
    ...groups.map(({ name, commands: own }) => [name, own.map((each) => each.name.split(' ')[1] ?? '')] as const),
    ...all.map(({ name, options, operands }) => [name, [...operands, ...flags(options)]] as const),
  ] as const;
  const values = [
    ...[{ name: '', options: [] }, ...all].flatMap(({ name, options }) =>
      [...options, ...globals].map((option) => [name, option] as const),
    ),
  ].filter(([, { value }]) => value !== undefined);
  return `# Completion of reelflow for bash.
_reelflow_words() {
  case "$1" in
${words.map(([name, each]) => `    ${shellWord(name) || "''"}) echo ${shellWord(each.join(' '))} ;;`).join('\n')}
  esac
}
# Prints the allowed values of an option, or nothing if any value is allowed. Fails if there is no such option that takes a value.
_reelflow_values() {
  case "$1" in
${values.map(([name, { flag, words: each }]) => `    ${shellWord(`${name} --${flag}`)}) echo ${shellWord(each.join(' '))} ;;`).join('\n')}
    *) return 1 ;;
  esac
}
_reelflow() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" name='' index word values listed=''
  # Bash takes --option=value for three words.
  if [[ $current = '=' ]]; then
    current=''
  elif [[ $before = '=' && $COMP_CWORD -gt 1 ]]; then
    before="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ $word = -* ]]; then
      # The word after an option that has a value is that value.
      if _reelflow_values "$name $word" > /dev/null; then
        if [[ \${COMP_WORDS[index+1]} = '=' ]]; then ((index++)); fi
        ((index++))
      fi
    elif [[ -z $name || $name =~ ^(${groups.map(({ name }) => name).join('|')})$ ]]; then
      name="\${name:+$name }$word"
    fi
  done
  COMPREPLY=()
  if values="$(_reelflow_values "$name $before")"; then
    # Of a list only what follows the last comma is being typed.
    [[ $current = *,* ]] && listed="\${current%,*},"
    COMPREPLY=($(compgen -P "$listed" -W "$values" -- "\${current#"$listed"}"))
  else
    COMPREPLY=($(compgen -W "$(_reelflow_words "$name")" -- "$current"))
  fi
}
complete -o default -F _reelflow reelflow
`;
}
