import type { UsageError } from '../../../core/errors.ts';
import type { Privacy } from '../../privacy/privacy-options.ts';
import { noPrivacy } from '../private-batches.ts';
import type { HistorySide } from './histories.ts';
import type { HistoryDefinition } from './history-network.ts';

/** @throws UsageError `no-privacy` if a unit cannot be separated from the others. */
export function checkPrivateHistories(
  { name, readsCounts }: HistoryDefinition<never>,
  side: HistorySide,
  { unit }: Privacy,
): void {
  if (side === 'items') {
    throw noPrivacy(name, "a user's ratings are spread over the rows of many items", "Give `side: 'user'`.");
  }
  if (readsCounts === true) {
    throw noPrivacy(name, 'it reads how often items were rated, without noise', 'Choose another recommender.');
  }
  if (unit === 'rating') {
    throw noPrivacy(name, 'it learns all ratings of a user at once', "Leave out `unit: 'rating'`.");
  }
}

/** The error for content, whose reduction depends on which items are rated. */
export function noContent(name: string): UsageError {
  return noPrivacy(name, 'the reduction of features depends on which items are rated', 'Leave out `content`.');
}
