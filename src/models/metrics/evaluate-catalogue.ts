import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { groupRows } from '../group-rows.ts';
import { type CatalogueMetricName, catalogueMetricNames, catalogueMetrics } from './catalogue-metrics.ts';
import { firstItems } from './first-items.ts';

/** Default number of pairs scored at a time: 2 MiB of numbers and scores. */
export const usualBlockPairs = 1 << 17;

/** Pairs of user and item, by number. */
interface Pairs {
  readonly users: Int32Array;
  readonly items: Int32Array;
}

/** The input of a full-catalogue evaluation. */
export interface CatalogueEvaluationInput {
  /** The score of each pair; higher scores are listed first. */
  readonly score: (users: Int32Array, items: Int32Array) => PromiseLike<ArrayLike<number>> | ArrayLike<number>;
  /** Relevant test ratings, which a list should find. */
  readonly relevant: Pairs;
  /** What users have already seen: training, validation and fold-in. Such items are not listed. */
  readonly seen: Pairs;
  /** Training ratings, for novelty. */
  readonly training: Pairs;
  readonly userCount: number;
  readonly itemCount: number;
  /**
   * Number of pairs scored at a time, 16 bytes each: all items of as many users as fit. Default
   * 131,072; more if a call computes something per item that serves all its users.
   */
  readonly blockPairs?: number | undefined;
  /** List lengths; default 10, 20 and 50. */
  readonly ks?: readonly number[] | undefined;
  /**
   * A number for each pair that orders items of equal score, smallest first. It must not depend on
   * the order of ids; random draws are suitable (`Draws.ofPairs`).
   */
  readonly tieOrder: (user: number, item: number) => number;
  /** Called with the result of each user, by ascending user number. */
  readonly onUser?: ((user: number, list: CatalogueUser) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A user's longest list, from which the metrics of shorter ones are computed. */
export interface CatalogueUser {
  /** 1 if the item at that rank is relevant, else 0. */
  readonly hits: Uint8Array;
  /** Number of relevant items that could be listed. */
  readonly relevant: number;
}

/** List lengths where none are given. */
export const usualCatalogueLengths: readonly number[] = [10, 20, 50];

/** Metrics at one list length. */
export type CatalogueFigures = Readonly<Record<CatalogueMetricName | 'coverage' | 'novelty', number>>;

/** A full-catalogue evaluation. */
export interface CatalogueEvaluation {
  /** By k as text. */
  readonly at: Readonly<Record<string, CatalogueFigures>>;
  /** Number of users with a relevant test item, over whom all means are taken. */
  readonly users: number;
  /** Number of items that could be listed. */
  readonly items: number;
  /** Mean number of relevant items that could be listed. */
  readonly averageRelevant: number;
  /** Share of users whose candidates all have the same score, so that their lists are random. */
  readonly constant: number;
  /** Share of the users with a relevant test item of whom none could be listed. */
  readonly withoutList: number;
}

/**
 * Ranks, for each user with a relevant test item, all items of the catalogue that the user has not
 * seen, and evaluates the first k. Negatives are not sampled. Scores are requested in blocks of
 * `blockPairs` pairs, so memory does not grow with users x items.
 *
 * @throws UsageError if no test rating is relevant, or a score is not a number; the reason of
 * `signal`.
 *
 * @example
 * declare const input: CatalogueEvaluationInput;
 * const { at } = await evaluateCatalogue({ ...input, ks: [10] });
 * console.log(at['10']?.ndcg, at['10']?.coverage);
 */
export async function evaluateCatalogue(input: CatalogueEvaluationInput): Promise<CatalogueEvaluation> {
  const { relevant, seen, userCount, itemCount, tieOrder, signal } = input;
  const ks = input.ks ?? usualCatalogueLengths;
  for (const k of ks) checkInteger('k', k);
  const ofUsers = groupRows(relevant.users, userCount);
  const seenOf = groupRows(seen.users, userCount);
  const information = selfInformation(input.training, userCount, itemCount);
  const means = ks.map((k) => new ListMeans(k, itemCount, information));
  const longest = Math.max(...ks);
  const marks = new Uint8Array(itemCount);
  let [users, relevantItems, constant] = [0, 0, 0];
  const asked = new Set(relevant.users).size;
  for await (const { user, items, scores } of scoredUsers(input, ofUsers.starts, seenOf)) {
    signal?.throwIfAborted();
    const wanted = ofUsers.rows.subarray(ofUsers.starts[user], ofUsers.starts[user + 1]);
    for (const row of wanted) marks[relevant.items[row] as number] = 1;
    const count = items.reduce((sum, item) => sum + (marks[item] as number), 0);
    if (count > 0) {
      users++;
      relevantItems += count;
      const places = Int32Array.from(items.keys());
      const score = (place: number): number => scores[place] as number;
      if (places.every((place) => score(place) === score(0))) constant++;
      const list = firstItems(places, longest, (one, other) => {
        if (score(one) !== score(other)) return score(one) > score(other);
        const [left, right] = [tieOrder(user, items[one] as number), tieOrder(user, items[other] as number)];
        return left === right ? (items[one] as number) < (items[other] as number) : left < right;
      }).map((place) => items[place] as number);
      const hits = Uint8Array.from(list, (item) => marks[item] as number);
      for (const mean of means) mean.add(list, hits, count);
      input.onUser?.(user, { hits, relevant: count });
    }
    for (const row of wanted) marks[relevant.items[row] as number] = 0;
  }
  if (users === 0) {
    throw new UsageError('no test rating is relevant, so no list over the catalogue can find anything', {
      option: 'threshold',
      remedy: 'Lower `threshold`.',
    });
  }
  return {
    at: Object.fromEntries(means.map((mean) => [String(mean.k), mean.result(users)])),
    users,
    items: itemCount,
    averageRelevant: relevantItems / users,
    constant: constant / users,
    withoutList: 1 - users / asked,
  };
}

/** The candidates of each user with a relevant item, with their scores. */
async function* scoredUsers(
  { score, seen, userCount, itemCount, blockPairs = usualBlockPairs }: CatalogueEvaluationInput,
  relevantStarts: Int32Array,
  seenOf: { readonly rows: Int32Array; readonly starts: Int32Array },
): AsyncGenerator<{ user: number; items: Int32Array; scores: ArrayLike<number> }> {
  const isSeen = new Uint8Array(itemCount);
  const candidatesOf = (user: number): Int32Array => {
    const own = seenOf.rows.subarray(seenOf.starts[user], seenOf.starts[user + 1]);
    for (const row of own) isSeen[seen.items[row] as number] = 1;
    const items = Int32Array.from(isSeen.keys()).filter((item) => isSeen[item] === 0);
    for (const row of own) isSeen[seen.items[row] as number] = 0;
    return items;
  };
  const scored = async (users: Int32Array, items: Int32Array): Promise<ArrayLike<number>> => {
    const scores = await score(users, items);
    for (let index = 0; index < items.length; index++) {
      if (!Number.isNaN(scores[index] as number) && scores[index] !== undefined) continue;
      throw new UsageError(`the score of user ${users[index]} and item ${items[index]} is not a number`);
    }
    return scores;
  };
  let block: { user: number; items: Int32Array }[] = [];
  let pairs = 0;
  const flush = async function* () {
    const users = new Int32Array(pairs);
    const items = new Int32Array(pairs);
    let at = 0;
    for (const entry of block) {
      users.fill(entry.user, at, at + entry.items.length);
      items.set(entry.items, at);
      at += entry.items.length;
    }
    const scores = new Float64Array(pairs);
    for (let from = 0; from < pairs; from += blockPairs) {
      const end = Math.min(pairs, from + blockPairs);
      scores.set(await scored(users.subarray(from, end), items.subarray(from, end)), from);
    }
    at = 0;
    for (const entry of block) {
      yield { ...entry, scores: scores.subarray(at, at + entry.items.length) };
      at += entry.items.length;
    }
    block = [];
    pairs = 0;
  };
  for (let user = 0; user < userCount; user++) {
    if (relevantStarts[user] === relevantStarts[user + 1]) continue;
    const items = candidatesOf(user);
    if (items.length === 0) continue;
    if (pairs + items.length > blockPairs) yield* flush();
    block.push({ user, items });
    pairs += items.length;
  }
  yield* flush();
}

/**
 * -log2 of the share of training users that rated each item; an item without ratings counts as
 * having one.
 */
function selfInformation({ users, items }: Pairs, userCount: number, itemCount: number): Float64Array {
  const counts = new Float64Array(itemCount);
  const isUser = new Uint8Array(userCount);
  for (let row = 0; row < items.length; row++) {
    const item = items[row] as number;
    counts[item] = (counts[item] as number) + 1;
    isUser[users[row] as number] = 1;
  }
  const trained = isUser.reduce((sum, flag) => sum + flag, 0);
  return counts.map((count) => -Math.log2(Math.max(count, 1) / trained));
}

/** Gathers the metrics at one list length. */
class ListMeans {
  readonly k: number;
  readonly #information: Float64Array;
  readonly #listed: Uint8Array;
  readonly #sums = new Map<CatalogueMetricName, number>();
  #novelty = 0;

  constructor(k: number, itemCount: number, information: Float64Array) {
    this.k = k;
    this.#information = information;
    this.#listed = new Uint8Array(itemCount);
  }

  /** Adds a user's list; its first k items count. */
  add(list: Int32Array, allHits: Uint8Array, relevant: number): void {
    const items = list.subarray(0, this.k);
    const hits = allHits.subarray(0, this.k);
    for (const name of catalogueMetricNames) {
      const value = catalogueMetrics[name]({ hits, relevant, k: this.k });
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
    }
    let novelty = 0;
    for (const item of items) {
      this.#listed[item] = 1;
      novelty += this.#information[item] as number;
    }
    this.#novelty += novelty / items.length;
  }

  /** The means over the users added. */
  result(users: number): CatalogueFigures {
    const listed = this.#listed.reduce((sum, flag) => sum + flag, 0);
    const means = catalogueMetricNames.map((name) => [name, (this.#sums.get(name) ?? 0) / users] as const);
    return {
      ...(Object.fromEntries(means) as Record<CatalogueMetricName, number>),
      coverage: listed / this.#listed.length,
      novelty: this.#novelty / users,
    };
  }
}
