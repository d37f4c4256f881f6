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
 * @throws UsageError when one is neither; `no-privacy` when a part should be trained privately.
 */
export function partsOf(values: readonly Json[]): RecommenderPart[] {
  return values.map((value) => {
    if (typeof value === 'string') return { name: value, options: {} };
    const { recommender, options = {} } = (value ?? {}) as Record<string, Json>;
    if (typeof recommender === 'string' && typeof options === 'object' && options !== null && !Array.isArray(options)) {
      if ('dp' in options) throw noPrivatePart(recommender);
      return { name: recommender, options: options as RecommenderPart['options'] };
    }
    throw new UsageError(
      `a part must be the name of a recommender, or {"recommender": NAME, "options": {...}}, but is ${shown(value)}`,
    );
  });
}

/**
 * A whole whose other parts, weights and counts come from the ratings without noise guarantees
 * nothing.
 */
function noPrivatePart(name: string): UsageError {
  return new UsageError(
    `${name} cannot be trained privately as a part of another recommender, which reads the same ratings without noise`,
    { code: 'no-privacy', option: 'dp', remedy: `Train ${name} by itself, or leave out \`dp\`.` },
  );
}
