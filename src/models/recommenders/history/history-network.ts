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
  /** For each item 1 if it has training ratings, else 0. */
  readonly known: Uint8Array;
  /** For each item how many ratings of it are learnt; default: as `known` says. */
  readonly counts?: Float32Array | undefined;
  /** Content of the items, for a network that reads it. */
  readonly content: ItemVectors | undefined;
}

/** A network that reads the history of a user (an item) and gives a number for each item (user). */
export interface HistoryNetwork {
  readonly side: HistorySide;
  readonly module: TrainableModule;
  /** Initial values that are not random, by name of the weights. */
  readonly facts: ReadonlyMap<string, Float32Array>;
  /** For each item 1 where its content is known; undefined where a network reads none. */
  readonly described: Uint8Array | undefined;
  /** Ratings that a history must have to be learnt from. */
  readonly shortest: number;
  /** Of scores: whether a rating says that the item was chosen. */
  readonly isChosen: (value: number) => boolean;
  /** Of scores: length of the lists that validation looks at. */
  readonly listLength: number;
  /** Approximate number of values that a step of that many histories holds beside the weights. */
  activations(histories: number): number;
  /** A batch to learn from. */
  learnt(histories: readonly History[], draws: StepDraws, buffers: FeedBuffers): Feeds;
  /** A batch to predict; the output has a row for each history. */
  asked(histories: readonly History[], buffers: FeedBuffers): Feeds;
}

/** Everything about a recommender of histories except the help of its options. */
export interface HistoryDefinition<Options = object, Defaults = object> {
  readonly name: string;
  readonly predicts: Predicts;
  /** Whether it reads ratings in the order of their times. */
  readonly inTime: boolean;
  /** Whether it reads how often items were rated. Default no. */
  readonly readsCounts?: boolean | undefined;
  /** Vectors of the items that it makes from the training ratings, and reads as content. */
  readonly itemVectors?: ((training: TrainingRatings, options: Options, seed: number) => ItemVectors) | undefined;
  readonly training: TrainingDefaults;
  /** Default values of options. */
  readonly defaults: Defaults;
  /** @throws UsageError naming the option that is wrong. */
  readonly network: (options: Options, space: HistorySpace) => HistoryNetwork;
}

/** Options of which these have a value. */
export type Filled<Options, Keys extends keyof Options> = Omit<Options, Keys> & Resolved<Pick<Options, Keys>>;

/** A definition of which the network is made of options that have their defaults. */
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
