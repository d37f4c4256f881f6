import { UsageError } from '../../core/errors.ts';

/** A place in a feature file. */
export interface FeaturePlace {
  readonly file: string;
  /**
   * `line` of a text, counted from 1 including the header; `row` of a table or array, counted from
   * 1.
   */
  readonly unit: 'line' | 'row';
  readonly number: number;
}

/**
 * The error for a feature file that is unreadable, of the wrong kind, or lacks something as a
 * whole.
 */
export function featureFault(file: string, fact: string, remedy?: string, cause?: unknown): UsageError {
  return new UsageError(`${file} ${fact}`, { code: 'features', remedy, cause });
}

/** The error for a wrong line or row of a feature file. */
export function rowFault(place: FeaturePlace, fact: string, remedy?: string): UsageError {
  return new UsageError(`${placeText(place)}: ${fact}`, {
    code: 'features',
    remedy: remedy ?? `Correct the ${place.unit}, or leave it out.`,
  });
}

/** A place, as written in messages: `avf.csv, line 7`. */
export function placeText({ file, unit, number }: FeaturePlace): string {
  return `${file}, ${unit} ${number}`;
}

/** The first twelve names, as written in messages. */
export function listed(names: readonly string[], quote: (name: string) => string): string {
  const shown = names.slice(0, 12).map(quote);
  return names.length > shown.length ? `${shown.join(', ')}, ...` : shown.join(', ') || 'none';
}
