import { checkPositive } from '../core/check.ts';
import type { KnownOptions } from '../core/known-options.ts';

/** Which items are computed and kept; changes no values. */
export interface ItemPolicy {
  /** Items longer than this many seconds are skipped. Default: none. */
  readonly maxDuration?: number | undefined;
  /**
   * Commits what could be decoded of a damaged file, marked as partial. Default false: it becomes a
   * dead letter.
   */
  readonly allowPartial?: boolean | undefined;
}

/** The options of a policy, for the lists of whatever takes one. */
export const itemPolicyOptions: KnownOptions<ItemPolicy> = { maxDuration: true, allowPartial: true };

/**
 * The policy among options, checked.
 *
 * @param prefix - of the options' names in messages.
 * @throws UsageError for an invalid value.
 */
export function itemPolicy({ maxDuration, allowPartial = false }: ItemPolicy, prefix = ''): CheckedPolicy {
  if (maxDuration !== undefined) checkPositive(`${prefix}maxDuration`, maxDuration);
  return { maxDuration, allowPartial };
}

/** A policy with its defaults. */
export interface CheckedPolicy extends ItemPolicy {
  readonly allowPartial: boolean;
}

/**
 * Why a policy skips an item of this length; undefined if it does not. The one rule, wherever a
 * length becomes known.
 */
export function skipReason(seconds: number, { maxDuration }: ItemPolicy): string | undefined {
  if (maxDuration === undefined || seconds <= maxDuration) return undefined;
  return `lasts ${seconds.toFixed(1)} s, longer than \`maxDuration: ${maxDuration}\``;
}
