import { checkPositive } from '../core/check.ts';
import type { KnownOptions } from '../core/known-options.ts';

/** Which items are computed and kept. Changes no values. */
export interface ItemPolicy {
  /** Items longer than this many seconds are skipped. Default: no limit. */
  readonly maxDuration?: number | undefined;
  /**
   * Commits what could be decoded of a damaged file, marked as partial. Default false: the item
   * becomes a dead letter.
   */
  readonly allowPartial?: boolean | undefined;
}

/** The options of a policy, for the known options of everything that takes one. */
export const itemPolicyOptions: KnownOptions<ItemPolicy> = { maxDuration: true, allowPartial: true };

/**
 * Reads and checks the policy among some options.
 *
 * @param prefix - put before the names of the options in messages.
 * @throws UsageError for an invalid value.
 */
export function itemPolicy({ maxDuration, allowPartial = false }: ItemPolicy, prefix = ''): CheckedPolicy {
  if (maxDuration !== undefined) checkPositive(`${prefix}maxDuration`, maxDuration);
  return { maxDuration, allowPartial };
}

/** A policy with its defaults filled in. */
export interface CheckedPolicy extends ItemPolicy {
  readonly allowPartial: boolean;
}

/**
 * Why a policy skips an item of this length; undefined if it does not. Every place where a length
 * becomes known uses this rule.
 */
export function skipReason(seconds: number, { maxDuration }: ItemPolicy): string | undefined {
  if (maxDuration === undefined || seconds <= maxDuration) return undefined;
  return `lasts ${seconds.toFixed(1)} s, longer than \`maxDuration: ${maxDuration}\``;
}
