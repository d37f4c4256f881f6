import { UsageError } from '../../core/errors.ts';

/** Where something stands in a feature file. */
export interface FeaturePlace {
  readonly file: string;
  /**
   * `line` of a text, counted from 1, the header included; `row` of a table or array, counted
   * from 1.
   */
  readonly unit: 'line' | 'row';
  readonly number: number;
}

/** A feature file is unreadable, of another kind, or lacks something as a whole. */
export function featureFault(file: string, fact: string, remedy?: string, cause?: unknown): UsageError {
  return new UsageError(`${file} ${fact}`, { code: 'features', remedy, cause });
}

/** A line or row of a feature file is wrong. */
export function rowFault(place: FeaturePlace, fact: string, remedy?: string): UsageError {
  return new UsageError(`${placeText(place)}: ${fact}`, {
    code: 'features',
    remedy: remedy ?? `Correct the ${place.unit}, or leave it out.`,
  });
}

/** A place in a message: `avf.csv, line 7`. */
export function placeText({ file, unit, number }: FeaturePlace): string {
  return `${file}, ${unit} ${number}`;
}

/** Names in a message, the first twelve of them. */
export function listed(names: readonly string[], quote: (name: string) => string): string {
  const shown = names.slice(0, 12).map(quote);
  return names.length > shown.length ? `${shown.join(', ')}, ...` : shown.join(', ') || 'none';
}
