import { UsageError } from '../../core/errors.ts';
import { splitCommand } from './split-command.ts';

const PLACEHOLDER = /\{(id|out)\}/g;

/**
 * A command with the placeholders `{id}` (the row's id) and `{out}` (the path to write, without
 * extension). Words are split first and filled afterwards, so nothing in an id or a path can add,
 * end or quote a word.
 *
 * @example
 * new CommandTemplate('yt-dlp -o {out}.mp4 -- {id}').fill('-3BwU9l8d_E', '/tmp/x');
 */
export class CommandTemplate {
  readonly #words: readonly string[];

  /**
   * @throws UsageError `command` for a command that cannot be split, or without `{id}` or `{out}`
   * among its arguments.
   */
  constructor(command: string) {
    this.#words = splitCommand(command);
    const [program = '', ...rest] = this.#words;
    if (/\{(id|out)\}/.test(program)) {
      throw new UsageError(`the program of a command must be fixed, but is '${program}'`, { code: 'command' });
    }
    for (const placeholder of ['{id}', '{out}']) {
      if (rest.some((word) => word.includes(placeholder))) continue;
      throw new UsageError(`the command has no ${placeholder}`, {
        code: 'command',
        remedy: '{id} stands for the id of a row, {out} for the path to write, without its extension: both are needed.',
      });
    }
  }

  /** The program to start, as written in the command. */
  get program(): string {
    return this.#words[0] ?? '';
  }

  /** The words for one row, the program first. */
  fill(id: string, out: string): string[] {
    return this.#words.map((word) => word.replace(PLACEHOLDER, (_, name: string) => (name === 'id' ? id : out)));
  }

  /**
   * Whether this id would be read as an option: it starts with `-`, and so would a word before any
   * `--`.
   */
  readsAsOption(id: string): boolean {
    if (!id.startsWith('-')) return false;
    const end = this.#words.indexOf('--');
    return (end < 0 ? this.#words : this.#words.slice(0, end)).some((word) => word.startsWith('{id}'));
  }
}
