import { SystemError } from '../../core/errors.ts';

/** Milliseconds that a server may take to answer the first question. */
export const FIRST_ANSWER = 10_000;
/** Milliseconds that a server may take to answer any other question. */
export const ANSWER = 5000;
/** Milliseconds that a connection may take to close before it is not waited for. */
const FAREWELL = 2000;

/** Waits for a connection to close, for so long as one that has gone away may be waited for. */
export async function farewell(closing: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FAREWELL);
  });
  // What was never connected has nothing to say at its end that was not said before.
  const ended = Promise.resolve(closing).catch(() => undefined);
  await Promise.race([ended, enough]);
  clearTimeout(timer);
}

/** The package that reaches the file or server at `uri` cannot be loaded. */
export function needsPackage(uri: string, name: string, cause: unknown): SystemError {
  const scheme = uri.slice(0, uri.indexOf('://'));
  return new SystemError('cache', `a cache at ${scheme}:// needs ${name}, which cannot be loaded`, {
    remedy: `Install it: \`npm install ${name}\`.`,
    cause,
  });
}
