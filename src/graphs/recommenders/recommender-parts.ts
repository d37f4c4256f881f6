import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { Json } from '../graph.ts';

/** A recommender that is part of another one. */
export interface RecommenderPart {
  readonly name: string;
  readonly options: Readonly<Record<string, Json>>;
}

/**
 * Reads parts in the form that options have: a name, or `{"recommender": NAME, "options": {...}}`.
 *
 * @throws UsageError when one is neither.
 */
export function partsOf(values: readonly Json[]): RecommenderPart[] {
  return values.map((value) => {
    if (typeof value === 'string') return { name: value, options: {} };
    const { recommender, options = {} } = (value ?? {}) as Record<string, Json>;
    if (typeof recommender === 'string' && typeof options === 'object' && options !== null && !Array.isArray(options)) {
      return { name: recommender, options: options as RecommenderPart['options'] };
    }
    throw new UsageError(
      `a part must be the name of a recommender, or {"recommender": NAME, "options": {...}}, but is ${shown(value)}`,
    );
  });
}
