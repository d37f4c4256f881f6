import { UsageError } from './errors.ts';
import { sha256 } from './hash.ts';

/**
 * JSON with sorted keys and no spaces: equal values have equal text.
 *
 * @throws UsageError for anything that JSON cannot represent: functions, NaN, infinities.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
  }
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new UsageError(`parameters must be JSON, but contain ${String(value)}`);
  }
  return text;
}

/** SHA-256 of the canonical JSON of a value, 64 hexadecimal digits. */
export function contentHash(value: unknown): string {
  return sha256(canonicalJson(value));
}
