/**
 * Names of the facts about its training data that a residual network stores along with its weights;
 * no step changes them.
 */
export const factNames = {
  /** Expected rating by each user, whatever the item: [users, 1]. */
  base: 'facts/users',
  /** Minimum to which each column is clipped: [dimension]. */
  minimum: (modality: string) => `facts/${modality}/minimum`,
  /** Maximum to which each column is clipped: [dimension]. */
  maximum: (modality: string) => `facts/${modality}/maximum`,
  /** Mean of each column: [dimension]. */
  mean: (modality: string) => `facts/${modality}/mean`,
  /**
   * Components that the columns are reduced to, divided by their standard deviations: [dimension,
   * components].
   */
  projection: (modality: string) => `facts/${modality}/projection`,
} as const;
