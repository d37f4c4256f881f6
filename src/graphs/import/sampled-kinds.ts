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

/**
 * The first of the values that is text, if most of the others are numbers: an error in a column of
 * numbers, or numbers in one of text.
 */
export function oddOneOut(values: Iterable<unknown>): unknown {
  let [numbers, texts, odd]: [number, number, unknown] = [0, 0, undefined];
  for (const value of values) {
    const kind = kindOf(value);
    if (kind === 'number' || kind === 'list') numbers += 1;
    else if (kind === 'text') {
      if (texts === 0) odd = value;
      texts += 1;
    }
  }
  return numbers > texts ? odd : undefined;
}
