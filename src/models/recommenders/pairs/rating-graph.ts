import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { BatchFeed } from '../../autodiff/feeds.ts';
import type { NewUserRatings } from '../recommender.ts';
import type { PairSpace } from './pair-network.ts';

/** Names of the inputs that describe a graph of ratings. */
export const graphInputs = {
  /** Nodes that an edge leads from and to, int32 [edges]; users first, then items. */
  from: 'edges/from',
  to: 'edges/to',
  /** The rating less the mean, in half scales, and 1 for the edge of a node to itself. */
  facts: 'edges/facts',
  /** What each user liked, int32 [liked], and 1 / their number, float32 [liked, 1]. */
  likedBy: 'liked/users',
  likedItems: 'liked/items',
  likedShares: 'liked/shares',
  /** 1 for nodes whose embedding is visible, float32 [nodes, 1]. */
  shown: 'nodes/shown',
} as const;

/** Values per edge. */
export const edgeFacts = 2;

interface Rating {
  readonly user: number;
  readonly item: number;
  readonly value: number;
}

/**
 * The graph of the training ratings: an edge in each direction for a rating, and a loop at each
 * node.
 *
 * @param options.targets rows to learn: they are not edges, and do not count as liked.
 * @param options.isCold for each node 1 if a step hides its embedding, and of an item its ratings.
 * @param options.guest ratings of the user after the last one.
 */
export function graphFeeds(
  { training, mean, known }: PairSpace,
  buffers: FeedBuffers,
  {
    targets,
    isCold,
    guest,
  }: {
    readonly targets?: Int32Array | undefined;
    readonly isCold?: Uint8Array | undefined;
    readonly guest?: NewUserRatings | undefined;
  },
): Record<string, BatchFeed> {
  const { users, items, values, userCount, itemCount, scale } = training;
  const firstItem = userCount + 1;
  const isTarget = new Uint8Array(values.length);
  for (const row of targets ?? []) isTarget[row] = 1;
  const edges: Rating[] = [];
  const hasRatings = new Uint8Array(firstItem);
  for (let row = 0; row < values.length; row++) {
    const [user, item, value] = [users[row] as number, items[row] as number, values[row] as number];
    hasRatings[user] = 1;
    if (isTarget[row] === 1 || isCold?.[firstItem + item] === 1) continue;
    edges.push({ user, item, value });
  }
  for (const [at, item] of (guest?.items ?? []).entries()) {
    edges.push({ user: userCount, item, value: guest?.values[at] as number });
  }
  const nodes = firstItem + itemCount;
  const count = 2 * edges.length + nodes;
  const [from, to] = [buffers.integers(count), buffers.integers(count)];
  const facts = buffers.reals(count * edgeFacts).fill(0);
  const half = (scale.maximum - scale.minimum) / 2;
  for (const [at, { user, item, value }] of edges.entries()) {
    for (const [edge, start, end] of [
      [2 * at, user, firstItem + item],
      [2 * at + 1, firstItem + item, user],
    ] as const) {
      from[edge] = start;
      to[edge] = end;
      facts[edge * edgeFacts] = (value - mean) / half;
    }
  }
  for (let node = 0; node < nodes; node++) {
    const edge = 2 * edges.length + node;
    from[edge] = node;
    to[edge] = node;
    facts[edge * edgeFacts + 1] = 1;
  }
  const shown = buffers.reals(nodes);
  for (let node = 0; node < nodes; node++) {
    const isKnown = node < firstItem ? hasRatings[node] === 1 : known[node - firstItem] === 1;
    shown[node] = isKnown && isCold?.[node] !== 1 ? 1 : 0;
  }
  const feed = (data: BatchFeed['data'], ...shape: number[]): BatchFeed => ({ data, shape });
  return {
    [graphInputs.from]: feed(from, count),
    [graphInputs.to]: feed(to, count),
    [graphInputs.facts]: feed(facts, count, edgeFacts),
    ...likedFeeds(edges, firstItem, mean, buffers),
    [graphInputs.shown]: feed(shown, nodes, 1),
  };
}

/**
 * What each user rated at least as high as the mean of the user's edges; ratings that are not edges
 * do not count in the mean.
 */
function likedFeeds(edges: readonly Rating[], users: number, mean: number, buffers: FeedBuffers) {
  const [sums, counts, likes] = [new Float64Array(users), new Int32Array(users), new Int32Array(users)];
  for (const { user, value } of edges) {
    sums[user] = (sums[user] as number) + value;
    counts[user] = (counts[user] as number) + 1;
  }
  const usual = sums.map((sum, user) => (counts[user] === 0 ? mean : sum / (counts[user] as number)));
  const liked = edges.filter(({ user, value }) => value >= (usual[user] as number));
  for (const { user } of liked) likes[user] = (likes[user] as number) + 1;
  const [by, items, shares] = [
    buffers.integers(liked.length),
    buffers.integers(liked.length),
    buffers.reals(liked.length),
  ];
  for (const [at, { user, item }] of liked.entries()) {
    by[at] = user;
    items[at] = item;
    shares[at] = 1 / (likes[user] as number);
  }
  const shape = [liked.length];
  return {
    [graphInputs.likedBy]: { data: by, shape },
    [graphInputs.likedItems]: { data: items, shape },
    [graphInputs.likedShares]: { data: shares, shape: [liked.length, 1] },
  };
}
