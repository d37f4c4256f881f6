import { UsageError } from '../../core/errors.ts';

/** A parameter of an endpoint. */
export interface Parameter {
  readonly type: 'string' | 'integer' | 'boolean' | 'number';
  readonly does: string;
}

/** What an endpoint takes. */
export interface Takes {
  readonly name: string;
  readonly takes: Readonly<Record<string, Parameter>>;
  /** Required parameters. */
  readonly must: readonly string[];
  /** Whether ratings may come in the body, instead of the required parameters. */
  readonly takesRatings?: true | undefined;
}

/** A request to an endpoint: its parameters, parsed and checked. */
export class Question {
  readonly #parameters: URLSearchParams;
  /** Ratings of a new user, if there are any in the body. */
  readonly ratings: ReadonlyMap<string, number> | undefined;

  /**
   * @param body undefined if there is none.
   * @throws UsageError for a parameter that the endpoint does not take, a missing one, or a body
   * that it does not take.
   */
  constructor({ name, takes, must, takesRatings }: Takes, parameters: URLSearchParams, body: unknown) {
    for (const given of parameters.keys()) {
      if (Object.hasOwn(takes, given)) continue;
      const names = Object.keys(takes);
      throw new UsageError(
        `${name} has no parameter '${given}'; it takes ${names.length === 0 ? 'none' : names.join(', ')}`,
      );
    }
    if (body !== undefined && takesRatings !== true)
      throw new UsageError(`${name} takes no body`, { code: 'bad-body' });
    const missing = body === undefined ? must.find((each) => (parameters.get(each) ?? '') === '') : undefined;
    if (missing !== undefined) throw new UsageError(`${name} needs \`${missing}\``, { option: missing });
    this.#parameters = parameters;
    this.ratings = body === undefined ? undefined : ratingsOf(body);
  }

  /** The value of a required parameter. */
  required(name: string): string {
    return this.text(name) ?? '';
  }

  text(name: string): string | undefined {
    return this.#parameters.get(name) ?? undefined;
  }

  /** @throws UsageError when it is not true or false. */
  truth(name: string): boolean {
    const text = this.text(name) ?? 'false';
    if (text === 'true' || text === 'false') return text === 'true';
    throw new UsageError(`\`${name}\` must be true or false, but is '${text}'`, { option: name });
  }

  /** @throws UsageError when it is not a number. */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value)) return value;
    throw new UsageError(`\`${name}\` must be a number, but is '${text}'`, { option: name });
  }

  /** @throws UsageError when it is not a whole number. */
  whole(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new UsageError(`\`${name}\` must be a whole number, but is '${text}'`, { option: name });
  }

  /** @throws UsageError when it is not a whole number from 1 to the most. */
  count(name: string, most: number): number | undefined {
    const count = this.whole(name);
    if (count === undefined || (count >= 1 && count <= most)) return count;
    throw new UsageError(`\`${name}\` must be from 1 to ${most}, but is ${count}`, { option: name });
  }
}

function ratingsOf(body: unknown): Map<string, number> {
  const ratings = (body as { ratings?: unknown } | null)?.ratings;
  const entries = typeof ratings === 'object' && ratings !== null ? Object.entries(ratings) : [];
  if (entries.length > 0 && entries.every(([, value]) => typeof value === 'number' && Number.isFinite(value))) {
    return new Map(entries as [string, number][]);
  }
  throw new UsageError('the body must be { "ratings": { "ID": 4.5 } }, with at least one rating', { code: 'bad-body' });
}
