import { type FieldKind, kindOf } from './feature-values.ts';

/** What a column holds, by some of its values: text where one is that, else lists, else numbers. */
export function sampledKind(values: Iterable<unknown>): FieldKind {
  const kinds = new Set<FieldKind>();
  for (const value of values) kinds.add(kindOf(value));
  return (['text', 'list', 'number'] as const).find((kind) => kinds.has(kind)) ?? 'missing';
}
