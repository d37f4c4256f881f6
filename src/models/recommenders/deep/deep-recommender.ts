import { checkInteger } from '../../../core/check.ts';
import { ModelError, UsageError } from '../../../core/errors.ts';
import { Trainer } from '../../autodiff/trainer.ts';
import type { TrainerOptions, TrainingResult } from '../../autodiff/trainer-options.ts';
import { type BatchingMethod, epochOrder } from '../batching.ts';
import type { RatingSpace } from './branches.ts';
import { FeatureReader } from './feature-reader.ts';
import type { FeatureSource } from './feature-source.ts';
import { deepNetwork } from './network.ts';
import { type ArchitectureOptions, architectureOf, type DeepModel, readsFeatures } from './options.ts';
import { type NamedWeights, type PretrainedBranches, pretrainedWeights } from './pretrained.ts';
import { RatingFeeds, type RatingPairs } from './rating-batches.ts';
import { weightShapes } from './weight-shapes.ts';

/** Ratings to learn from, with the numbers of users and items and the range of ratings. */
export interface TrainingSet {
  readonly users: Int32Array;
  readonly items: Int32Array;
  readonly values: Float32Array;
  readonly userCount: number;
  readonly itemCount: number;
  readonly scale: { readonly minimum: number; readonly maximum: number };
}

/** How a deep recommender is made and trained. */
export interface DeepOptions extends ArchitectureOptions, Omit<TrainerOptions, 'initialWeights'> {
  /** Ratings per step. Default 128. */
  readonly batchSize?: number | undefined;
  /** Default `random`; `item-grouped` makes an epoch cheaper and changes what is learnt. */
  readonly batching?: BatchingMethod | undefined;
  /** For `item-grouped`: items mixed with each other. Default 16. */
  readonly itemsPerGroup?: number | undefined;
  /** Trained branches to start from. */
  readonly pretrained?: PretrainedBranches | undefined;
}

/**
 * A recommender that is a neural network: `gmf`, `deepcf`, `dcf-av-1`, `dcf-av-2` or `lstm-av`. It trains and
 * predicts in a thread of its own until it is closed.
 *
 * @example
 * const recommender = new DeepRecommender('dcf-av-1', { seed: 1, modalities: [{ name: 'visual', dimension: 600,
 * steps: 10 }] }); await recommender.fit(training, validation, features); const ratings = await
 * recommender.predict(users, items); await recommender.close();
 */
export class DeepRecommender {
  readonly name: DeepModel;
  readonly #options: DeepOptions;
  readonly #batchSize: number;
  #trained: { trainer: Trainer; set: TrainingSet; reader: FeatureReader | undefined } | undefined;

  /** @throws UsageError when an option is out of range. */
  constructor(model: DeepModel, options: DeepOptions = {}) {
    architectureOf(model, options);
    this.name = model;
    this.#options = options;
    this.#batchSize = checkInteger('batchSize', options.batchSize ?? 128);
  }

  /** How many of the items read so far lack each modality; the network is given zeros for them. */
  get missing(): ReadonlyMap<string, number> {
    return this.#trained?.reader?.missing ?? new Map();
  }

  /**
   * Trains. `validation` decides learning rate and end of training; without it all epochs are made. `features` is
   * needed by the models that read them, and is read a batch at a time, here and in `predict`.
   *
   * @throws UsageError when the ratings are empty or out of range, or features are missing; what `Trainer.fit` throws.
   */
  async fit(training: TrainingSet, validation?: RatingPairs, features?: FeatureSource): Promise<TrainingResult> {
    const set = training;
    checkPairs('training', set, set);
    if (set.users.length === 0) throw new UsageError('`training` must have at least one rating, but is empty');
    if (validation) checkPairs('validation', validation, set);
    await this.close();
    const reader = this.#reader(features);
    const trainer = await this.#open(set);
    this.#trained = { trainer, set, reader };
    const learnt = this.#feeds(set, set.itemCount, reader);
    const judged = validation?.users.length ? this.#feeds(validation, set.itemCount, reader) : undefined;
    const batching = {
      seed: this.#options.seed ?? 1,
      method: this.#options.batching ?? 'random',
      itemsPerGroup: this.#options.itemsPerGroup ?? 16,
    };
    const size = this.#batchSize;
    const data = {
      async *batches(epoch: number, from: number, buffers: Trainer['buffers']) {
        const order = epochOrder(set.items, epoch, batching);
        for (let start = from * size; start < order.length; start += size) {
          const rows = order.subarray(start, start + size);
          yield { rows: rows.length, feeds: await learnt.of(rows, buffers) };
        }
      },
    };
    return trainer.fit(data, judged && { batches: (buffers) => judged.evaluation(buffers) });
  }

