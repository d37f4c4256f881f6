import { checkInteger, checkOneOf } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import { given } from '../../../core/given.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import { uniformWithin } from '../../autodiff/initialisers.ts';
import { denseLayer, normalisationLayer } from '../../autodiff/layers.ts';
import { add } from '../../autodiff/operations/arithmetic.ts';
import { timesConstant } from '../../autodiff/operations/broadcast.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { leakyRelu, relu } from '../../autodiff/operations/elementwise.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import { reshape } from '../../autodiff/operations/shapes.ts';
import type { Tape } from '../../autodiff/tape.ts';
import { kMeans } from '../../k-means.ts';
import { attentionBlocks, attentionOf, attentionUnits } from '../history/attention.ts';
import { checkLayers, checkShare } from '../history/checks.ts';
import { Histories, type History } from '../history/histories.ts';
import { sequenceInputs } from '../history/sequences.ts';
import { unitVectors } from '../item-vectors.ts';
import { diverseScores } from './diverse-list.ts';
import { contentParts, type ItemContent, itemContent, itemFactNames } from './item-content.ts';
import type { AskedPairs, PairDefinition, PairNetwork, PairSpace } from './pair-network.ts';
import { firstBias, numbers, pairInputs, ratingOf } from './rating-head.ts';
import { ratingFeed } from './shown-pairs.ts';
import { fieldParts, userParts } from './user-parts.ts';

/** What movies can be clustered by. */
export const clusterings = ['genres', 'content'] as const;

/** Options of `bst-kmeans`; their defaults are `defaults`. */
export interface BstKmeansOptions {
  /** Items of the user that are read before the one to be rated. */
  readonly length?: number | undefined;
  /** Width of the vectors of items. */
  readonly width?: number | undefined;
  /** Attention heads. */
  readonly heads?: number | undefined;
  /** Units of the dense layers. */
  readonly hidden?: readonly number[] | undefined;
  /** Dropout of attention and of the dense layers. */
  readonly dropout?: number | undefined;
  /** Whether items have embeddings of their own. */
  readonly id?: boolean | undefined;
  /** Whether features of the items are read; default: only without `id`. */
  readonly content?: boolean | undefined;
  /** Whether these are read; default: if they are known. */
  readonly genres?: boolean | undefined;
  readonly userFields?: boolean | undefined;
  /** Share of the ratings that are learnt without their item's embedding. */
  readonly coldRate?: number | undefined;
  /** Length of the lists that draw from the clusters in turn; 0: no such lists. */
  readonly rerank?: number | undefined;
  /** Clusters of movies. */
  readonly clusters?: number | undefined;
  /** What movies are clustered by: `genres` or `content`. */
  readonly clusterBy?: (typeof clusterings)[number] | undefined;
}

/** Default values of the options. */
const defaults = {
  ...{ length: 8, width: 64, heads: 2, hidden: [256, 128], dropout: 0.1, id: true, coldRate: 0.2 },
  ...{ rerank: 0, clusters: 20, clusterBy: 'genres' as const },
};

/** Slope of the leaky ReLU of the dense layers below 0. */
const slope = 0.3;

/** Rating less the mean, in half scales, and 1 where there is one: float32 [positions, 2]. */
const ratingsInput = 'sequence/ratings';

/** Whether features of the items are read, as these options say. */
export function bstReadsContent({
  id = defaults.id,
  content = !id,
}: Pick<BstKmeansOptions, 'id' | 'content'>): boolean {
  return content;
}

function checked(options: BstKmeansOptions) {
  const { id, genres, userFields, ...own } = { ...defaults, ...given(options) };
  const content = bstReadsContent(options);
  if (!id && !content && genres === false) {
    throw new UsageError('`id: false` leaves content to know items by, but `content` and `genres` are false', {
      option: 'content',
      remedy: 'Leave out one of them.',
    });
  }
  const dropped = checkShare('dropout', own.dropout);
  const width = checkInteger('width', own.width);
  return {
    ...{ id, content, genres, userFields, width, dropped },
    length: checkInteger('length', own.length),
    attention: attentionOf({ width, heads: own.heads, layers: 1, inner: width, dropout: dropped }),
    hidden: checkLayers('hidden', own.hidden),
    coldRate: checkShare('coldRate', own.coldRate),
    rerank: checkInteger('rerank', own.rerank, 0),
    clusters: checkInteger('clusters', own.clusters, 2),
    clusterBy: checkOneOf('clusterBy', own.clusterBy, clusterings),
  };
}

