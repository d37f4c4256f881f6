import { groupRows } from '../../group-rows.ts';
import type { NewUserRatings, TrainingRatings } from '../recommender.ts';
import { rewardOf } from './logged-environment.ts';

/** What a policy must do: score items for a user, given the user's answers so far. */
export interface AskedPolicy {
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array | Promise<Float32Array>;
}

/**
 * What a policy got in simulated episodes.
 *
 * @example
 * declare const recommender: Parameters<typeof playLoggedEpisodes>[0];
 * const { reward, distinct } = await playLoggedEpisodes(recommender, ratings, { steps: 10 });
 */
export interface EpisodeFigures {
  /** Mean reward of a recommendation, -1 to 1. */
  readonly reward: number;
  /** The same for each step of the episodes. */
  readonly byStep: readonly number[];
  /** Share of the recommendations whose reward is above 0. */
  readonly precision: number;
  /** Different items among 1,000 recommendations, or among all if there are fewer. */
  readonly distinct: number;
  readonly recommendations: number;
}

/**
 * Plays episodes in an environment that is simulated from logged ratings. Nothing is known about a
 * user at first. The policy recommends one item after another among those that the user has rated;
 * the rating is the answer, and is known from then on. An episode ends early if fewer than two
 * rated items are left.
 *
 * This is not what users would have done: they were never shown what they did not rate.
 */
export async function playLoggedEpisodes(
  policy: AskedPolicy,
  ratings: TrainingRatings,
  { steps }: { readonly steps: number },
): Promise<EpisodeFigures> {
  const { starts, rows: byUser } = groupRows(ratings.users, ratings.userCount);
  const sums = new Float64Array(steps);
  const counts = new Float64Array(steps);
  const shown: number[] = [];
  let liked = 0;
  for (let user = 0; user < ratings.userCount; user++) {
    const left = [...byUser.subarray(starts[user], starts[user + 1])];
    const items: number[] = [];
    const values: number[] = [];
    for (let step = 0; step < steps && left.length > 1; step++) {
      const candidates = Int32Array.from(left, (row) => ratings.items[row] as number);
      const own = { items: Int32Array.from(items), values: Float32Array.from(values) };
      const scores = await policy.scoreNewUser(own, candidates);
      let best = 0;
      for (let at = 1; at < scores.length; at++) if ((scores[at] as number) > (scores[best] as number)) best = at;
      const [row] = left.splice(best, 1) as [number];
      const value = ratings.values[row] as number;
      items.push(ratings.items[row] as number);
      values.push(value);
      shown.push(ratings.items[row] as number);
      const reward = rewardOf(value, ratings.scale);
      sums[step] = (sums[step] as number) + reward;
      counts[step] = (counts[step] as number) + 1;
      if (reward > 0) liked++;
    }
  }
  const total = sums.reduce((sum, value) => sum + value, 0);
  return {
    reward: total / shown.length,
    byStep: Array.from(sums, (sum, step) => sum / (counts[step] as number)),
    precision: liked / shown.length,
    distinct: distinctItems(shown),
    recommendations: shown.length,
  };
}

/**
 * The number of different items among 1,000 evenly spaced recommendations, which shows whether a
 * policy has collapsed to a few items.
 */
export function distinctItems(shown: readonly number[]): number {
  const step = Math.max(1, shown.length / 1000);
  const taken = new Set<number>();
  for (let at = 0; at < shown.length; at += step) taken.add(shown[Math.floor(at)] as number);
  return taken.size;
}
