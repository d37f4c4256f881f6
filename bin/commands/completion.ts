import { checkOneOf } from '../../src/core/check.ts';
import { defineCommand } from '../command.ts';
import { bashCompletion } from '../completion/bash.ts';
import { completionTable } from '../completion/completion-table.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };
const shells = ['bash', 'zsh', 'fish'] as const;

/** `reelflow completion`: commands and options for the Tab key. */
export const command = defineCommand({
  name: 'completion',
  operands: ['SHELL'],
  operandWords: shells,
  does: 'prints a completion script for bash, zsh or fish',
  options: {},
  examples: [
    'source <(reelflow completion bash)',
    'reelflow completion zsh > ~/.zfunc/_reelflow',
    'reelflow completion fish > ~/.config/fish/completions/reelflow.fish',
  ],
  async run(_values, { operands: [shell], console, allCommands }) {
    const script = scripts[checkOneOf('SHELL', shell, shells)](completionTable(await allCommands()));
    console.result({ script }, () => script);
    return 0;
  },
});
