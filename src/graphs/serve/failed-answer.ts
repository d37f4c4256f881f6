/**
 * What a client is told of a fault that is not its own: that there was one. The cause, which may
 * name paths of this machine, goes to stderr.
 */
export function failedAnswer(error: unknown): string {
  process.emitWarning(error instanceof Error ? error : String(error));
  return 'the answer failed';
}
