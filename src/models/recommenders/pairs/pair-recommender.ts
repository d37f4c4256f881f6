import type { Trainer } from '../../autodiff/trainer.ts';
import type { EvaluationBatch, TrainingData, TrainingResult } from '../../autodiff/trainer-options.ts';
import { epochOrder } from '../batching.ts';
import { DefinedRecommender, type TrainedNetwork } from '../defined-recommender.ts';
import type { DefinedOptions } from '../defined-training.ts';
import { knownItems } from '../neural/training-set.ts';
import { cannotServe } from '../parts.ts';
import type { NewUserRatings, TrainingRatings } from '../recommender.ts';
import { checkPairs, checkTrainingRatings, clipAll, globalMean } from '../recommender.ts';
import type { AskedPairs, PairDefinition, PairNetwork, PairSources } from './pair-network.ts';

interface Trained extends TrainedNetwork {
  readonly network: PairNetwork;
}

/**
 * A recommender whose network predicts the rating of a pair from the user, the item, and what is
 * known about both. It trains and predicts in a thread of its own until it is closed. Facts that
 * are not trained (genres, vectors of features, fields of users) are kept among its weights.
 *
 * @example
 * declare const gat: PairDefinition<{ heads: number }>;
 * declare const sources: PairSources;
 * await using recommender = new PairRecommender(gat, { heads: 4 }, { seed: 1 });
 * await recommender.fit(training, validation, sources);
 * const predicted = await recommender.predict(users, items);
 */
export class PairRecommender<Options extends object = object> extends DefinedRecommender<Options, Trained> {
  readonly predicts = 'ratings';
  readonly #definition: PairDefinition<Options>;

  /** @throws UsageError when an option is out of range. */
  constructor(definition: PairDefinition<Options>, own: Options, options: DefinedOptions = {}) {
    super(definition, own, options);
    this.#definition = definition;
    definition.check(this.own);
  }

  /**
   * The cost of `fit` on these ratings, as far as it is known without the sources, which decide how
   * much is held.
   */
  costOf({ values }: Pick<TrainingRatings, 'values'>): { readonly stepsPerEpoch: number; readonly bytes: undefined } {
    return { stepsPerEpoch: Math.ceil(values.length / this.batchSize), bytes: undefined };
  }

  /** Whether it can serve users who were not in the training data. */
  get servesNewUsers(): boolean {
    return this.#definition.servesNewUsers;
  }

