import { checkInteger } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import { given } from '../../../core/given.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import { glorotUniform, uniformWithin } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { add, multiply } from '../../autodiff/operations/arithmetic.ts';
import { timesConstant } from '../../autodiff/operations/broadcast.ts';
import { stack, timesColumn } from '../../autodiff/operations/by-row.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { elu, leakyRelu } from '../../autodiff/operations/elementwise.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import { segmentSoftmax, segmentSums } from '../../autodiff/operations/segments.ts';
import type { Tape } from '../../autodiff/tape.ts';
import { checkLayers, checkShare } from '../history/checks.ts';
import { contentParts, itemContent } from './item-content.ts';
import type { PairDefinition, PairNetwork, PairSpace } from './pair-network.ts';
import { edgeFacts, graphFeeds, graphInputs } from './rating-graph.ts';
import { denseHead, numbers, pairInputs } from './rating-head.ts';
import { ratingFeed } from './shown-pairs.ts';

/** Options of `gat`; their defaults are `defaults`. */
export interface GatOptions {
  /** Width of the input of each modality, of the embeddings and of each layer. */
  readonly width?: number | undefined;
  /** Layers of attention. */
  readonly layers?: number | undefined;
  /** Heads of each layer but the last, which has one. */
  readonly heads?: number | undefined;
  /** Units of the dense layers behind them. */
  readonly hidden?: readonly number[] | undefined;
  /** Dropout of the inputs, of attention and of the dense layers. */
  readonly dropout?: number | undefined;
  /** Whether users and items have embeddings of their own. */
  readonly id?: boolean | undefined;
  /** Whether features of the items are read. */
  readonly content?: boolean | undefined;
  /** Whether genres of the items are read. */
  readonly genres?: boolean | undefined;
  /**
   * Share of the items whose ratings and embedding a step hides, and of the users whose embedding
   * it hides.
   */
  readonly coldRate?: number | undefined;
}

/** Default values of the options. */
const defaults = {
  ...{ width: 64, layers: 2, heads: 4, hidden: [64, 32], dropout: 0.2 },
  ...{ id: true, content: true, genres: false, coldRate: 0.2 },
};

/** Slope of the leaky ReLU of attention below 0 (Velickovic et al. 2018). */
const attentionSlope = 0.2;

function checked(options: GatOptions) {
  const { id, content, genres, ...own } = { ...defaults, ...given(options) };
  const width = checkInteger('width', own.width);
  const heads = checkInteger('heads', own.heads);
  if (width % heads !== 0) {
    throw new UsageError(`\`width\` must be a multiple of \`heads\`, but is ${width} with ${heads} heads`, {
      option: 'heads',
    });
  }
  if (!id && !content && !genres) {
    throw new UsageError('`id: false` leaves content to know items by, but `content` and `genres` are false', {
      option: 'content',
      remedy: 'Leave out one of them.',
    });
  }
  return {
    ...{ width, heads, id, content, genres },
    layers: checkInteger('layers', own.layers),
    hidden: checkLayers('hidden', own.hidden),
    dropped: checkShare('dropout', own.dropout),
    coldRate: checkShare('coldRate', own.coldRate),
  };
}

type Checked = ReturnType<typeof checked>;

/**
 * Multimodal graph attention (after Chakder et al. 2022 and Velickovic et al. 2018): users and
 * items are nodes, ratings are edges in both directions; attention updates a node from its
 * neighbours. An item starts as its content, a user as the mean content of liked items; a rating is
 * predicted from both nodes. The ratings that a step learns are not edges in it.
 */
export const gat: PairDefinition<GatOptions, typeof defaults> = {
  ...{ reads: 'pairs', name: 'gat', predicts: 'ratings', inTime: false, servesNewUsers: true, onlyCpu: true },
  defaults,
  training: { batchSize: 8192, epochs: 200, patience: 20, patienceSteps: 200, learningRate: 0.005, l2: 1e-5 },
  check: (options) => void checked(options),
  network: (options, space) => network(checked(options), space),
};

