/** Names of the graph's inputs. */
export const inputNames = {
  /** User index of each rating, int32 [batch]. */
  users: 'users',
  /** Item index of each rating, int32 [batch]. */
  items: 'items',
  /** The ratings, float32 [batch, 1]. */
  ratings: 'ratings',
  /** Index of each rating's item among the batch's unique items, int32 [batch]. */
  itemPlaces: 'item-places',
  /** Features of the unique items, float32 [unique, steps, dimension]. */
  features: (modality: string) => `features/${modality}`,
  /** 1 for the unique items that have the modality, 0 for the others, float32 [unique, 1, 1]. */
  present: (modality: string) => `present/${modality}`,
  /** Weight of each rating in the loss, float32 [batch, 1]. */
  weights: 'weights',
  /** 1 for each rating of an item with training ratings, else 0, float32 [batch, 1]. */
  known: 'known',
} as const;
