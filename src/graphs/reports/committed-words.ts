import type { RunSummary } from '../run-summary.ts';

/** How many items a run committed, and which of them it did not decode, or not whole. */
export function committedWords({ committed, partial, cached, renamed }: RunSummary['videos']): string {
  const of = [
    ...(partial > 0 ? [`${partial} partial`] : []),
    ...(renamed > 0 ? [`${renamed} renamed`] : []),
    ...(cached > 0 ? [`${cached} from the cache`] : []),
  ];
  return `${committed} committed${of.length > 0 ? ` (${of.join(', ')})` : ''}`;
}
