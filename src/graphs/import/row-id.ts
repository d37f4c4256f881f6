import { quoted } from '../../io/ratings/bad-lines.ts';
import { plainId } from '../../io/ratings/identifiers.ts';
import { type FeaturePlace, rowFault } from './feature-fault.ts';

/**
 * The id in a row.
 *
 * @param chosen whether the user or the column's name says that these are ids: if not, they must
 * not be numbers such as 0.44.
 * @throws UsageError `features` when it is empty or not an id.
 */
export function itemIdOf(value: unknown, place: FeaturePlace, chosen: boolean): string {
  const text = value === null || value === undefined || Number.isNaN(value) ? '' : String(value);
  const id = plainId(text);
  if (id === '') throw rowFault(place, 'the item id is empty');
  if (!chosen && /^[+-]?\d*\.\d/.test(id)) {
    throw rowFault(
      place,
      `the first column should have the items' ids, but has ${quoted(id)}`,
      'Name the column of the ids (`id`), or give a file with one id for each row (`ids`).',
    );
  }
  return id;
}
