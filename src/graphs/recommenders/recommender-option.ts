/** The kind of an option's value. */
export type OptionKind = 'integer' | 'number' | 'boolean' | 'text' | 'integers' | 'json';

/**
 * One option of a recommender: a key of `options` in `fitRecommender`, in `trainRecommender` and in
 * an experiment.
 */
export interface RecommenderOption {
  readonly key: string;
  /** Another name of the same option. */
  readonly alias?: string | undefined;
  readonly kind: OptionKind;
  /** The default, in words. */
  readonly default: string;
  readonly does: string;
}

/** Makes an option. */
export function option(
  key: string,
  kind: OptionKind,
  byDefault: string,
  does: string,
  alias?: string,
): RecommenderOption {
  return { key, kind, default: byDefault, does, alias };
}