type Checked = ReturnType<typeof checked>;

/**
 * A transformer over the user's earlier ratings followed by the item to rate, with dense layers to
 * its rating (Chen et al. 2019; Siet et al. 2024); lists may draw in turn from clusters of movies,
 * which k-means finds from their genres.
 */
export const bstKmeans: PairDefinition<BstKmeansOptions, typeof defaults> = {
  ...{ reads: 'pairs', name: 'bst-kmeans', predicts: 'ratings', inTime: true, servesNewUsers: true },
  defaults,
  training: { batchSize: 256, epochs: 100, patience: 5, patienceSteps: 500, learningRate: 0.001, l2: 1e-5 },
  check: (options) => void checked(options),
  network: (options, space, seed) => network(checked(options), space, seed),
};

function network(own: Checked, space: PairSpace, seed: number): PairNetwork {
  const { training, known } = space;
  const { userCount, itemCount } = training;
  const content = itemContent(space, { streams: own.content, genres: own.genres });
  const fields = userParts(space, own.userFields);
  if (!own.id && content.streams.length + content.genreCount === 0) {
    throw new UsageError('`id: false` leaves nothing to know items by: there are no genres', { option: 'id' });
  }
  const histories = new Histories(training, 'users', true);
  const before = historyBefore(space);
  const isKnown = (item: number) => known[item] === 1;
  const places = own.length + 1;
  const clusterOf = own.rerank > 0 ? clustersOf(own, content, space, seed) : undefined;
  const met = own.rerank > 0 ? metItems(histories, userCount) : undefined;
  return {
    module: {
      name: 'bst-kmeans',
      build(tape) {
        const items = numbers(tape, sequenceInputs.items, 'positions');
        const parts = [
          ...(own.id ? [embedded(tape, items, itemCount, own.width)] : []),
          ...contentParts(tape, content, itemCount, own.width).map((part) => rows(tape, part, items)),
        ];
        const item = relu(tape, denseLayer(tape, 'item', concat(tape, parts), own.width));
        const ratings = tape.graph.input(ratingsInput, ['positions', 2]);
        const read = add(tape, item, denseLayer(tape, 'rating', ratings, own.width));
        const states = attentionBlocks(tape, read, places, own.attention, true);
        const users = numbers(tape, pairInputs.users, 'pairs');
        const joined = concat(tape, [
          reshape(tape, states, ['pairs', places * own.width]),
          ...fieldParts(tape, fields, users, userCount),
        ]);
        const last = own.hidden.reduce((x, units, index) => {
          const name = `dense-${index + 1}`;
          const sums = normalisationLayer(tape, `${name}/normalisation`, denseLayer(tape, name, x, units));
          return dropout(tape, leakyRelu(tape, sums, slope), own.dropped);
        }, joined);
        return ratingOf(tape, denseLayer(tape, 'output', last, 1, firstBias(space)), space);
      },
    },
    facts: new Map([...content.facts, ...fields.facts]),
    pairsAtOnce: 1 << 13,
    activations: (ratings) =>
      ratings *
      (places * (attentionUnits(own.attention, places) + 12 * own.width) + 6 * own.hidden.reduce((a, b) => a + b, 0)),
    learnt(batch, { uniform }, buffers) {
      const read = Array.from(batch, (row): Read => {
        const [user, item] = [training.users[row] as number, training.items[row] as number];
        return { user, item, history: before(histories.of(user), row), isShown: uniform() >= own.coldRate };
      });
      return {
        ...sequenceFeeds(read, own.length, space, buffers),
        [pairInputs.ratings]: ratingFeed(training.values, batch, buffers),
      };
    },
    asked({ users, items, guest }, buffers) {
      const ofGuest = guest && { others: guest.items, values: guest.values };
      const read = Array.from(users, (user, at): Read => {
        const item = items[at] as number;
        return {
          user,
          item,
          history: user === userCount ? (ofGuest ?? none) : histories.of(user),
          isShown: isKnown(item),
        };
      });
      return sequenceFeeds(read, own.length, space, buffers);
    },
    ranked:
      clusterOf &&
      ((pairs: AskedPairs, predictions) =>
        diverseScores(pairs, predictions, {
          clusterOf,
          length: own.rerank,
          isMet: (user, item) =>
            user === userCount ? (pairs.guest?.items.includes(item) ?? false) : (met?.[user]?.has(item) ?? false),
        })),
  };
}

const none: History = { others: new Int32Array(0), values: new Float32Array(0) };

