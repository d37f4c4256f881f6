import { sha256 } from '../../core/hash.ts';

/**
 * The id of a video in logs and spans, the same in every run and on every machine: 16 hexadecimal
 * digits of the SHA-256 of its item id.
 *
 * @example
 * itemTraceId('heat');
 */
export function itemTraceId(itemId: string): string {
  return sha256(itemId).slice(0, 16);
}
