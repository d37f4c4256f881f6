import { MediaError, ReelflowError } from './errors.ts';

/**
 * An error reworded for a caller that knows something by a different name from the one used while
 * processing it.
 *
 * @example
 * try {
 *   await probe('/tmp/reelflow-inputs~1/3.mp4');
 * } catch (error) {
 *   throw renamedError(error, '/tmp/reelflow-inputs~1/3.mp4', 'https://films.example.org/heat.mp4');
 * }
 */
export function renamedError(error: unknown, from: string, to: string): unknown {
  if (!(error instanceof ReelflowError)) return error;
  const named = (text: string) => text.replaceAll(from, to);
  const remedy = error.remedy === undefined ? undefined : named(error.remedy);
  const lines = error instanceof MediaError ? { decoderLines: error.decoderLines.map(named) } : {};
  return Object.assign(error, { message: named(error.message), remedy, ...lines });
}
