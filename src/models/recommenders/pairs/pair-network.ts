import type { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Feeds } from '../../autodiff/feeds.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import type { GenreTable } from '../../genres.ts';
import type { StepDraws, TrainingDefaults } from '../defined-training.ts';
import type { ItemVectors } from '../item-vectors.ts';
import type { NewUserRatings, TrainingRatings } from '../recommender.ts';
import type { UserFields } from './user-fields.ts';

/** What is known about items and users beside the ratings. */
export interface PairSources {
  /** Vectors of the items by stream of features; zeros where an item lacks the stream. */
  readonly streams?: ReadonlyMap<string, ItemVectors> | undefined;
  readonly genres?: GenreTable | undefined;
  /** The title of each item, empty where it has none. */
  readonly titles?: readonly string[] | undefined;
  /** The year of each item, if it is known. */
  readonly years?: readonly (number | undefined)[] | undefined;
  readonly userFields?: UserFields | undefined;
}

/** The data that a network of pairs is built for. */
export interface PairSpace {
  /** The training ratings: the edges of a graph, the histories of users. */
  readonly training: TrainingRatings;
  /** Mean of the training ratings. */
  readonly mean: number;
  /** For each item 1 if it has training ratings, else 0. */
  readonly known: Uint8Array;
  readonly sources: PairSources;
  /** The constant values of a saved network by name, which replace the sources. */
  readonly saved?: ReadonlyMap<string, Float32Array> | undefined;
}

/** Pairs to predict. User number `userCount` is one who was not in the training data. */
export interface AskedPairs {
  readonly users: Int32Array;
  readonly items: Int32Array;
  /** When each is asked about, in seconds since 1970; otherwise when the user last rated. */
  readonly times?: Float64Array | undefined;
  /** The ratings of the user who was not in the training data. */
  readonly guest?: NewUserRatings | undefined;
}

/** A network that predicts the rating of a user and an item. */
export interface PairNetwork {
  readonly module: TrainableModule;
  /** Initial values that are not random, by name of the weights. */
  readonly facts: ReadonlyMap<string, Float32Array>;
  /** Pairs that are predicted in one run. */
  readonly pairsAtOnce: number;
  /** Approximate number of values that a step holds beside the weights. */
  activations(ratings: number): number;
  /** A batch to learn from: rows of the training ratings. */
  learnt(rows: Int32Array, draws: StepDraws, buffers: FeedBuffers): Feeds;
  asked(pairs: AskedPairs, buffers: FeedBuffers): Feeds;
  /**
   * Scores to rank by, from the predictions, if a list is more than the best predictions.
   */
  readonly ranked?: ((pairs: AskedPairs, predictions: Float32Array) => Float32Array) | undefined;
}

/** Everything about a recommender of pairs except the help of its options. */
export interface PairDefinition<Options = object, Defaults = object> {
  readonly reads: 'pairs';
  readonly name: string;
  readonly predicts: 'ratings';
  /** Whether it reads ratings in the order of their times. */
  readonly inTime: boolean;
  /** Whether it can use the ratings of a user who was not in the training data. */
  readonly servesNewUsers: boolean;
  /** Whether its steps must be computed on the CPU, where sums have one order. */
  readonly onlyCpu?: boolean | undefined;
  readonly training: TrainingDefaults;
  /** Default values of options. */
  readonly defaults: Defaults;
  /** @throws UsageError naming the option that is wrong, or what is missing. */
  readonly network: (options: Options, space: PairSpace, seed: number) => PairNetwork;
  /** Checks the options alone. @throws UsageError naming the option that is wrong. */
  readonly check: (options: Options) => void;
}
