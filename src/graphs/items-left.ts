import type { Video } from '../io/media/video.ts';
import { unitKey } from './graph.ts';
import type { RunOutput } from './output.ts';

/**
 * How many items an interrupted run leaves: those that it did not finish and no earlier run
 * committed.
 */
export async function itemsLeft(
  corpus: readonly Video[],
  finished: ReadonlySet<string>,
  { store, knownFingerprint }: Pick<RunOutput, 'store' | 'knownFingerprint'>,
  graphId: string,
): Promise<number> {
  let left = 0;
  for (const { id, content } of corpus) {
    if (finished.has(id)) continue;
    const fingerprint = knownFingerprint?.(content);
    const isCommitted = fingerprint !== undefined && (await store.has(unitKey(graphId, id, fingerprint)));
    if (!isCommitted) left += 1;
  }
  return left;
}
