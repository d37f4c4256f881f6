import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { BatchFeed } from '../../autodiff/feeds.ts';
import type { History } from './histories.ts';

/**
 * Histories as rows of the rating matrix, float32 [histories, width]: `numberOf` each rating, and 0
 * where there is none.
 */
export function matrixRows(
  histories: readonly History[],
  width: number,
  buffers: FeedBuffers,
  numberOf: (rating: number) => number,
): BatchFeed {
  const data = buffers.reals(histories.length * width).fill(0);
  for (const [row, { others, values }] of histories.entries()) {
    for (let at = 0; at < others.length; at++) {
      data[row * width + (others[at] as number)] = numberOf(values[at] as number);
    }
  }
  return { data, shape: [histories.length, width] };
}
