import type { Video } from '../io/media/video.ts';
import { unitKey } from './graph.ts';
import type { RunOutput } from './output.ts';

/** How many items an interrupted run leaves: neither finished by it, nor committed by an earlier one. */
export function itemsLeft(
  corpus: readonly Video[],
  finished: ReadonlySet<string>,
  { store, knownFingerprint }: Pick<RunOutput, 'store' | 'knownFingerprint'>,
  graphId: string,
): number {
  const isCommitted = ({ id, path }: Video): boolean => {
    const fingerprint = knownFingerprint?.(path);
    return fingerprint !== undefined && store.facts(unitKey(graphId, id, fingerprint)) !== undefined;
  };
  return corpus.filter((video) => !finished.has(video.id) && !isCommitted(video)).length;
}
