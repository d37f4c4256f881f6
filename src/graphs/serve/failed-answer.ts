/**
 * The answer to a client when an error is not the client's fault: only that there was one. The
 * cause, which may name paths of this machine, goes to stderr.
 */
export function failedAnswer(error: unknown): string {
  process.emitWarning(error instanceof Error ? error : String(error));
  return 'the answer failed';
}