function network(own: Checked, space: PairSpace): PairNetwork {
  const { userCount, itemCount, values } = space.training;
  const content = itemContent(space, { streams: own.content, genres: own.genres });
  // One more user stands for one who was not in the training data.
  const [users, nodes] = [userCount + 1, userCount + 1 + itemCount];
  return {
    module: {
      name: 'gat',
      build(tape) {
        const first = firstStates(tape, own, contentParts(tape, content, itemCount, own.width), users, itemCount);
        const edges = readEdges(tape);
        let states = dropout(tape, first, own.dropped);
        for (let layer = 1; layer <= own.layers; layer++) {
          const heads = layer === own.layers ? 1 : own.heads;
          states = attentionLayer(tape, `layer-${layer}`, states, edges, nodes, heads, own);
        }
        const user = rows(tape, states, numbers(tape, pairInputs.users, 'pairs'));
        const item = rows(tape, states, numbers(tape, pairInputs.items, 'pairs'));
        return denseHead(tape, concat(tape, [user, item, multiply(tape, user, item)]), own.hidden, own.dropped, space);
      },
    },
    facts: content.facts,
    pairsAtOnce: 1 << 16,
    activations: (ratings) => {
      const edgeCount = 2 * values.length + nodes;
      const hidden = own.hidden.reduce((sum, units) => sum + units, 0);
      return edgeCount * (own.width * (2 * own.layers + 5) + 12 * own.heads) + ratings * (8 * own.width + 3 * hidden);
    },
    learnt(batch, { uniform }, buffers) {
      const isCold = Uint8Array.from({ length: nodes }, () => (uniform() < own.coldRate ? 1 : 0));
      return pairFeeds(
        {
          users: batch.map((row) => space.training.users[row] as number),
          items: batch.map((row) => space.training.items[row] as number),
        },
        users,
        buffers,
        {
          ...graphFeeds(space, buffers, { targets: batch, isCold }),
          [pairInputs.ratings]: ratingFeed(values, batch, buffers),
        },
      );
    },
    asked: ({ guest, ...pairs }, buffers) => pairFeeds(pairs, users, buffers, graphFeeds(space, buffers, { guest })),
  };
}

/** The pairs as nodes, beside other feeds: items come after the users. */
function pairFeeds(
  { users, items }: { readonly users: Int32Array; readonly items: Int32Array },
  firstItem: number,
  buffers: FeedBuffers,
  others: ReturnType<typeof graphFeeds>,
) {
  const own = buffers.integers(users.length);
  own.set(users);
  const other = buffers.integers(items.length);
  for (const [at, item] of items.entries()) other[at] = firstItem + item;
  return {
    ...others,
    [pairInputs.users]: { data: own, shape: [users.length] },
    [pairInputs.items]: { data: other, shape: [items.length] },
  };
}

/**
 * The nodes before any attention: [users + items, width x parts]. A user is the mean of the liked
 * items in the feeds.
 */
function firstStates(tape: Tape, own: Checked, parts: readonly Tensor[], users: number, items: number): Tensor {
  const { graph } = tape;
  const columns: Tensor[] = [];
  if (parts.length > 0) {
    const content = concat(tape, parts);
    const liked = rows(tape, content, numbers(tape, graphInputs.likedItems, 'liked'));
    const shares = timesConstant(tape, liked, graph.input(graphInputs.likedShares, ['liked', 1]));
    const means = segmentSums(tape, shares, numbers(tape, graphInputs.likedBy, 'liked'), users);
    columns.push(stack(tape, [means, content]));
  }
  if (own.id) {
    const all = [users, items].map((count, side) =>
      tape.weight(`${side === 0 ? 'users' : 'items'}/embedding`, [count, own.width], uniformWithin(0.05)),
    );
    columns.push(timesConstant(tape, stack(tape, all), graph.input(graphInputs.shown, [users + items, 1])));
  }
  return concat(tape, columns);
}

interface Edges {
  readonly from: Tensor;
  readonly to: Tensor;
  /** [edges, edgeFacts]. */
  readonly facts: Tensor;
}

function readEdges(tape: Tape): Edges {
  return {
    from: numbers(tape, graphInputs.from, 'edges'),
    to: numbers(tape, graphInputs.to, 'edges'),
    facts: tape.graph.input(graphInputs.facts, ['edges', edgeFacts]),
  };
}

/**
 * Each node as ELU of the sum of its neighbours, weighted by attention, and itself. The message of
 * a neighbour depends on the rating between them.
 */
function attentionLayer(
  tape: Tape,
  name: string,
  x: Tensor,
  { from, to, facts }: Edges,
  nodes: number,
  heads: number,
  { width, dropped }: Checked,
): Tensor {
  const size = width / heads;
  const mixed = Array.from({ length: heads }, (_, head) => {
    const own = `${name}/head-${head + 1}`;
    const input = x.shape[1] as number;
    const h = dense(tape, x, tape.weight(`${own}/kernel`, [input, size], glorotUniform));
    const towards = dense(tape, h, tape.weight(`${own}/attention-to`, [size, 1], glorotUniform));
    const away = dense(tape, h, tape.weight(`${own}/attention-from`, [size, 1], glorotUniform));
    const along = dense(tape, facts, tape.weight(`${own}/attention-edge`, [edgeFacts, 1], glorotUniform));
    const match = add(tape, add(tape, rows(tape, towards, to), rows(tape, away, from)), along);
    const shares = segmentSoftmax(tape, leakyRelu(tape, match, attentionSlope), to, nodes);
    const told = dense(tape, facts, tape.weight(`${own}/edge`, [edgeFacts, size], glorotUniform));
    const said = add(tape, rows(tape, h, from), told);
    return segmentSums(tape, timesColumn(tape, said, dropout(tape, shares, dropped)), to, nodes);
  });
  return elu(tape, add(tape, concat(tape, mixed), denseLayer(tape, `${name}/skip`, x, width)));
}
