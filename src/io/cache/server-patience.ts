import { farewell } from '../farewell.ts';

/** Milliseconds that a server may take to answer the first query. */
export const FIRST_ANSWER = 10_000;
/** Milliseconds that a server may take to answer any later query. */
export const ANSWER = 5000;
/** Milliseconds to wait for a connection to close. */
const CLOSING = 2000;

/** Waits for a connection to close, but only for a limited time, since the server may be gone. */
export function closed(closing: Promise<unknown>): Promise<void> {
  // If it was never connected, its last error has already been reported.
  return farewell(
    closing.catch(() => undefined),
    CLOSING,
  );
}