  /**
   * Trains. `validation` decides the end of training; without it all epochs are run. If it fails,
   * nothing has been learnt and its thread has ended.
   *
   * @throws UsageError when the ratings are wrong, what the network reads is missing, or
   * `memory-too-small`; what `Trainer.fit` throws.
   */
  async fit(
    training: TrainingRatings,
    validation?: Pick<TrainingRatings, 'users' | 'items' | 'values' | 'times'>,
    sources: PairSources = {},
  ): Promise<TrainingResult> {
    checkTrainingRatings(training);
    await this.close();
    const network = this.#network(training, sources, undefined);
    const held = this.heldInTraining(network, Math.min(this.batchSize, training.values.length));
    const { device, onMessage } = this.options;
    const staysHere = this.#definition.onlyCpu === true && device !== undefined && device !== 'cpu';
    if (staysHere) onMessage?.(`${this.name} is trained on the CPU, where its sums have one order`);
    const keep = (trainer: Trainer) => ({ trainer, network, ratings: training });
    const trained = await this.begin(network, held, keep, { device: staysHere ? 'cpu' : device });
    const judged = validation && validation.values.length > 0 ? this.#validation(network, validation) : undefined;
    return this.train(trained, this.#batches(trained), judged);
  }

  /**
   * Restores weights that `weights` returned, instead of training.
   *
   * @param training what they were learnt from.
   * @throws ModelError `weights` when one is missing, `shape` when one has another size.
   */
  async restore(training: TrainingRatings, weights: ReadonlyMap<string, Float32Array>): Promise<void> {
    checkTrainingRatings(training);
    await this.close();
    const network = this.#network(training, {}, weights);
    await this.reopen(network, weights, (trainer) => ({ trainer, network, ratings: training }));
  }

  /**
   * Ratings of these pairs, inside the scale.
   *
   * @param times when they are given, in seconds since 1970, for networks that read it.
   * @throws UsageError before `fit`, or when a user or an item is out of range.
   */
  async predict(users: Int32Array, items: Int32Array, times?: Float64Array): Promise<Float32Array> {
    const { ratings } = this.known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    return clipAll(await this.#predicted({ users, items, times }), ratings.scale);
  }

  /** What lists are ordered by: the predictions, or the network's own scores. */
  async score(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const { ratings, network } = this.known();
    checkPairs(users, items, ratings.userCount, ratings.itemCount);
    const predictions = await this.#predicted({ users, items });
    return network.ranked?.({ users, items }, predictions) ?? predictions;
  }

  /** From the ratings of the user; nothing is trained. @throws UsageError `no-new-users`. */
  async scoreNewUser(own: NewUserRatings, items: Int32Array): Promise<Float32Array> {
    const { ratings, network } = this.known();
    if (!this.servesNewUsers) throw cannotServe(this.name);
    const pairs = { users: new Int32Array(items.length).fill(ratings.userCount), items, guest: own };
    const predictions = await this.#predicted(pairs);
    return network.ranked?.(pairs, predictions) ?? predictions;
  }

  #network(
    training: TrainingRatings,
    sources: PairSources,
    saved: ReadonlyMap<string, Float32Array> | undefined,
  ): PairNetwork {
    const { seed = 1 } = this.options;
    const [mean, known] = [globalMean(training.values), knownItems(training)];
    return this.#definition.network(this.own, { training, mean, known, sources, saved }, seed);
  }

  #batches({ network, ratings }: Trained): TrainingData {
    const { seed = 1 } = this.options;
    const size = this.batchSize;
    const count = ratings.values.length;
    const { stepsPerEpoch } = this.costOf(ratings);
    const drawsOf = (step: number) => this.drawsOf('pairs', step);
    return {
      rows: count,
      *batches(epoch, from, buffers) {
        const order = epochOrder(ratings.items, epoch, { seed });
        for (let start = from * size; start < count; start += size) {
          const rows = order.subarray(start, start + size);
          const draws = drawsOf(epoch * stepsPerEpoch + start / size);
          yield { rows: rows.length, feeds: network.learnt(rows, draws, buffers) };
        }
      },
    };
  }

  #validation(
    network: PairNetwork,
    { users, items, values, times }: Pick<TrainingRatings, 'users' | 'items' | 'values' | 'times'>,
  ) {
    return {
      *batches(buffers: Trainer['buffers']): Generator<EvaluationBatch> {
        for (let from = 0; from < values.length; from += network.pairsAtOnce) {
          const to = from + network.pairsAtOnce;
          const part = pairsBetween({ users, items, times }, from, to);
          yield {
            rows: part.users.length,
            feeds: network.asked(part, buffers),
            targets: values.slice(from, to),
          };
        }
      },
    };
  }

  async #predicted(pairs: AskedPairs): Promise<Float32Array> {
    const { trainer, network } = this.known();
    const count = pairs.users.length;
    const found = new Float32Array(count);
    for (let from = 0; from < count; from += network.pairsAtOnce) {
      const part = pairsBetween(pairs, from, from + network.pairsAtOnce);
      found.set(await trainer.predict(network.asked(part, trainer.buffers)), from);
    }
    return found;
  }
}

function pairsBetween({ users, items, times, guest }: AskedPairs, from: number, to: number): AskedPairs {
  return {
    ...{ users: users.subarray(from, to), items: items.subarray(from, to) },
    times: times?.subarray(from, to),
    guest,
  };
}
