import { sha256 } from '../../core/hash.ts';

/**
 * The id of a video in logs and spans, in every run and on every machine: 16 hexadecimal
 * digits of its item id's SHA-256.
 *
 * @example
 * itemTraceId('heat');
 */
export function itemTraceId(itemId: string): string {
  return sha256(itemId).slice(0, 16);
}
