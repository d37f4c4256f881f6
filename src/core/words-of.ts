import { getSystemErrorMap } from 'node:util';

/** Clearer words where those of the system are unclear. */
const CLEARER: Readonly<Record<string, string>> = {
  EISDIR: 'it is a directory',
  ENOTFOUND: 'there is no such host',
};

/**
 * Why something failed, for the end of a sentence: the words for an error of the operating system,
 * without its code, its call and the path, which the sentence names itself; otherwise the message.
 *
 * @example
 * readFile('a.csv').catch((error) => console.warn(wordsOf(error))); // no such file or directory
 */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, errno, syscall, message } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z0-9_]+$/.test(code)) return message;
  const isOfSystem = errno !== undefined || syscall !== undefined;
  // An error that came from another thread may have lost its number and its call.
  const [, text] = message.match(/^(?:\w+ )?E[A-Z0-9]+: ([^,]+)(?:, |$)/) ?? [];
  return (isOfSystem ? (CLEARER[code] ?? systemWords(code)) : undefined) ?? text ?? message;
}

/** The system's words for a code. By its name: runtimes number errors differently. */
function systemWords(code: string): string | undefined {
  for (const [name, words] of getSystemErrorMap().values()) if (name === code) return words;
  return undefined;
}

/**
 * The same, preceded by the path or address that an error of the operating system names. If a host
 * has several addresses, each has its own error, and the combined error has no text.
 */
export function factOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(factOf).join('; ');
  const words = wordsOf(error);
  const place = placeOf(error);
  return place === undefined || words.includes(place) ? words : `'${place}': ${words}`;
}

function placeOf(error: unknown): string | undefined {
  const { path, hostname, address, port } = (error ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof path === 'string') return path;
  if (typeof hostname === 'string') return hostname;
  if (typeof address !== 'string') return undefined;
  return typeof port === 'number' ? `${address}:${port}` : address;
}
