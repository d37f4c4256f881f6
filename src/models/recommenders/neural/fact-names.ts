/**
 * Names of the facts about its training data that a residual network has beside its weights; no
 * step changes them.
 */
export const factNames = {
  /** Expected rating of each user, whatever the item: [users, 1]. */
  base: 'facts/users',
  /** Value that each column is raised to at least: [dimension]. */
  minimum: (modality: string) => `facts/${modality}/minimum`,
  /** Value that each column is lowered to at most: [dimension]. */
  maximum: (modality: string) => `facts/${modality}/maximum`,
  /** Mean of each column: [dimension]. */
  mean: (modality: string) => `facts/${modality}/mean`,
  /**
   * Components that the columns are reduced to, divided by their deviations: [dimension,
   * components].
   */
  projection: (modality: string) => `facts/${modality}/projection`,
} as const;