  /**
   * Predicted ratings of these pairs, inside the range of ratings. For an item that no rating was learnt of,
   * embeddings keep their first values; its content speaks for it.
   *
   * @throws UsageError before `fit`, or when a user or an item is out of range.
   */
  async predict(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const { trainer, set, reader } = this.#fitted();
    const pairs = { users, items };
    checkPairs('pairs', pairs, set);
    const predictions = new Float32Array(users.length);
    for await (const { feeds, order } of this.#feeds(pairs, set.itemCount, reader).evaluation(trainer.buffers)) {
      const values = await trainer.predict(feeds);
      for (const [index, row] of order.entries()) predictions[row] = values[index] as number;
    }
    return predictions;
  }

  /**
   * Takes weights that were trained before, as `weights` gave them, instead of learning: afterwards it predicts as that recommender did.
   *
   * @throws ModelError `weights` when one is missing, `shape` when one has another size or is of another network; UsageError when features are missing.
   */
  async restore(space: RatingSpace, weights: NamedWeights, features?: FeatureSource): Promise<void> {
    const { userCount, itemCount, scale } = space;
    const none = { users: new Int32Array(0), items: new Int32Array(0), values: new Float32Array(0) };
    const set = { ...none, userCount, itemCount, scale };
    await this.close();
    const reader = this.#reader(features);
    const network = deepNetwork(this.name, space, this.#options);
    for (const name of weightShapes(network).keys()) {
      if (!weights.has(name)) throw new ModelError('weights', `there are no weights '${name}' of ${this.name}`);
    }
    const { pretrained: _branches, checkpoint: _checkpoint, ...options } = this.#options;
    this.#trained = { trainer: await Trainer.open(network, { ...options, initialWeights: weights }), set, reader };
  }

  /** Copies of all weights by name. */
  weights(): Promise<Map<string, Float32Array>> {
    return this.#fitted().trainer.weights();
  }

  /** Ends the thread. May be called again. */
  async close(): Promise<void> {
    const trained = this.#trained;
    this.#trained = undefined;
    await trained?.trainer.close();
  }

  /** Closes it at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #fitted() {
    if (!this.#trained) throw new UsageError(`recommender '${this.name}' must be fitted first`);
    return this.#trained;
  }

  #reader(features: FeatureSource | undefined): FeatureReader | undefined {
    const { modalities = [] } = this.#options;
    if (!readsFeatures(this.name)) return undefined;
    if (!features) throw new UsageError(`\`features\` must be given for model '${this.name}'`);
    return new FeatureReader(features, modalities);
  }

  #feeds(pairs: RatingPairs, itemCount: number, reader: FeatureReader | undefined): RatingFeeds {
    return new RatingFeeds(pairs, itemCount, this.name !== 'lstm-av', reader);
  }

  async #open(set: TrainingSet): Promise<Trainer> {
    const network = deepNetwork(this.name, set, this.#options);
    const { pretrained, checkpoint, ...options } = this.#options;
    const initialWeights = pretrained && pretrainedWeights(network, pretrained);
    // What else the weights depend on belongs to the checkpoint's identity.
    const { batching = 'random', itemsPerGroup = 16 } = this.#options;
    const data = checkpoint && `${checkpoint.data}|${this.#batchSize}|${batching}|${itemsPerGroup}|${set.users.length}`;
    return Trainer.open(network, {
      ...options,
      ...(initialWeights && { initialWeights }),
      ...(checkpoint && { checkpoint: { ...checkpoint, data: data as string } }),
    });
  }
}

function checkPairs(name: string, pairs: RatingPairs, { userCount, itemCount, scale }: TrainingSet): void {
  const { users, items, values } = pairs;
  if (users.length !== items.length || (values && values.length !== users.length)) {
    throw new UsageError(
      `\`${name}\` must have as many users as items and values, but has ${users.length}, ${items.length} and ${values?.length ?? 'no'}`,
    );
  }
  if (name === 'training' && !(scale.minimum < scale.maximum)) {
    throw new UsageError(`\`scale\` must have minimum < maximum, but is ${scale.minimum} to ${scale.maximum}`);
  }
  const check = (what: string, numbers: Int32Array, count: number) => {
    for (const [row, number] of numbers.entries()) {
      if (number >= 0 && number < count) continue;
      throw new UsageError(`\`${name}.${what}[${row}]\` must be from 0 to ${count - 1}, but is ${number}`);
    }
  };
  check('users', users, userCount);
  check('items', items, itemCount);
  for (const [row, value] of values?.entries() ?? []) {
    if (!Number.isFinite(value)) throw new UsageError(`\`${name}.values[${row}]\` must be a number, but is ${value}`);
  }
}
