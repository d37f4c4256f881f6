import type { RatingScale } from '../../../core/rating-scale.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { BatchFeed, Feeds } from '../../autodiff/feeds.ts';
import type { StepDraws } from '../defined-training.ts';
import type { History } from '../history/histories.ts';
import { Belief } from './belief.ts';

/** Names of the graph's inputs; rows are transitions, or users to predict for. */
export const policyInputs = {
  /** What is known about the user's taste, float32 [rows, width]. */
  taste: 'state/taste',
  /** Vectors of the last liked items, newest first, then zeros, [rows, recent x width]. */
  recent: 'state/recent',
  /** The inverse of `Belief`, [rows, width, width]. */
  inverse: 'state/inverse',
  /** Items whose answers are known, int32 [rows, candidates]. */
  candidates: 'environment/candidates',
  /** The reward of each; 0, or -1e9 without a candidate, float32 [rows, candidates]. */
  rewards: 'environment/rewards',
  away: 'environment/away',
  /** 0 if the episode ends with this step, else 1, [rows, 1]. */
  goesOn: 'environment/goes-on',
  /** Noise on the action, and on the target's action, [rows, width]. */
  noise: 'exploration/noise',
  smoothing: 'exploration/smoothing',
  /** How far the targets move towards the weights, and whether the actor learns, [1]. */
  tau: 'step/tau',
  actor: 'step/actor',
  /** For a reward model: the candidate that it learns, as a one-hot row. */
  chosen: 'environment/chosen',
} as const;

/** The vectors of the items, and how ratings become rewards. */
export interface LoggedEnvironment {
  readonly vectors: Float32Array;
  readonly width: number;
  readonly scale: RatingScale;
  /** Number of liked items in a state. */
  readonly recent: number;
  /** The most items that an action chooses among. */
  readonly candidates: number;
  /** Transitions for each user in a step. */
  readonly transitions: number;
}

/** -1 for the lowest rating of the scale, 1 for the highest. */
export function rewardOf(rating: number, { minimum, maximum }: RatingScale): number {
  return (2 * rating - minimum - maximum) / (maximum - minimum);
}

/** Writes the state after these ratings, oldest first, into a row of each feed. */
function writeState(
  { others, values }: History,
  environment: LoggedEnvironment,
  row: number,
  into: { readonly taste: Float32Array; readonly recent: Float32Array; readonly inverse?: Float32Array | undefined },
): void {
  const { vectors, width, scale, recent } = environment;
  const belief = new Belief(width);
  const liked: number[] = [];
  for (const [at, item] of others.entries()) {
    const reward = rewardOf(values[at] as number, scale);
    belief.add(vectors, item * width, reward);
    if (reward > 0) liked.push(item);
  }
  into.taste.set(belief.taste, row * width);
  into.inverse?.set(belief.inverse, row * width * width);
  for (const [place, item] of liked.reverse().slice(0, recent).entries()) {
    into.recent.set(vectors.subarray(item * width, (item + 1) * width), (row * recent + place) * width);
  }
}

/** The current states of users. */
export function askedStates(
  histories: readonly History[],
  environment: LoggedEnvironment,
  buffers: FeedBuffers,
): Feeds {
  const { width, recent } = environment;
  const rows = histories.length;
  const taste = buffers.reals(rows * width);
  const list = buffers.reals(rows * recent * width).fill(0);
  for (const [row, history] of histories.entries()) writeState(history, environment, row, { taste, recent: list });
  return {
    [policyInputs.taste]: { data: taste, shape: [rows, width] },
    [policyInputs.recent]: { data: list, shape: [rows, recent * width] },
  };
}

/**
 * Transitions of an environment that is simulated from logged ratings: only items that the user has
 * rated can be recommended, because only their answers are known. Some of them, in random order,
 * have been recommended before: they make up the state, which contains no other rating. The others
 * are the candidates.
 */
export function loggedTransitions(
  histories: readonly History[],
  environment: LoggedEnvironment,
  { uniform }: StepDraws,
  buffers: FeedBuffers,
): Record<string, BatchFeed> {
  const { width, recent, candidates, transitions, scale } = environment;
  const rows = histories.length * transitions;
  const taste = buffers.reals(rows * width);
  const list = buffers.reals(rows * recent * width).fill(0);
  const inverse = buffers.reals(rows * width * width);
  const items = buffers.integers(rows * candidates).fill(0);
  const rewards = buffers.reals(rows * candidates).fill(0);
  const away = buffers.reals(rows * candidates).fill(-1e9);
  const chosen = buffers.reals(rows * candidates).fill(0);
  const goesOn = buffers.reals(rows);
  for (let row = 0; row < rows; row++) {
    const { others, values } = histories[Math.floor(row / transitions)] as History;
    const order = [...others.keys()];
    for (let last = order.length - 1; last > 0; last--) {
      const other = Math.floor(uniform() * (last + 1));
      [order[last], order[other]] = [order[other] as number, order[last] as number];
    }
    const count = Math.floor(uniform() * order.length);
    const pick = (places: readonly number[]): History => ({
      others: Int32Array.from(places, (place) => others[place] as number),
      values: Float32Array.from(places, (place) => values[place] as number),
    });
    writeState(pick(order.slice(0, count)), environment, row, { taste, recent: list, inverse });
    const open = pick(order.slice(count, count + candidates));
    for (const [place, item] of open.others.entries()) {
      items[row * candidates + place] = item;
      rewards[row * candidates + place] = rewardOf(open.values[place] as number, scale);
      away[row * candidates + place] = 0;
    }
    chosen[row * candidates + Math.floor(uniform() * open.others.length)] = 1;
    goesOn[row] = order.length - count > 1 ? 1 : 0;
  }
  const feed = (data: BatchFeed['data'], ...shape: number[]): BatchFeed => ({ data, shape });
  return {
    [policyInputs.taste]: feed(taste, rows, width),
    [policyInputs.recent]: feed(list, rows, recent * width),
    [policyInputs.inverse]: feed(inverse, rows, width, width),
    [policyInputs.candidates]: feed(items, rows, candidates),
    [policyInputs.rewards]: feed(rewards, rows, candidates),
    [policyInputs.away]: feed(away, rows, candidates),
    [policyInputs.goesOn]: feed(goesOn, rows, 1),
    [policyInputs.chosen]: feed(chosen, rows, candidates),
  };
}
