import type { UsageError } from '../../../core/errors.ts';
import type { Privacy } from '../../privacy/privacy-options.ts';
import { noPrivacy } from '../private-batches.ts';
import type { HistorySide } from './histories.ts';
import type { HistoryDefinition } from './history-network.ts';

/** @throws UsageError `no-privacy` where a unit cannot be told from the others. */
export function checkPrivateHistories(
  { name, readsCounts }: HistoryDefinition<never>,
  side: HistorySide,
  { unit }: Privacy,
): void {
  if (side === 'items') {
    throw noPrivacy(name, 'a user is a part of the rows of many items', "Give `side: 'user'`.");
  }
  if (readsCounts === true) {
    throw noPrivacy(name, 'it reads how often items were rated, without noise', 'Take another recommender.');
  }
  if (unit === 'rating') {
    throw noPrivacy(name, 'it learns all ratings of a user at once', "Leave out `unit: 'rating'`.");
  }
}

/** The refusal of content, whose reduction knows which items are rated. */
export function noContent(name: string): UsageError {
  return noPrivacy(name, 'features are reduced by those of the items that are rated', 'Leave out `content`.');
}
