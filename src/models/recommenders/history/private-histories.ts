import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Feeds } from '../../autodiff/feeds.ts';
import type { Privacy } from '../../privacy/privacy-options.ts';
import type { StepDraws } from '../defined-training.ts';
import { noPrivacy, type PrivateUnits } from '../private-batches.ts';
import type { HistorySide } from './histories.ts';
import type { HistoryDefinition } from './history-network.ts';

/** Histories as the units of a private training. */
export interface PrivateHistories extends PrivateUnits {
  feedsOf(history: number, draws: StepDraws, buffers: FeedBuffers): Feeds;
}

const otherOne = 'Take another recommender.';

/** @throws UsageError `no-privacy` if a unit cannot be separated from the others. */
export function checkPrivateHistories(
  { name, readsCounts, itemVectors }: HistoryDefinition<never>,
  side: HistorySide,
  { unit }: Privacy,
): void {
  if (side === 'items') {
    throw noPrivacy(name, "a user's ratings are spread over the rows of many items", "Give `side: 'user'`.");
  }
  if (readsCounts === true) {
    throw noPrivacy(name, 'it reads how often items were rated, without noise', otherOne);
  }
  if (itemVectors !== undefined) {
    throw noPrivacy(name, 'it learns the vectors of the items from the ratings, without noise', otherOne);
  }
  if (unit === 'rating') {
    throw noPrivacy(name, 'it learns all ratings of a user at once', "Leave out `unit: 'rating'`.");
  }
}
