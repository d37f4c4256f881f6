import { type DeadLetter, mayBeAnswered } from '../io/dataset/dead-letter.ts';
import type { VideoGraph } from './dataflow/dataflow.ts';

/**
 * Whether this run may retry a dead letter: see `mayBeAnswered`. Also failures of the user's own
 * functions, and damage that is now allowed.
 */
export function isWorthAnother(letter: DeadLetter, { policy, trace }: VideoGraph): boolean {
  if (mayBeAnswered(letter)) return true;
  if (trace.hasFunctions && (letter.code === 'internal' || letter.code === 'usage')) return true;
  return policy.allowPartial && letter.stage === 'decode' && (letter.code === 'truncated' || letter.code === 'corrupt');
}
