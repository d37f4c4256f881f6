import { shown } from '../../core/check.ts';
import { ModelError, UsageError } from '../../core/errors.ts';

/** What is known about a weight file in the weights store. */
export interface StoredWeights {
  /** Name under which it is stored: a network's, or `vggish-pca`. */
  readonly name: string;
  /** Absolute path of the weight file. */
  readonly path: string;
  /** SHA-256 of the file as 64 lower-case hexadecimal digits, taken when it was added. */
  readonly sha256: string;
  readonly bytes: number;
  /** Where it came from: an address, or the name of the imported file. */
  readonly origin: string;
  readonly licence?: string | undefined;
  /** When it was added, as ISO 8601 time. */
  readonly added: string;
}

/** A record as written: the weight file is given by its name inside the record's own folder. */
export type WeightsRecord = Omit<StoredWeights, 'path'> & { readonly file: string };

/** Name of the record inside a folder of weights. */
export const recordName = 'record.json';

/** A file larger than this is not a record. */
export const recordLimit = 64 * 1024;

const namePattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const filePattern = /^[0-9a-f]{16}-[0-9a-f]{12}\.[a-z]{2,11}$/;

/**
 * Whether a text can be the name of stored weights. It is also the name of a folder, so it must not
 * lead elsewhere.
 */
export function isWeightsName(name: string): boolean {
  return namePattern.test(name);
}

/** @throws UsageError when a text cannot be the name of stored weights. */
export function checkWeightsName(name: unknown): string {
  if (typeof name === 'string' && isWeightsName(name)) return name;
  throw new UsageError(
    `\`name\` of stored weights must be 1 to 64 lower-case letters, digits, '-' and '_', but is ${shown(name)}`,
  );
}

/**
 * Checks the text of a record.
 *
 * @param path - path of the record, for messages.
 * @throws ModelError `weights` when it is not a record of `name`.
 */
export function parseRecord(text: string, name: string, path: string): WeightsRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damagedWeights(name, `its record ${path} is not JSON`, error);
  }
  if (typeof value !== 'object' || value === null) throw damagedWeights(name, `its record ${path} is not an object`);
  const fields = value as Record<string, unknown>;
  const text64 = (field: string, pattern: RegExp): string => {
    const found = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (typeof found !== 'string' || !pattern.test(found)) {
      throw damagedWeights(name, `\`${field}\` of its record ${path} is ${shown(found)}`);
    }
    return found;
  };
  const bytes = Object.hasOwn(fields, 'bytes') ? fields.bytes : undefined;
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw damagedWeights(name, `\`bytes\` of its record ${path} is ${shown(bytes)}`);
  }
  if (text64('name', namePattern) !== name) {
    throw damagedWeights(name, `its record ${path} is that of ${shown(fields.name)}`);
  }
  return {
    name,
    file: text64('file', filePattern),
    sha256: text64('sha256', /^[0-9a-f]{64}$/),
    bytes,
    origin: text64('origin', /^[^\n]{1,4096}$/),
    licence: Object.hasOwn(fields, 'licence') ? text64('licence', /^[^\n]{1,4096}$/) : undefined,
    added: text64('added', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  };
}

/** The error for stored weights that cannot be used. */
export function damagedWeights(name: string, why: string, cause?: unknown): ModelError {
  return new ModelError('weights', `the stored weights of '${name}' are damaged: ${why}`, {
    remedy: `Get them again: \`pullWeights({ name: '${name}', replace: true })\`, or \`importWeights({ name: '${name}', file: 'FILE', replace: true })\`.`,
    cause,
  });
}
