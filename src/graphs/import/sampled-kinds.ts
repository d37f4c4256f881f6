import { type FieldKind, kindOf } from './feature-values.ts';

/**
 * What a column holds, judging by some of its values: text if any value is text, else lists, else
 * numbers.
 */
export function sampledKind(values: Iterable<unknown>): FieldKind {
  const kinds = new Set<FieldKind>();
  for (const value of values) kinds.add(kindOf(value));
  return (['text', 'list', 'number'] as const).find((kind) => kinds.has(kind)) ?? 'missing';
}
