import { checkInteger, checkPositive } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, glorotUniform, uniformWithin } from '../../autodiff/initialisers.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { add, affine } from '../../autodiff/operations/arithmetic.ts';
import { addConstant, timesConstant } from '../../autodiff/operations/broadcast.ts';
import { maximumOverSteps, timesColumn } from '../../autodiff/operations/by-row.ts';
import { classLoss } from '../../autodiff/operations/cross-entropy.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { relu, sigmoid, tanh } from '../../autodiff/operations/elementwise.ts';
import { matmul } from '../../autodiff/operations/matmul.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import { reshape, transpose } from '../../autodiff/operations/shapes.ts';
import { softmax } from '../../autodiff/operations/softmax.ts';
import type { Tape } from '../../autodiff/tape.ts';
import { type Attention, attentionBlocks, attentionOf, attentionUnits } from './attention.ts';
import type { History } from './histories.ts';
import { defineHistoryRecommender, type HistoryNetwork, type HistorySpace } from './history-network.ts';
import { contentVectorsName, itemsDescribed } from './item-table.ts';
import { type Sequence, sequenceFeeds, sequenceInputs } from './sequences.ts';

/** Options of `m5`. */
export interface M5Options {
  /** Maximum number of items of a history that are read; default 50. */
  readonly length?: number | undefined;
  /** Width of the vectors of items, default 64. */
  readonly width?: number | undefined;
  /** Attention heads; default 2. */
  readonly heads?: number | undefined;
  /** Dropout of the input, of attention and of what a block adds; default 0.2. */
  readonly dropout?: number | undefined;
  /** Number of interests per user; default 4. */
  readonly interests?: number | undefined;
  /** Whether there is a content tower beside the id tower; default true. */
  readonly content?: boolean | undefined;
  /** Weight of the content tower's own loss; default 0.3. */
  readonly contentLoss?: number | undefined;
  /**
   * Share of the id tower in the score of a rated item: `count` (default), learnt as a function of
   * its number of ratings, or a number.
   */
  readonly gate?: 'count' | number | undefined;
  /** Items rated above this count as chosen. Default: every rating. */
  readonly likedAbove?: number | undefined;
}

/** Default values of the options. */
const defaults = {
  ...{ length: 50, width: 64, heads: 2, dropout: 0.2, interests: 4 },
  ...{ content: true, contentLoss: 0.3, gate: 'count' as const },
};

/** ln(1 + number of ratings) of each item. */
const countsName = 'items/log-counts';
/** Units of the layer that computes a gate from a count. */
const gateUnits = 8;

/** A fixed gate, or `count`. */
function gateOf(gate: 'count' | number): 'count' | number {
  if (gate === 'count' || (typeof gate === 'number' && gate >= 0 && gate <= 1)) return gate;
  throw new UsageError(`\`gate\` must be count, or a number from 0 to 1, but is ${gate}`, { option: 'gate' });
}

/**
 * M5 (Zhao et al. 2023), reduced: an id tower and a content tower read the history of a user in the
 * same way; each computes several interests, an item is scored by the interest that fits it best,
 * and the towers are mixed according to the item's number of ratings. For unrated items only
 * content counts.
 */
export const m5 = defineHistoryRecommender<M5Options, keyof typeof defaults>({
  ...{ name: 'm5', predicts: 'scores', inTime: true, readsCounts: true },
  defaults,
  training: { batchSize: 64, epochs: 200, patience: 10, patienceSteps: 200, learningRate: 0.001, l2: 0 },
  network(options, space) {
    const { content, width, heads, dropout } = options;
    const length = checkInteger('length', options.length, 2);
    const attention = attentionOf({ width, heads, layers: 1, inner: width, dropout });
    const interests = checkInteger('interests', options.interests);
    const contentLoss = checkPositive('contentLoss', options.contentLoss, { zero: true });
    return network({ length, attention, interests, contentLoss, content, gate: gateOf(options.gate) }, options, space);
  },
});

interface Checked {
  readonly length: number;
  readonly attention: Attention;
  readonly interests: number;
  readonly contentLoss: number;
  readonly content: boolean;
  readonly gate: 'count' | number;
}

