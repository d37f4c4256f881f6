import { checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';

/** What these characters would mean in a shell, for the message that refuses them. */
const MEANINGS: Readonly<Record<string, string>> = {
  ...{ '|': 'a pipe', '&': 'a background job', ';': 'a second command', '<': 'a redirection', '>': 'a redirection' },
  ...{ '(': 'a group', ')': 'a group', $: 'a variable or a substitution', '`': 'a substitution' },
  ...{ '*': 'a file pattern', '?': 'a file pattern', '[': 'a file pattern' },
  ...{ '~': 'a home directory', '#': 'a comment', '\n': 'a second command', '\r': 'a second command' },
};
/** These have a meaning only at the start of a word. */
const AT_START = '~#';
const BLANK = ' \t';

/**
 * Splits a command into words with a small subset of the rules of a POSIX shell, and interprets
 * nothing:
 *
 * - blanks (spaces and tabs) separate words;
 * - single quotes group, and everything between them is literal;
 * - double quotes group; a backslash before `"`, `\`, `$` or `` ` ` ` makes that literal, and stays
 *   before anything else;
 * - elsewhere a backslash makes the next character literal; before a line break, both are removed.
 *
 * What a shell would interpret (`| & ; < > ( ) $ ` * ?
 * [`, a line break, `~` or `#` at the beginning of a word, `NAME=value` before the program) is refused unless it is quoted, so that a command that is accepted has the words that a shell would give it. In double quotes that holds for `$` and `` `
 * ``.
 *
 * @throws UsageError `command` for such a character, a quote that is not closed, a NUL, or no word
 * at all.
 *
 * @example
 * splitCommand("yt-dlp -o '{out}.%(ext)s' 'https://www.youtube.com/watch?v={id}'"); // four words
 */
export function splitCommand(command: string): string[] {
  checkString('command', command);
  const nul = command.indexOf('\0');
  if (nul >= 0) throw fault(command, `has a NUL character at position ${nul + 1}`);
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < command.length; ) {
    const character = command[at] ?? '';
    if (BLANK.includes(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
      continue;
    }
    const piece = readPiece(command, at, word === undefined);
    if (piece.text !== undefined) word = (word ?? '') + piece.text;
    at = piece.end;
  }
  if (word !== undefined) words.push(word);
  const [program] = words;
  if (program === undefined || program === '') throw fault(command, 'names no program');
  if (/^[A-Za-z_]\w*=/.test(program)) {
    throw fault(
      command,
      `begins with '${program}', which is not a program`,
      `There is no shell to set a variable: start with \`env ${program}\`.`,
    );
  }
  return words;
}

/**
 * A quoted part, an escaped character or a plain one; no text if it adds nothing to a word, not
 * even an empty string.
 */
interface Piece {
  readonly text: string | undefined;
  readonly end: number;
}

function readPiece(command: string, at: number, first: boolean): Piece {
  const character = command[at] ?? '';
  if (character === "'") {
    const end = command.indexOf("'", at + 1);
    if (end < 0) throw fault(command, `has a single quote at position ${at + 1} that is not closed`);
    return { text: command.slice(at + 1, end), end: end + 1 };
  }
  if (character === '"') return readDoubleQuoted(command, at);
  if (character === '\\') {
    const next = command[at + 1];
    if (next === undefined) throw fault(command, 'ends with a backslash that escapes nothing');
    return { text: next === '\n' ? undefined : next, end: at + 2 };
  }
  if (MEANINGS[character] !== undefined && (first || !AT_START.includes(character))) throw shellFault(command, at);
  return { text: character, end: at + 1 };
}

function readDoubleQuoted(command: string, start: number): Piece {
  let text = '';
  for (let at = start + 1; at < command.length; at += 1) {
    const character = command[at] ?? '';
    if (character === '"') return { text, end: at + 1 };
    if (character === '$' || character === '`') throw shellFault(command, at, 'Put it in single quotes');
    if (character === '\\' && '"\\$`\n'.includes(command[at + 1] ?? 'x')) {
      at += 1;
      if (command[at] !== '\n') text += command[at];
    } else text += character;
  }
  throw fault(command, `has a double quote at position ${start + 1} that is not closed`);
}

function shellFault(command: string, at: number, remedy = 'Quote it'): UsageError {
  const character = command[at] ?? '';
  const visible = character === '\n' || character === '\r' ? 'a line break' : `'${character}'`;
  return fault(
    command,
    `has ${visible} at position ${at + 1}, ${MEANINGS[character]} in a shell; there is no shell here`,
    `${remedy} to use it literally; if you need a shell, write a script and name that.`,
  );
}

function fault(command: string, fact: string, remedy?: string): UsageError {
  const shown = command.length > 60 ? `${command.slice(0, 57)}...` : command;
  return new UsageError(`the command ${JSON.stringify(shown)} ${fact}`, { code: 'command', remedy });
}
