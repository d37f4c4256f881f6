import { given, type Resolved } from '../../../core/given.ts';
import type { RatingScale } from '../../../core/rating-scale.ts';
import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Feeds } from '../../autodiff/feeds.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { StepDraws, TrainingDefaults } from '../defined-training.ts';
import type { ItemVectors } from '../item-vectors.ts';
import type { Predicts, TrainingRatings } from '../recommender.ts';
import type { History, HistorySide } from './histories.ts';

/** The data that a network of histories is built for. */
export interface HistorySpace {
  readonly userCount: number;
  readonly itemCount: number;
  readonly scale: RatingScale;
  /** Mean of the training ratings. */
  readonly mean: number;
  /** 1 for each item that has training ratings, else 0. */
  readonly known: Uint8Array;
  /** Number of training ratings of each item. Default: `known`. */
  readonly counts?: Float32Array | undefined;
  /** Content of the items, for a network that reads it. */
  readonly content: ItemVectors | undefined;
}

/** A network that reads the history of a user (item) and outputs a number for each item (user). */
export interface HistoryNetwork {
  readonly side: HistorySide;
  readonly module: TrainableModule;
  /** Initial values that are not random, by name of the weights. */
  readonly facts: ReadonlyMap<string, Float32Array>;
  /** 1 for each item whose content is known; undefined if the network reads no content. */
  readonly described: Uint8Array | undefined;
  /** Minimum number of ratings of a history used in training. */
  readonly shortest: number;
  /** For networks that predict scores: whether a rating counts as a choice of the item. */
  readonly isChosen: (value: number) => boolean;
  /** For networks that predict scores: length of the lists that validation judges. */
  readonly listLength: number;
  /** Approximate number of values that a step of `histories` holds besides the weights. */
  activations(histories: number): number;
  /** A batch to learn from. */
  learnt(histories: readonly History[], draws: StepDraws, buffers: FeedBuffers): Feeds;
  /** A batch to predict from; the output has a row for each history. */
  asked(histories: readonly History[], buffers: FeedBuffers): Feeds;
}

/** Everything about a recommender that reads histories, except the help of its options. */
export interface HistoryDefinition<Options = object, Defaults = object> {
  readonly name: string;
  readonly predicts: Predicts;
  /** Whether it reads ratings ordered by time. */
  readonly inTime: boolean;
  /** Whether it reads how often items were rated. Default false. */
  readonly readsCounts?: boolean | undefined;
  /** Computes item vectors from the training ratings, which it then reads as content. */
  readonly itemVectors?: ((training: TrainingRatings, options: Options, seed: number) => ItemVectors) | undefined;
  readonly training: TrainingDefaults;
  /** Default values of the options. */
  readonly defaults: Defaults;
  /** @throws UsageError naming the invalid option. */
  readonly network: (options: Options, space: HistorySpace) => HistoryNetwork;
}

/** Options in which these have a value. */
export type Filled<Options, Keys extends keyof Options> = Omit<Options, Keys> & Resolved<Pick<Options, Keys>>;

/** A definition whose network is made from options with their defaults filled in. */
export function defineHistoryRecommender<Options extends object, Keys extends keyof Options>(
  definition: Omit<HistoryDefinition<Options, Resolved<Pick<Options, Keys>>>, 'network' | 'itemVectors'> & {
    readonly itemVectors?:
      | ((training: TrainingRatings, options: Filled<Options, Keys>, seed: number) => ItemVectors)
      | undefined;
    readonly network: (options: Filled<Options, Keys>, space: HistorySpace) => HistoryNetwork;
  },
): HistoryDefinition<Options, Resolved<Pick<Options, Keys>>> {
  const { defaults, network } = definition;
  const filled = (options: Options) => ({ ...defaults, ...given(options) }) as Filled<Options, Keys>;
  return {
    ...definition,
    network: (options, space) => network(filled(options), space),
    itemVectors:
      definition.itemVectors &&
      ((training, options, seed) => definition.itemVectors?.(training, filled(options), seed) as ItemVectors),
  };
}