/** The input for one rating, to learn or to predict it. */
interface Read {
  readonly user: number;
  readonly item: number;
  /** What the user rated before, oldest first. */
  readonly history: History;
  /** Whether the item's embedding is visible. */
  readonly isShown: boolean;
}

/** The embeddings of items, zeros where they are hidden: [positions, width]. */
function embedded(tape: Tape, items: Tensor, itemCount: number, width: number): Tensor {
  const table = tape.weight('items/embedding', [itemCount, width], uniformWithin(0.05));
  return timesConstant(tape, rows(tape, table, items), tape.graph.input(sequenceInputs.shown, ['positions', 1]));
}

/** The part of a user's history, in the order of time, before a row of the training ratings. */
function historyBefore({ training }: PairSpace): (history: History, row: number) => History {
  const { users, times = new Float64Array(0) } = training;
  const order = Int32Array.from(users.keys()).sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  const places = new Int32Array(users.length);
  const counts = new Int32Array(training.userCount);
  for (const row of order) {
    const user = users[row] as number;
    places[row] = counts[user] as number;
    counts[user] = (counts[user] as number) + 1;
  }
  return ({ others, values }, row) => ({
    others: others.subarray(0, places[row]),
    values: values.subarray(0, places[row]),
  });
}

/**
 * Histories side by side, padded at the front, with the item to rate in the last place.
 */
function sequenceFeeds(
  read: readonly Read[],
  length: number,
  { mean, known, training: { scale } }: PairSpace,
  buffers: FeedBuffers,
) {
  const places = length + 1;
  const positions = read.length * places;
  const items = buffers.integers(positions).fill(0);
  const shown = buffers.reals(positions).fill(0);
  const inside = buffers.reals(positions).fill(0);
  const ratings = buffers.reals(2 * positions).fill(0);
  const users = buffers.integers(read.length);
  const half = (scale.maximum - scale.minimum) / 2;
  for (const [row, { user, item, history, isShown }] of read.entries()) {
    users[row] = user;
    const count = Math.min(length, history.others.length);
    const first = history.others.length - count;
    for (let at = 0; at < count; at++) {
      const place = row * places + length - count + at;
      const other = history.others[first + at] as number;
      items[place] = other;
      shown[place] = known[other] as number;
      inside[place] = 1;
      ratings[2 * place] = ((history.values[first + at] as number) - mean) / half;
      ratings[2 * place + 1] = 1;
    }
    const last = row * places + length;
    items[last] = item;
    shown[last] = isShown ? 1 : 0;
    inside[last] = 1;
  }
  return {
    [sequenceInputs.items]: { data: items, shape: [positions] },
    [sequenceInputs.shown]: { data: shown, shape: [positions, 1] },
    [sequenceInputs.inside]: { data: inside, shape: [read.length, places] },
    [ratingsInput]: { data: ratings, shape: [positions, 2] },
    [pairInputs.users]: { data: users, shape: [read.length] },
  };
}

/** The cluster of each item, by its genres or its features as vectors of length 1. */
function clustersOf(
  { clusters, clusterBy }: Checked,
  content: ItemContent,
  { training: { itemCount } }: PairSpace,
  seed: number,
): (item: number) => number {
  const names =
    clusterBy === 'content'
      ? content.streams.map(({ name }) => itemFactNames.stream(name))
      : content.genreCount > 0
        ? [itemFactNames.genres]
        : [];
  if (names.length === 0) {
    throw new UsageError(`\`rerank\` clusters movies by ${clusterBy}, but there is none`, {
      option: 'rerank',
      remedy: 'Give a list of movies with genres, or `content: true` and features with `clusterBy: content`.',
    });
  }
  const tables = names.map((name) => content.facts.get(name) as Float32Array);
  const dimension = tables.reduce((sum, { length }) => sum + length / itemCount, 0);
  const vectors = new Float32Array(itemCount * dimension);
  let start = 0;
  for (const table of tables) {
    const width = table.length / itemCount;
    for (let item = 0; item < itemCount; item++) {
      vectors.set(table.subarray(item * width, (item + 1) * width), item * dimension + start);
    }
    start += width;
  }
  const { of } = kMeans(unitVectors({ vectors, dimension }), dimension, { k: Math.min(clusters, itemCount), seed });
  return (item) => of[item] as number;
}

function metItems(histories: Histories, userCount: number): ReadonlySet<number>[] {
  return Array.from({ length: userCount }, (_, user) => new Set(histories.of(user).others));
}
