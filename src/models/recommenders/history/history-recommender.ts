import { UsageError } from '../../../core/errors.ts';
import { FeedBuffers } from '../../autodiff/feed-buffers.ts';
import type { Trainer } from '../../autodiff/trainer.ts';
import type { TrainingData, TrainingResult } from '../../autodiff/trainer-options.ts';
import { unitNumbers } from '../../autodiff/unit-numbers.ts';
import {
  guaranteeOf,
  type Privacy,
  type PrivacyGuarantee,
  type PrivacyOptions,
  privacyOf,
  stepsPerEpochOf,
} from '../../privacy/privacy-options.ts';
import { epochOrder } from '../batching.ts';
import { DefinedRecommender, type TrainedNetwork } from '../defined-recommender.ts';
import type { DefinedOptions, StepDraws, TrainingCost } from '../defined-training.ts';
import type { ItemVectors } from '../item-vectors.ts';
import { knownItems } from '../neural/training-set.ts';
import { cannotServe } from '../parts.ts';
import { gradientPrivacyOf, mostUnits, noValidation, privateBatches } from '../private-batches.ts';
import type { NewUserRatings, Predicts, TrainingRatings } from '../recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean } from '../recommender.ts';
import { Histories, type History } from './histories.ts';
import type { HistoryDefinition, HistoryNetwork, HistorySpace } from './history-network.ts';
import { fillUnknown, historyValidation, type JudgedHistories, rowsAtOnce } from './history-validation.ts';
import { contentVectorsName } from './item-table.ts';
import { checkPrivateHistories, type PrivateHistories } from './private-histories.ts';

/** How a recommender that reads histories is trained. */
export interface HistoryOptions extends DefinedOptions {
  /**
   * Makes the training differentially private with users as units; only for histories of users. All
   * epochs are run.
   */
  readonly privacy?: PrivacyOptions | undefined;
}

/** Maximum bytes of predicted rows that are kept. */
const keptBytes = 256 * 2 ** 20;

interface Trained extends TrainedNetwork, JudgedHistories {}

/**
 * A recommender whose network reads histories: all ratings of a user, or of an item, at once, as a
 * row of the rating matrix or as a sequence. It outputs a number for each item (user). It trains
 * and predicts in its own thread until it is closed.
 *
 * An item (user) without training ratings and without known content gets the mean of the
 * predicted row if it holds ratings, or its minimum if it holds scores.
 *
 * @example
 * declare const multiVae: HistoryDefinition<{ latent: number }>;
 * await using recommender = new HistoryRecommender(multiVae, { latent: 100 }, { seed: 1 });
 * await recommender.fit(training, validation);
 * const scores = await recommender.score(users, items);
 */
export class HistoryRecommender<Options extends object = object> extends DefinedRecommender<Options, Trained> {
  readonly predicts: Predicts;
  readonly #definition: HistoryDefinition<Options>;
  readonly #privacy: Privacy | undefined;
  #guarantee: PrivacyGuarantee | undefined;
  readonly #rows = new Map<number, Float32Array>();

