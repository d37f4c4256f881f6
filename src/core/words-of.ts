import { getSystemErrorMap } from 'node:util';

/** What the system's words leave unclear. */
const CLEARER: Readonly<Record<string, string>> = { EISDIR: 'it is a directory' };

/**
 * Why something failed, for the end of a sentence: the words for an error of the operating system,
 * without its code, its call and the path, which the sentence names itself; otherwise the message.
 *
 * @example
 * readFile('a.csv').catch((error) => console.warn(wordsOf(error))); // no such file or directory
 */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, errno, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return message;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  // An error that came from another thread may have lost its number.
  const [, text] = message.match(/^E[A-Z0-9]+: ([^,]+)(?:, |$)/) ?? [];
  return CLEARER[code] ?? known?.[1] ?? text ?? message;
}

/** The same, beginning with the path that an error of the operating system names. */
export function factOf(error: unknown): string {
  const { path } = (error ?? {}) as NodeJS.ErrnoException;
  const words = wordsOf(error);
  return typeof path !== 'string' || words.includes(path) ? words : `'${path}': ${words}`;
}
