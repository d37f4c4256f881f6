import { FOLD_KINDS, type FoldKind } from './folds.ts';

/**
 * How ratings become training and test sets: in folds (`FoldKind`), by time or by user.
 *
 * `leave-last-out`: each user's last rating is the test set, the last but one validation; one split.
 * `time`: all ratings from a certain moment onwards are the test set; one split. Both need
 * timestamps.
 *
 * `user` (strong generalisation) and `user-cold`: folds over the users; no rating of a fold's users
 * is in training. `user-cold` tests all their ratings. `user` tests a share, drawn with the seed,
 * and keeps the others as `foldIn`: what a recommender may use to get to know these users.
 */
export type ScenarioKind = FoldKind | 'leave-last-out' | 'time' | 'user' | 'user-cold';

/** The kinds of scenarios. */
export const SCENARIO_KINDS: readonly ScenarioKind[] = [...FOLD_KINDS, 'leave-last-out', 'time', 'user', 'user-cold'];

/** Whether a kind of scenario depends on the times of ratings. */
export function isTimed(kind: ScenarioKind): kind is 'leave-last-out' | 'time' {
  return kind === 'leave-last-out' || kind === 'time';
}

/** How many splits a scenario has if `folds` are requested; one that depends on time has one. */
export function splitCount(kind: ScenarioKind, folds: number): number {
  return isTimed(kind) ? 1 : folds;
}