  /** @throws UsageError when an option is out of range. */
  constructor(definition: HistoryDefinition<Options>, own: Options, options: HistoryOptions = {}) {
    const { privacy, ...others } = options;
    super(definition, own, others);
    this.predicts = definition.predicts;
    this.#definition = definition;
    const { side } = definition.network(this.own, smallestSpace);
    this.#privacy = privacy && privacyOf(privacy, options.seed ?? 1);
    if (this.#privacy) checkPrivateHistories(definition, side, this.#privacy);
  }

  /** The privacy guarantee of `fit`, if it was private. */
  get guarantee(): PrivacyGuarantee | undefined {
    return this.#guarantee;
  }

  /**
   * The privacy guarantee of `fit` on these ratings; undefined if it is not private.
   *
   * @throws UsageError when the ratings are wrong, or delta is too large for them.
   */
  guaranteeFor(training: TrainingRatings): PrivacyGuarantee | undefined {
    checkTrainingRatings(training);
    if (this.#privacy === undefined) return undefined;
    const network = this.#network(training, unknownContent(training));
    const learners = this.#learners(network, new Histories(training, network.side, this.#definition.inTime), training);
    return guaranteeOf(this.#privacy, { ...this.#courseOf(learners), epochs: this.epochs });
  }

  /**
   * Trains. `validation` controls the learning rate and when training ends; without it, all epochs
   * are run. If training fails, nothing is learnt and the thread has ended. A private training
   * takes no validation part, which would cost privacy too.
   *
   * @param content - of the items, for a network that reads it. A private training takes it to be
   * public: it must not be computed from the ratings.
   * @throws UsageError when the ratings are wrong, `memory-too-small` or `no-privacy`; what
   * `Trainer.fit` throws.
   */
  async fit(
    training: TrainingRatings,
    validation?: Pick<TrainingRatings, 'users' | 'items' | 'values'>,
    content?: ItemVectors,
  ): Promise<TrainingResult> {
    checkTrainingRatings(training);
    await this.close();
    const own = content ?? this.#definition.itemVectors?.(training, this.own, this.options.seed ?? 1);
    const network = this.#network(training, own);
    const histories = new Histories(training, network.side, this.#definition.inTime);
    const learners = this.#learners(network, histories, training);
    if (this.#privacy && validation && validation.values.length > 0) throw noValidation(this.name);
    const units = this.#units(network, histories, learners);
    const gradientPrivacy = this.#privacy && gradientPrivacyOf(this.#privacy, units);
    this.#guarantee = this.guaranteeFor(training);
    const keep = (trainer: Trainer) => this.#trained({ trainer, network, ratings: training, histories });
    const trained = await this.begin(network, this.#held(network, units), keep, { gradientPrivacy });
    const data = this.#privacy ? privateBatches(units, this.#privacy) : this.#batches(network, histories, learners);
    return this.train(trained, data, validation && historyValidation(this.predicts, trained, validation));
  }

  /**
   * Restores weights that `weights` returned, instead of training.
   *
   * @param training - what they were learnt from: its histories are read to predict.
   * @throws ModelError `weights` if one is missing, `shape` if one has a different size.
   */
  async restore(training: TrainingRatings, weights: ReadonlyMap<string, Float32Array>): Promise<void> {
    checkTrainingRatings(training);
    await this.close();
    const vectors = weights.get(contentVectorsName);
    const content = vectors && { vectors, dimension: vectors.length / training.itemCount };
    const network = this.#network(training, content);
    const histories = new Histories(training, network.side, this.#definition.inTime);
    await this.reopen(network, weights, (trainer) => this.#trained({ trainer, network, ratings: training, histories }));
  }

  /**
   * The cost of `fit` on these ratings, without the vectors of content.
   *
   * @throws UsageError when the ratings are wrong, or nothing can be learnt from them.
   */
  costOf(training: TrainingRatings): TrainingCost {
    checkTrainingRatings(training);
    const network = this.#network(training, unknownContent(training));
    const histories = new Histories(training, network.side, this.#definition.inTime);
    const learners = this.#learners(network, histories, training);
    const steps = this.#privacy
      ? stepsPerEpochOf(this.#courseOf(learners))
      : Math.ceil(learners.length / this.batchSize);
    return { ...this.#held(network, this.#units(network, histories, learners)), stepsPerEpoch: steps };
  }

  /**
   * Predicted ratings, within the scale, or scores of these pairs.
   *
   * @throws UsageError before `fit`, or when a user or an item is out of range.
   */
  async predict(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const scores = await this.score(users, items);
    return this.predicts === 'scores' ? scores : clipAll(scores, this.known().ratings.scale);
  }

  /** Predictions before `predict` clips them. @throws as `predict`. */
  async score(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const { ratings, network, histories } = this.known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const [owners, columns] = network.side === 'users' ? [users, items] : [items, users];
    const scores = new Float32Array(owners.length);
    const byOwner = new Map<number, number[]>();
    for (const [place, owner] of owners.entries()) {
      const row = this.#rows.get(owner);
      if (row !== undefined) {
        scores[place] = row[columns[place] as number] as number;
        continue;
      }
      const others = byOwner.get(owner);
      if (others === undefined) byOwner.set(owner, [place]);
      else others.push(place);
    }
    const missing = [...byOwner.keys()];
    const asked = missing.map((owner) => histories.of(owner));
    await this.#predictRows(asked, (index, row) => {
      const owner = missing[index] as number;
      for (const place of byOwner.get(owner) ?? []) scores[place] = row[columns[place] as number] as number;
      if (4 * row.length * (this.#rows.size + 1) > keptBytes) this.#rows.clear();
      this.#rows.set(owner, row);
    });
    return scores;
  }

  /** Whether it can serve users who were not in the training data. */
  get servesNewUsers(): boolean {
    return this.#definition.network(this.own, smallestSpace).side === 'users';
  }

  /**
   * Scores from the user's ratings, read as in training.
   *
   * @throws UsageError `no-new-users` if it reads the histories of items.
   */
  async scoreNewUser({ items: others, values }: NewUserRatings, items: Int32Array): Promise<Float32Array> {
    const { network } = this.known();
    if (network.side === 'items') throw cannotServe(this.name);
    const scores = new Float32Array(items.length);
    await this.#predictRows([{ others, values }], (_, row) => {
      for (const [place, item] of items.entries()) scores[place] = row[item] as number;
    });
    return scores;
  }

  /** Ends the thread. May be called again. */
  override async close(): Promise<void> {
    this.#rows.clear();
    await super.close();
  }

  #network(training: TrainingRatings, content: ItemVectors | undefined): HistoryNetwork {
    const { userCount, itemCount, scale } = training;
    if (this.#privacy) {
      // Only the steps may reveal anything about the ratings.
      const space = { userCount, itemCount, scale, mean: (scale.minimum + scale.maximum) / 2 };
      return this.#definition.network(this.own, { ...space, known: new Uint8Array(itemCount).fill(1), content });
    }
    const [mean, known] = [globalMean(training.values), knownItems(training)];
    const counts = new Float32Array(itemCount);
    for (const item of training.items) counts[item] = (counts[item] as number) + 1;
    return this.#definition.network(this.own, { userCount, itemCount, scale, mean, known, counts, content });
  }

  #trained(opened: Omit<Trained, 'learntColumns' | 'knownColumns'>): Trained {
    const { network, ratings } = opened;
    const columns = network.side === 'users' ? ratings.itemCount : ratings.userCount;
    const learntColumns = new Uint8Array(columns);
    if (this.#privacy) learntColumns.fill(1);
    for (const column of network.side === 'users' ? ratings.items : ratings.users) learntColumns[column] = 1;
    const knownColumns = learntColumns.map((learnt, column) => learnt || (network.described?.[column] ?? 0));
    return { ...opened, learntColumns, knownColumns };
  }

  #held(network: HistoryNetwork, units: PrivateHistories) {
    return this.heldInTraining(network, this.batchSize, this.#privacy && this.#fedToPrivateStep(network, units));
  }

  /** How many numbers the feeds and masks of a step have: each unit's own, and all joined. */
  #fedToPrivateStep({ module }: HistoryNetwork, { count, batchSize, feedsOf }: PrivateHistories): number {
    const feeds = feedsOf(0, this.drawsOf('memory', 0), new FeedBuffers());
    return 2 * mostUnits(count, batchSize) * unitNumbers(module, feeds);
  }

  #courseOf(learners: Int32Array) {
    return { units: learners.length, batchSize: this.batchSize };
  }

  /** The histories learnt from, as units of a private training. */
  #units(network: HistoryNetwork, histories: Histories, learners: Int32Array): PrivateHistories {
    const feedsOf = (unit: number, draws: StepDraws, buffers: FeedBuffers) =>
      network.learnt([histories.of(learners[unit] as number)], draws, buffers);
    return { count: learners.length, batchSize: this.batchSize, feedsOf };
  }

  #batches(network: HistoryNetwork, histories: Histories, learners: Int32Array): TrainingData {
    const { seed = 1 } = this.options;
    const size = this.batchSize;
    const stepsPerEpoch = Math.ceil(learners.length / size);
    const drawsOf = (step: number) => this.drawsOf('histories', step);
    return {
      rows: learners.length,
      *batches(epoch, from, buffers) {
        const order = epochOrder(learners, epoch, { seed });
        for (let start = from * size; start < order.length; start += size) {
          const places = order.subarray(start, start + size);
          const own = Array.from(places, (place) => histories.of(learners[place] as number));
          const draws = drawsOf(epoch * stepsPerEpoch + start / size);
          yield { rows: own.length, feeds: network.learnt(own, draws, buffers) };
        }
      },
    };
  }

  /**
   * The users (items) whose histories are long enough to learn from. @throws UsageError if there
   * are none.
   */
  #learners(network: HistoryNetwork, histories: Histories, ratings: TrainingRatings): Int32Array {
    const count = network.side === 'users' ? ratings.userCount : ratings.itemCount;
    const isEnough = ({ others, values }: History): boolean =>
      this.predicts === 'ratings'
        ? others.length >= network.shortest
        : values.reduce((sum, value) => sum + (network.isChosen(value) ? 1 : 0), 0) >= network.shortest;
    const learners = Int32Array.from({ length: count }, (_, owner) => owner).filter((owner) =>
      isEnough(histories.of(owner)),
    );
    if (learners.length > 0) return learners;
    throw new UsageError(`none of the ${count} ${network.side} has enough ratings for ${this.name} to learn from`, {
      code: 'ratings',
      remedy: 'Give more ratings, or lower `likedAbove` if the recommender has that option.',
    });
  }

  /** Calls `tell` with the predicted row of each history, with unknown columns filled in. */
  async #predictRows(histories: readonly History[], tell: (index: number, row: Float32Array) => void): Promise<void> {
    const { trainer, network, knownColumns } = this.known();
    const width = knownColumns.length;
    const atOnce = rowsAtOnce(width);
    for (let from = 0; from < histories.length; from += atOnce) {
      const part = histories.slice(from, from + atOnce);
      const output = await trainer.predict(network.asked(part, trainer.buffers));
      for (const place of part.keys()) {
        const row = output.slice(place * width, (place + 1) * width);
        fillUnknown(row, knownColumns, this.predicts);
        tell(from + place, row);
      }
    }
  }
}

/** Stands for content where nothing depends on what it is. */
function unknownContent({ itemCount }: TrainingRatings): ItemVectors {
  return { vectors: new Float32Array(itemCount), dimension: 1 };
}

/** The options are checked before there are data. */
const smallestSpace: HistorySpace = {
  ...{ userCount: 1, itemCount: 1, scale: { minimum: 0, maximum: 1 }, mean: 0.5 },
  known: Uint8Array.of(1),
  content: { vectors: Float32Array.of(1), dimension: 1 },
};
