import { groupRows } from '../../group-rows.ts';
import { globalMean, type TrainingRatings } from '../recommender.ts';
import type { AskedQuestion, NextQuestion } from './next-question.ts';

/** Number of items that a node chooses among: those with the most ratings. */
const candidateCount = 100;
/** Minimum users for a node to choose its item; with fewer, it uses those of the node above. */
const leastUsers = 20;

/** What is known about some users' ratings, by item. */
interface Sums {
  readonly counts: Float64Array;
  readonly sums: Float64Array;
}

/**
 * A decision tree (Golbandi, Koren and Lempel 2011). A node asks about the item that best splits
 * its users into those who like it, dislike it or have not rated it: the one for which the mean
 * ratings of the items within the three groups predict best. A rating of at least the mean of all
 * ratings counts as liking. Nodes are grown when a user reaches them.
 */
export function byDecisionTree(ratings: TrainingRatings): NextQuestion {
  const { users, items, values, userCount, itemCount } = ratings;
  const mean = globalMean(values);
  const byUser = groupRows(users, userCount);
  const byItem = groupRows(items, itemCount);
  const raters = (item: number) => byItem.rows.subarray(byItem.starts[item], byItem.starts[item + 1]);
  const popular = [...new Array(itemCount).keys()]
    .filter((item) => raters(item).length > 0)
    .sort((a, b) => raters(b).length - raters(a).length || a - b)
    .slice(0, candidateCount);
  const sumsOf = (own: readonly number[]): Sums => {
    const [counts, sums] = [new Float64Array(itemCount), new Float64Array(itemCount)];
    for (const user of own) {
      for (const row of byUser.rows.subarray(byUser.starts[user], byUser.starts[user + 1])) {
        const item = items[row] as number;
        counts[item] = (counts[item] as number) + 1;
        sums[item] = (sums[item] as number) + (values[row] as number);
      }
    }
    return { counts, sums };
  };
  const split = (item: number, isIn: Uint8Array) => {
    const parts = { liked: [] as number[], disliked: [] as number[] };
    for (const row of raters(item)) {
      const user = users[row] as number;
      if (isIn[user] === 1) parts[(values[row] as number) >= mean ? 'liked' : 'disliked'].push(user);
    }
    return parts;
  };
  const membersOf = (own: readonly number[]) => {
    const isIn = new Uint8Array(userCount);
    for (const user of own) isIn[user] = 1;
    return isIn;
  };
  /** The sum of squares that the three means explain: the larger it is, the smaller the error. */
  const explained = (item: number, whole: Sums, isIn: Uint8Array): number => {
    const { liked, disliked } = split(item, isIn);
    const [above, below] = [sumsOf(liked), sumsOf(disliked)];
    let sum = 0;
    for (let each = 0; each < itemCount; each++) {
      const [n, s] = [whole.counts[each] as number, whole.sums[each] as number];
      if (n === 0) continue;
      const [na, sa] = [above.counts[each] as number, above.sums[each] as number];
      const [nb, sb] = [below.counts[each] as number, below.sums[each] as number];
      sum += square(sa, na) + square(sb, nb) + square(s - sa - sb, n - na - nb);
    }
    return sum;
  };
  const everybody = [...new Set(users)].sort((a, b) => a - b);
  const grown = new Map<string, { readonly item: number | undefined; readonly users: readonly number[] }>();
  /** The users of the node that these answers lead to, and the item that it asks about. */
  const nodeOf = (asked: readonly AskedQuestion[]) => {
    const path = asked.map((each) => `${each.item}${branchOf(each, mean)}`).join();
    const before = grown.get(path);
    if (before !== undefined) return before;
    const own = usersOf(asked);
    const done = new Set(asked.map(({ item }) => item));
    const isIn = membersOf(own);
    const whole = sumsOf(own);
    let [item, most] = [undefined as number | undefined, Number.NEGATIVE_INFINITY];
    for (const candidate of popular) {
      if (done.has(candidate)) continue;
      const worth = explained(candidate, whole, isIn);
      if (worth > most) [item, most] = [candidate, worth];
    }
    const node = { item, users: own };
    grown.set(path, node);
    return node;
  };
  const usersOf = (asked: readonly AskedQuestion[]): readonly number[] => {
    const last = asked.at(-1);
    if (last === undefined) return everybody;
    const { users: above } = nodeOf(asked.slice(0, -1));
    const isIn = membersOf(above);
    const { liked, disliked } = split(last.item, isIn);
    const others = new Set([...liked, ...disliked]);
    const own = { '+': liked, '-': disliked, '?': above.filter((user) => !others.has(user)) }[branchOf(last, mean)];
    return own.length < leastUsers ? above : own;
  };
  return (asked) => nodeOf(asked).item;
}

function square(sum: number, count: number): number {
  return count === 0 ? 0 : (sum * sum) / count;
}

function branchOf({ answer }: AskedQuestion, mean: number): '+' | '-' | '?' {
  return answer === undefined ? '?' : answer >= mean ? '+' : '-';
}
