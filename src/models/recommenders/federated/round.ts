import { keyedUniform } from '../../privacy/keyed-noise.js';
import { type Client, type ItemWeights, type LocalTraining, visitClient } from './client.ts';
import { SecureSum } from './secure-sum.ts';

/** How the changes of a round are added up. */
export interface Adding {
  /** Maximum length of a change; without it, changes are weighted by the numbers of ratings. */
  readonly clip: number | undefined;
  /** Whether the server sees the sum alone. */
  readonly isSecure: boolean;
  /** Probability that a visited client does not answer. */
  readonly dropRate: number;
  readonly key: Uint8Array;
}

/** What the server has after a round. */
export interface RoundSum {
  /** Of the changes; undefined if a secure sum would say too much about some clients. */
  readonly sum: Float64Array | undefined;
  /** Ratings of the clients that answered, and how many of these there are. */
  readonly count: number;
  readonly answers: number;
}

/**
 * Visits clients, which train, and adds up their changes. A change that is too large for a secure
 * sum is not sent: the sum is then NaN, as if the training had diverged.
 */
export function visitClients(
  clients: readonly Client[],
  weights: ItemWeights,
  local: LocalTraining,
  { clip, isSecure, dropRate, key }: Adding,
  round: number,
): RoundSum {
  // Alone, a client has nobody to share a mask with.
  if (isSecure && clients.length < 2) return { sum: undefined, count: 0, answers: 0 };
  const uniform = dropRate > 0 ? keyedUniform(key, `drop ${round}`) : () => 1;
  const sum = new Float64Array(weights.length + 1);
  const secure = isSecure ? new SecureSum(clients.length, sum.length, key, round) : undefined;
  let answers = 0;
  for (const [place, client] of clients.entries()) {
    const { items, change } = visitClient(client, weights, local);
    if (uniform() < dropRate) continue;
    answers++;
    const weight = clip === undefined ? client.values.length : shorten(change, clip);
    const into = secure ? new Float64Array(sum.length) : sum;
    into[weights.length] = (into[weights.length] as number) + client.values.length;
    if (weight > 0) addChange(into, items, change, weight, local.width);
    if (secure?.takes(into) === false)
      return { sum: sum.subarray(0, weights.length).fill(Number.NaN), count: 1, answers };
    secure?.add(place, secure.masked(place, into));
  }
  const found = secure ? secure.sum() : sum;
  return {
    sum: found?.subarray(0, weights.length),
    count: found === undefined ? 0 : Math.round(found[weights.length] as number),
    answers,
  };
}

function addChange(into: Float64Array, items: Int32Array, change: Float64Array, weight: number, width: number): void {
  for (const [place, item] of items.entries()) {
    for (let n = 0; n < width; n++) {
      const at = item * width + n;
      into[at] = (into[at] as number) + weight * (change[place * width + n] as number);
    }
  }
}

/** The factor that clips a change to the length `clip`; 0 if the change is not finite. */
function shorten(change: Float64Array, clip: number): number {
  let square = 0;
  for (const value of change) square += value ** 2;
  if (!Number.isFinite(square)) return 0;
  return Math.min(1, clip / Math.sqrt(Math.max(square, Number.MIN_VALUE)));
}