function network(own: Checked, { likedAbove }: M5Options, space: HistorySpace): HistoryNetwork {
  const { itemCount, known } = space;
  const { length, attention, interests } = own;
  const above = likedAbove ?? Number.NEGATIVE_INFINITY;
  const isChosen = (rating: number): boolean => rating > above;
  const chosen = ({ others, values }: History): number[] =>
    Array.from(others).filter((_, place) => isChosen(values[place] as number));
  const counts = Float32Array.from(space.counts ?? known, (count) => Math.log1p(count));
  const facts = new Map<string, Float32Array>([[countsName, counts]]);
  if (own.content) {
    if (space.content === undefined) {
      throw new UsageError('m5 knows items by their content, but there are no features', {
        code: 'missing-features',
        remedy: 'Give features, or `content: false`.',
      });
    }
    facts.set(contentVectorsName, space.content.vectors);
  }
  return {
    side: 'users',
    module: {
      name: 'm5',
      build(tape) {
        const { graph } = tape;
        const logCounts = tape.statistic(countsName, [itemCount, 1], filled(0));
        const has = graph.emit('Sign', [logCounts], [itemCount, 1]);
        const turned = graph.emit('Transpose', [has], [1, itemCount], { perm: [1, 0] });
        const away = graph.multiply(graph.subtract(turned, graph.real(1)), graph.real(1e9));
        const targets = graph.cast(graph.input(sequenceInputs.targets, ['asked'], 'int32'), 'int64');
        const embedding = tape.weight('items/embedding', [itemCount, attention.width], uniformWithin(0.05));
        const ids = timesConstant(tape, embedding, has);
        const byId = tower(tape, 'ids/', ids, own);
        const judged = (scores: Tensor) => classLoss(tape, addConstant(tape, scores, away), targets);
        if (space.content === undefined || !own.content) return { output: byId, loss: judged(byId) };
        const { dimension } = space.content;
        const vectors = tape.statistic(contentVectorsName, [itemCount, dimension], filled(0));
        const items = dense(tape, vectors, tape.weight('content/kernel', [dimension, attention.width], glorotUniform));
        const byContent = tower(tape, 'content/', items, own);
        const share = gateOfItems(tape, logCounts, has, own.gate);
        const mixed = (scores: Tensor, shares: Tensor): Tensor =>
          transpose(tape, timesColumn(tape, transpose(tape, scores, [1, 0]), shares), [1, 0]);
        const output = add(tape, mixed(byId, share), mixed(byContent, affine(tape, share, -1, 1)));
        const penalty = own.contentLoss === 0 ? undefined : affine(tape, judged(byContent), own.contentLoss);
        return { output, loss: judged(output), penalty };
      },
    },
    facts,
    described: own.content ? itemsDescribed(space) : undefined,
    ...{ shortest: 2, listLength: 10, isChosen },
    activations: (histories) =>
      2 * histories * (length * (attentionUnits(attention, length) + 4 * attention.width) + 6 * interests * itemCount) +
      8 * itemCount * attention.width,
    learnt(histories, { uniform }, buffers) {
      const lessons = histories.map((history): Sequence => {
        const items = chosen(history);
        const target = 1 + Math.floor(uniform() * (items.length - 1));
        const read = items.slice(Math.max(0, target - length), target);
        return { items: read, asked: [read.length - 1], targets: [items[target] as number] };
      });
      return sequenceFeeds(lessons, length, true, buffers);
    },
    asked(histories, buffers) {
      const questions = histories.map((history): Sequence => {
        const items = chosen(history).slice(-length);
        return { items, asked: [Math.max(0, items.length - 1)], targets: [] };
      });
      const { [sequenceInputs.targets]: _targets, ...feeds } = sequenceFeeds(questions, length, true, buffers);
      return feeds;
    },
  };
}

/**
 * The scores of all items by one tower: [histories, items], each by the interest that fits the item
 * best. Interests are means of the states by additive attention (Cen et al. 2020).
 */
function tower(tape: Tape, prefix: string, items: Tensor, { length, attention, interests }: Checked): Tensor {
  const { graph } = tape;
  const { width } = attention;
  const itemCount = items.shape[0] as number;
  const places = graph.cast(graph.input(sequenceInputs.items, ['positions'], 'int32'), 'int64');
  const shown = graph.input(sequenceInputs.shown, ['positions', 1]);
  const read = timesConstant(tape, rows(tape, items, places), shown);
  const states = attentionBlocks(tape, read, length, attention, true, prefix);
  const kernel = tape.weight(`${prefix}interests/kernel`, [width, interests], glorotUniform);
  const match = dense(tape, tanh(tape, denseLayer(tape, `${prefix}interests/hidden`, states, width)), kernel);
  const byInterest = transpose(tape, reshape(tape, match, ['asked', length, interests]), [0, 2, 1]);
  const inside = graph.reshape(graph.input(sequenceInputs.inside, ['histories', length]), ['asked', 1, length]);
  const outside = graph.multiply(graph.subtract(inside, graph.real(1)), graph.real(1e9));
  const shares = softmax(tape, addConstant(tape, byInterest, outside));
  const vectors = matmul(tape, shares, reshape(tape, states, ['asked', length, width]));
  const flat = reshape(tape, vectors, ['interests', width]);
  const scores = dense(tape, flat, transpose(tape, items, [1, 0]));
  return maximumOverSteps(tape, reshape(tape, scores, ['asked', interests, itemCount]));
}

/** The share of ids in the score of each item: [items, 1], 0 for an item without ratings. */
function gateOfItems(tape: Tape, logCounts: Tensor, has: Tensor, gate: 'count' | number): Tensor {
  if (gate !== 'count') return tape.graph.multiply(has, tape.graph.real(gate));
  const hidden = relu(tape, denseLayer(tape, 'gate/hidden', logCounts, gateUnits));
  return timesConstant(tape, sigmoid(tape, denseLayer(tape, 'gate/output', hidden, 1)), has);
}
