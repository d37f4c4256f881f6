import { shown } from '../../core/check.ts';
import { ModelError } from '../../core/errors.ts';

/**
 * One object of a network card, read field by field; each complaint names the file, the field, what
 * was expected and what was given.
 */
export class CardFields {
  readonly #values: Readonly<Record<string, unknown>>;

  /**
   * @param path - of this object inside the card: '' or 'input'.
   * @param known - all fields that may be there; anything else is refused, so that a misspelt field
   * is not silently ignored.
   */
  constructor(
    readonly origin: string,
    readonly path: string,
    value: unknown,
    known: readonly string[] | undefined,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const what = path === '' ? 'the card' : `\`${path}\``;
      throw new ModelError('card', `network card ${origin}: ${what} must be an object, but is ${shown(value)}`);
    }
    this.#values = value as Record<string, unknown>;
    for (const name of Object.keys(value)) {
      if (known && !known.includes(name)) {
        throw new ModelError(
          'card',
          `network card ${origin}: \`${this.#full(name)}\` is not a field of a card; the fields are ${known.join(', ')}`,
        );
      }
    }
  }

  /** A nested object. */
  inside(name: string, known: readonly string[] | undefined): CardFields {
    return new CardFields(this.origin, this.#full(name), this.#own(name), known);
  }

  /** Reads a field if it is there. */
  optional<T>(name: string, read: () => T): T | undefined {
    return this.#own(name) === undefined ? undefined : read();
  }

  text(name: string): string {
    const value = this.#own(name);
    if (typeof value !== 'string' || value.length === 0 || value.length > 1000)
      this.#fail(name, 'a non-empty string', value);
    return value as string;
  }

  pattern(name: string, pattern: RegExp, expected: string): string {
    const value = this.#own(name);
    if (typeof value !== 'string' || !pattern.test(value)) this.#fail(name, expected, value);
    return value as string;
  }

  oneOf<T extends string>(name: string, words: readonly T[], more = ''): T {
    const value = this.#own(name);
    if (!words.includes(value as T)) {
      const list = words.map((word) => `'${word}'`).join(', ');
      this.#fail(name, `${words.length === 1 ? '' : 'one of '}${list}${more}`, value);
    }
    return value as T;
  }

  integer(name: string, least: number, most: number): number {
    const value = this.#own(name);
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
      this.#fail(name, least === most ? String(least) : `an integer from ${least} to ${most}`, value);
    }
    return value as number;
  }

  boolean(name: string): boolean {
    const value = this.#own(name);
    if (typeof value !== 'boolean') this.#fail(name, 'true or false', value);
    return value as boolean;
  }

  nonZero(name: string): number {
    const value = this.#own(name);
    if (typeof value !== 'number' || !Number.isFinite(value) || value === 0)
      this.#fail(name, 'a number other than 0', value);
    return value as number;
  }

  triple(name: string, positive: boolean): readonly [number, number, number] {
    const value = this.#own(name);
    const isNumber = (item: unknown) => typeof item === 'number' && Number.isFinite(item) && (!positive || item > 0);
    if (!Array.isArray(value) || value.length !== 3 || !value.every(isNumber)) {
      this.#fail(name, `three numbers${positive ? ' above 0' : ''}, one per channel`, value);
    }
    return value as [number, number, number];
  }

  /** @throws ModelError `card` if the field is present. */
  refuse(name: string, why: string): void {
    if (this.#own(name) !== undefined)
      throw new ModelError('card', `network card ${this.origin}: \`${this.#full(name)}\` ${why}`);
  }

  #own(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  #full(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  #fail(name: string, expected: string, value: unknown): never {
    const came =
      value === undefined
        ? 'is missing'
        : `is ${Array.isArray(value) ? JSON.stringify(value).slice(0, 80) : shown(value)}`;
    throw new ModelError(
      'card',
      `network card ${this.origin}: \`${this.#full(name)}\` must be ${expected}, but ${came}`,
    );
  }
}
