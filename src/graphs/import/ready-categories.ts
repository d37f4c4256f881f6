import type { CategoryList } from './category-lists.ts';
import { featureFault } from './feature-fault.ts';
import type { ReadyStream } from './ready-stream.ts';

/**
 * A stream with a one for each category of an item, ordered by the names of the categories;
 * categories with too few items are left out.
 *
 * @param fitted items that are counted; undefined for all.
 * @throws UsageError `features` when no category has enough items.
 */
export function readyCategories(
  { name, file, categoriesOf }: CategoryList,
  itemIds: readonly string[],
  minimumItems: number,
  fitted: ReadonlySet<number> | undefined,
): ReadyStream {
  const counts = new Map<string, number>();
  for (const [item, id] of itemIds.entries()) {
    for (const category of categoriesOf.get(id) ?? []) {
      const counted = fitted === undefined || fitted.has(item) ? 1 : 0;
      counts.set(category, (counts.get(category) ?? 0) + counted);
    }
  }
  const all = [...counts].sort(([left], [right]) => (left < right ? -1 : 1));
  const kept = all.filter(([, count]) => count >= minimumItems).map(([category]) => category);
  const positions = new Map(kept.map((category, position) => [category, position]));
  if (kept.length === 0) {
    throw featureFault(
      file,
      counts.size === 0
        ? `has no categories of any of the ${itemIds.length} items`
        : `has no category of '${name}' with at least ${minimumItems} items`,
      counts.size === 0 ? 'Check that the files use the same kind of ids.' : 'Lower `minimumItems`.',
    );
  }
  return {
    ...{ name, kind: 'categorical', file, dimension: kept.length, rowsPerItem: 1 },
    dropped: all
      .filter(([, count]) => count < minimumItems)
      .map(([column, count]) => ({ column, why: `has ${count} item(s), fewer than ${minimumItems}` })),
    passedOver: [],
    missingValues: 0,
    described: { categories: kept },
    has: (item) => categoriesOf.has(itemIds[item] as string),
    read(item, into) {
      into.fill(0);
      for (const category of categoriesOf.get(itemIds[item] as string) ?? []) {
        const position = positions.get(category);
        if (position !== undefined) into[position] = 1;
      }
    },
  };
}
