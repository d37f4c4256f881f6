import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Feeds } from '../../autodiff/feeds.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { GenreTable } from '../../genres.ts';
import type { StepDraws, TrainingDefaults } from '../defined-training.ts';
import type { ItemVectors } from '../item-vectors.ts';
import type { NewUserRatings, TrainingRatings } from '../recommender.ts';
import type { UserFields } from './user-fields.ts';

/** What is known of items and users beside the ratings. */
export interface PairSources {
  /** Vectors of the items by stream of features; zeros where an item lacks the stream. */
  readonly streams?: ReadonlyMap<string, ItemVectors> | undefined;
  readonly genres?: GenreTable | undefined;
  /** The title of each item, empty where it has none. */
  readonly titles?: readonly string[] | undefined;
  readonly userFields?: UserFields | undefined;
}

/** What a network of pairs is made for. */
export interface PairSpace {
  /** What is learnt: the edges of a graph, the histories of users. */
  readonly training: TrainingRatings;
  /** Mean of the training ratings. */
  readonly mean: number;
  /** For each item 1 where a rating of it is learnt, else 0. */
  readonly known: Uint8Array;
  readonly sources: PairSources;
  /** Of a saved one: the values that it does not learn, by name; they stand for the sources. */
  readonly saved?: ReadonlyMap<string, Float32Array> | undefined;
}

/** Pairs to predict. The user `userCount` is one whom training has not met. */
export interface AskedPairs {
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** The ratings of the user whom training has not met. */
  readonly guest?: NewUserRatings | undefined;
}

/** A network that predicts the rating of a user and an item. */
export interface PairNetwork {
  readonly module: TrainableModule;
  /** First values that are not drawn, by name of the weights. */
  readonly facts: ReadonlyMap<string, Float32Array>;
  /** Pairs that are predicted in one run. */
  readonly pairsAtOnce: number;
  /** Numbers that a step holds, about, beside the weights. */
  activations(ratings: number): number;
  /** A batch to learn from: rows of the training ratings. */
  learnt(rows: Int32Array, draws: StepDraws, buffers: FeedBuffers): Feeds;
  asked(pairs: AskedPairs, buffers: FeedBuffers): Feeds;
  /**
   * Scores to rank by, of what was predicted, where a list is more than the best predictions.
   */
  readonly ranked?: ((pairs: AskedPairs, predictions: Float32Array) => Float32Array) | undefined;
}

/** All that is to be known of a recommender of pairs, but for its options' texts. */
export interface PairDefinition<Options = object, Defaults = object> {
  readonly reads: 'pairs';
  readonly name: string;
  readonly predicts: 'ratings';
  /** Whether it follows the order of time. */
  readonly inTime: boolean;
  /** Whether ratings of a user whom training has not met tell it something. */
  readonly servesNewUsers: boolean;
  /** Whether its steps must be computed on the CPU, where sums have one order. */
  readonly onlyCpu?: boolean | undefined;
  readonly training: TrainingDefaults;
  /** Of the options that have a value of their own when they are left out. */
  readonly defaults: Defaults;
  /** @throws UsageError naming the option that is wrong, or what is missing. */
  readonly network: (options: Options, space: PairSpace, seed: number) => PairNetwork;
  /** Checks the options alone. @throws UsageError naming the option that is wrong. */
  readonly check: (options: Options) => void;
}
