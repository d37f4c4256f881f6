import { UsageError } from '../core/errors.ts';
import { isHiddenAddress } from '../io/far/far-address.ts';
import type { Video } from '../io/media/video.ts';
import type { Plan } from './plan.ts';

/** @throws UsageError for an address that workers cannot read from the dataset. */
export function checkNoneHidden(corpus: readonly Video[]): void {
  const hidden = corpus.find(({ path }) => isHiddenAddress(path));
  if (hidden === undefined) return;
  throw new UsageError(
    `workers of a queue cannot read '${hidden.path}': the dataset does not keep queries of addresses`,
    {
      option: 'runner',
      remedy: 'Give addresses of `s3://`, or without a query, or run it here: leave `runner` out.',
    },
  );
}

/**
 * How many items a run computes at a time, and how it keeps their content at hand. Of remote items
 * it also fetches ahead as many as it computes at a time.
 */
export function holding(corpus: readonly Video[], { memory: { concurrency } }: Plan) {
  return { concurrency, hold: holdOf, ahead: corpus.some((video) => video.isFar) ? concurrency : 0 };
}

/** Keeps the copy of a remote item at hand; for a local file there is nothing to do. */
export async function holdOf(video: Video, signal: AbortSignal): Promise<(() => Promise<void>) | undefined> {
  return video.isFar ? (await video.hold({ signal })).release : undefined;
}
