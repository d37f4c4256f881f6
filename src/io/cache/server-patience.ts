import { farewell } from '../farewell.ts';

/** Milliseconds that a server may take to answer the first question. */
export const FIRST_ANSWER = 10_000;
/** Milliseconds that a server may take to answer any other question. */
export const ANSWER = 5000;
/** Milliseconds that a connection may take to close before it is not waited for. */
const CLOSING = 2000;

/** Waits for a connection to close, for so long as one that has gone away may be waited for. */
export function closed(closing: Promise<unknown>): Promise<void> {
  // What was never connected has nothing to say at its end that was not said before.
  return farewell(
    closing.catch(() => undefined),
    CLOSING,
  );
}
