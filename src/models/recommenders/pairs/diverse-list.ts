/**
 * The head of a list, drawn from clusters in turn: of the candidates by descending prediction, the
 * best of each cluster, then the second best, and so on, at most ceil(length / clusters) of one.
 * The clusters are those among the best 5 x length candidates, in the order of their best.
 *
 * @param candidates best first.
 * @param clusterOf of each candidate.
 * @returns at most `length` of the candidates.
 */
export function diverseList(
  candidates: readonly number[],
  clusterOf: (candidate: number) => number,
  length: number,
): number[] {
  const best = candidates.slice(0, 5 * length);
  const queues = new Map<number, number[]>();
  for (const candidate of best) {
    const queue = queues.get(clusterOf(candidate));
    if (queue) queue.push(candidate);
    else queues.set(clusterOf(candidate), [candidate]);
  }
  const most = Math.ceil(length / Math.max(1, queues.size));
  const list: number[] = [];
  for (let turn = 0; turn < most; turn++) {
    for (const queue of queues.values()) {
      const candidate = queue[turn];
      if (candidate !== undefined && list.length < length) list.push(candidate);
    }
  }
  // Exhausted clusters leave places, which go to the best of the others.
  const taken = new Set(list);
  for (const candidate of best) {
    if (list.length >= length) break;
    if (!taken.has(candidate)) list.push(candidate);
  }
  return list;
}

/**
 * Scores by which each user's list begins with `diverseList` of the pairs and continues by
 * prediction. Known items (`isMet`) are left out.
 */
export function diverseScores(
  { users, items }: { readonly users: Int32Array; readonly items: Int32Array },
  predictions: Float32Array,
  {
    clusterOf,
    length,
    isMet,
  }: {
    readonly clusterOf: (item: number) => number;
    readonly length: number;
    readonly isMet: (user: number, item: number) => boolean;
  },
): Float32Array {
  const scores = Float32Array.from(predictions);
  const byUser = new Map<number, number[]>();
  for (const [place, user] of users.entries()) {
    if (isMet(user, items[place] as number)) continue;
    const own = byUser.get(user);
    if (own) own.push(place);
    else byUser.set(user, [place]);
  }
  const above = predictions.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  for (const places of byUser.values()) {
    places.sort((a, b) => (predictions[b] as number) - (predictions[a] as number) || a - b);
    const list = diverseList(places, (place) => clusterOf(items[place] as number), length);
    for (const [rank, place] of list.entries()) scores[place] = above + list.length - rank;
  }
  return scores;
}
