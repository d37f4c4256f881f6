import { checkInteger, checkOneOf } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import { given } from '../../../core/given.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { denseLayer } from '../../autodiff/layers.ts';
import { multiply } from '../../autodiff/operations/arithmetic.ts';
import { concat } from '../../autodiff/operations/concat.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { dropout } from '../../autodiff/operations/dropout.ts';
import { relu, tanh } from '../../autodiff/operations/elementwise.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import { rowSums } from '../../autodiff/operations/sums.ts';
import type { Tape } from '../../autodiff/tape.ts';
import { checkShare } from '../history/checks.ts';
import { contentParts, itemContent } from './item-content.ts';
import type { PairDefinition, PairNetwork, PairSpace } from './pair-network.ts';
import { firstBias, numbers, pairInputs, ratingOf } from './rating-head.ts';
import { ShownPairs } from './shown-pairs.ts';
import { titleNetwork, titlesOf } from './title-network.ts';
import { fieldParts, userParts } from './user-parts.ts';

/** How a rating is computed from the features of a user and of an item. */
export const multimodalOutputs = ['dense', 'dot'] as const;

/** Options of `multimodal-cnn`; their defaults are `defaults`. */
export interface MultimodalCnnOptions {
  /** Width of the embeddings and of the features of each input. */
  readonly width?: number | undefined;
  /**
   * Units of the layers that join the inputs of a user, and of an item.
   */
  readonly joint?: number | undefined;
  /** `dense`: a dense layer of 64 over both; `dot`: their product. */
  readonly output?: (typeof multimodalOutputs)[number] | undefined;
  /** Dropout of the joint layers and of the title's features. */
  readonly dropout?: number | undefined;
  /** Whether users and items have embeddings of their own. */
  readonly id?: boolean | undefined;
  /** Whether features of the items are read. */
  readonly content?: boolean | undefined;
  /** Whether these are read; default: if they are known. */
  readonly genres?: boolean | undefined;
  readonly titles?: boolean | undefined;
  readonly userFields?: boolean | undefined;
  /** Share of the ratings that are learnt without their item's embedding. */
  readonly coldRate?: number | undefined;
}

/** Default values of the options. */
const defaults = {
  ...{ width: 32, joint: 200, output: 'dense' as const, dropout: 0.5 },
  ...{ id: true, content: true, coldRate: 0.2 },
};

/** Units of the dense layer of the output. */
const outputUnits = 64;

function checked(options: MultimodalCnnOptions) {
  const { id, content, genres, titles, userFields, ...own } = { ...defaults, ...given(options) };
  return {
    ...{ id, content, genres, titles, userFields },
    width: checkInteger('width', own.width),
    joint: checkInteger('joint', own.joint),
    output: checkOneOf('output', own.output, multimodalOutputs),
    dropped: checkShare('dropout', own.dropout),
    coldRate: checkShare('coldRate', own.coldRate),
  };
}

type Checked = ReturnType<typeof checked>;

/**
 * A network of many inputs after Mu and Wu (2023), in the form of the public pipeline that it
 * resembles: ids, fields of users, genres, titles by a convolution over their words, and vectors of
 * pictures or sound, joined for the user and for the item, make a rating.
 */
export const multimodalCnn: PairDefinition<MultimodalCnnOptions, typeof defaults> = {
  ...{ reads: 'pairs', name: 'multimodal-cnn', predicts: 'ratings', inTime: false, servesNewUsers: false },
  defaults,
  training: { batchSize: 256, epochs: 100, patience: 5, patienceSteps: 500, learningRate: 0.001, l2: 1e-5 },
  check: (options) => void checked(options),
  network: (options, space) => network(checked(options), space),
};

function network(own: Checked, space: PairSpace): PairNetwork {
  const { userCount, itemCount } = space.training;
  const content = itemContent(space, { streams: own.content, genres: own.genres });
  const titles = titlesOf(space, own.titles);
  const fields = userParts(space, own.userFields);
  const ofItems = content.streams.length + content.genreCount + titles.wordCount;
  if (!own.id && (ofItems === 0 || fields.counts.length === 0)) {
    throw new UsageError('`id: false` leaves a network that knows nothing of users, or nothing of items', {
      option: 'id',
      remedy: 'Give a list of users and a list of movies or features, or leave out `id`.',
    });
  }
  const pairs = new ShownPairs(space, own.coldRate, own.id ? ['users', 'items'] : []);
  return {
    module: {
      name: 'multimodal-cnn',
      build(tape) {
        const users = numbers(tape, pairInputs.users, 'pairs');
        const items = numbers(tape, pairInputs.items, 'pairs');
        const ofUser = [
          ...(own.id ? [pairs.embedded(tape, 'users', users, own.width)] : []),
          ...fieldParts(tape, fields, users, userCount),
        ];
        const user = ofUser.map((part, place) =>
          relu(tape, denseLayer(tape, `user/part-${place + 1}`, part, own.width)),
        );
        const item = [
          ...(own.id
            ? [pairs.embedded(tape, 'items', items, own.width)].map((part) =>
                relu(tape, denseLayer(tape, 'item/id', part, own.width)),
              )
            : []),
          ...contentParts(tape, content, itemCount, own.width).map((part) => rows(tape, part, items)),
          ...(titles.wordCount > 0 ? [dropout(tape, titleNetwork(tape, titles, items, itemCount), own.dropped)] : []),
        ];
        const joined = (name: string, parts: readonly Tensor[]) =>
          dropout(tape, tanh(tape, denseLayer(tape, name, concat(tape, parts), own.joint)), own.dropped);
        return ratingOf(tape, match(tape, joined('user/joint', user), joined('item/joint', item), own, space), space);
      },
    },
    facts: new Map([...content.facts, ...titles.facts, ...fields.facts]),
    pairsAtOnce: 1 << 14,
    activations: (ratings) =>
      ratings * (8 * own.joint + 20 * own.width + (titles.wordCount > 0 ? 15 * (2 * 32 + 6 * 14 * 8) : 0)) +
      itemCount * own.width * 4 * (content.streams.length + (content.genreCount > 0 ? 1 : 0)),
    learnt: (batch, draws, buffers) => pairs.learnt(batch, draws, buffers),
    asked: (wanted, buffers) => pairs.asked(wanted, buffers),
  };
}

/** One number for each pair, which a sigmoid turns into a rating. */
function match(tape: Tape, user: Tensor, item: Tensor, { output, dropped }: Checked, space: PairSpace): Tensor {
  if (output === 'dense') {
    const hidden = relu(tape, denseLayer(tape, 'match', concat(tape, [user, item]), outputUnits));
    return denseLayer(tape, 'output', dropout(tape, hidden, dropped), 1, firstBias(space));
  }
  const bias = tape.weight('output/bias', [1], firstBias(space));
  return dense(tape, rowSums(tape, multiply(tape, user, item)), tape.graph.real([1], [1, 1]), bias);
}
