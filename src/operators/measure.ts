import { type Bytes, Payload } from './payload.ts';

const OBJECT_OVERHEAD: Bytes = 64;
const PRIMITIVE: Bytes = 8;

/**
 * The bytes an element keeps alive, as far as one look tells: `byteLength` where it has one (payloads, typed arrays,
 * buffers); two per character of a string; for an array the sum over its elements; for another object 64 plus those of
 * its own values that are payloads, typed arrays or strings. Give an operator a `cost` where this is not near the truth.
 */
export function bytesOf(value: unknown): Bytes {
  if (typeof value === 'string') return PRIMITIVE + 2 * value.length;
  if (typeof value !== 'object' || value === null) return PRIMITIVE;
  const length = (value as { byteLength?: unknown }).byteLength;
  if (typeof length === 'number') return length;
  if (Array.isArray(value)) return value.reduce((sum: Bytes, element) => sum + bytesOf(element), 0);
  let sum = OBJECT_OVERHEAD;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (typeof member === 'string') sum += 2 * member.length;
    else if (typeof member === 'object' && member !== null) {
      const bytes = (member as { byteLength?: unknown }).byteLength;
      if (typeof bytes === 'number') sum += bytes;
    }
  }
  return sum;
}

/** The payloads inside an array (of any depth) or among the own values of a plain object; undefined when there are none. */
export function payloadsIn(value: object, found?: Payload[]): Payload[] | undefined {
  let list = found;
  if (ArrayBuffer.isView(value)) return list;
  const members = Array.isArray(value) ? value : Object.values(value);
  for (const member of members) {
    if (member instanceof Payload) {
      list ??= [];
      list.push(member);
    } else if (Array.isArray(member)) list = payloadsIn(member, list);
  }
  return list;
}
