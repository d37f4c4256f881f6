import { rankingOf } from '../recommenders/ranking.ts';
import type { SavedRecommender } from '../recommenders/saved-recommender.ts';
import type { OpenServed } from './open-served.ts';

/** The items of a recommender, by the ids of their features. */
const byFeatures = new WeakMap<SavedRecommender, ReadonlyMap<string, number>>();

/** The recommender's number for an item, given its id or that of its features. */
export function catalogueNumber({ recommender }: OpenServed, id: string): number | undefined {
  if (recommender === undefined) return undefined;
  const { saved } = recommender;
  let numbers = byFeatures.get(saved);
  if (numbers === undefined) {
    const own = saved.catalogue.map((item, number) => [item.id, number] as const);
    const ofFeatures = saved.featureIds.flatMap((feature, number) =>
      feature === null ? [] : [[feature, number] as const],
    );
    numbers = new Map([...own, ...ofFeatures]);
    byFeatures.set(saved, numbers);
  }
  return numbers.get(id);
}

/** The title of an item, if the recommender has one. */
export function titleOf(served: OpenServed, id: string): string | undefined {
  const number = catalogueNumber(served, id);
  return number === undefined ? undefined : served.recommender?.saved.catalogue[number]?.title;
}

/**
 * The id under which the features have an item of the recommender; the item's own id if they have
 * none.
 */
export function featureIdOf({ recommender }: OpenServed, id: string): string {
  const number = recommender && rankingOf(recommender.saved).numberOf(id);
  return (number === undefined ? undefined : recommender?.saved.featureIds[number]) ?? id;
}
