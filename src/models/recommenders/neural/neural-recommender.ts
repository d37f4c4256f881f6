import { checkInteger, checkOneOf } from '../../../core/check.ts';
import { ModelError, UsageError } from '../../../core/errors.ts';
import { given } from '../../../core/given.ts';
import type { GradientPrivacy } from '../../autodiff/private-step.ts';
import { Trainer } from '../../autodiff/trainer.ts';
import type { TrainerOptions, TrainingResult } from '../../autodiff/trainer-options.ts';
import { trainingCourse } from '../../autodiff/training-course.ts';
import type { TrainableModule } from '../../autodiff/training-plan.ts';
import { groupRows } from '../../group-rows.ts';
import {
  guaranteeOf,
  type Privacy,
  type PrivacyGuarantee,
  type PrivacyOptions,
  privacyOf,
} from '../../privacy/privacy-options.ts';
import { type BatchingMethod, batchingMethods, epochOrder } from '../batching.ts';
import { gradientPrivacyOf, noPrivacy, noValidation, type PrivateUnits, privateBatches } from '../private-batches.ts';
import { globalMean } from '../recommender.ts';
import {
  type ArchitectureOptions,
  architectureOf,
  type NetworkForm,
  type NeuralArchitecture,
  type NeuralRecommenderName,
  readsFeatures,
} from './architectures.ts';
import type { RatingSpace } from './branches.ts';
import { FeatureReader } from './feature-reader.ts';
import type { FeatureSource } from './feature-source.ts';
import { neuralModule } from './neural-module.ts';
import { type PretrainedBranches, pretrainedWeights, type WeightsByName } from './pretrained.ts';
import { evaluationOrder, RatingFeeds, type RatingPairs } from './rating-batches.ts';
import { comparesRatings, misorderedShare, predictsBy, ratingWeights } from './rating-loss.ts';
import { residualFacts } from './residual-facts.ts';
import { trainingBatches } from './training-batches.ts';
import { knownItems, type TrainingSet } from './training-set.ts';
import { weightShapes } from './weight-shapes.ts';

/**
 * How a deep recommender is made and trained. The residual form has other training defaults: at
 * most 200 epochs, a patience of 15, a constant learning rate of 0.003, and an `l2` of 0.05, which
 * weights the mean squared length of the embeddings that a step looks up; squared kernels get a
 * tenth of it.
 */
export interface NeuralOptions extends ArchitectureOptions, Omit<TrainerOptions, 'initialWeights' | 'gradientPrivacy'> {
  /** Ratings per step. Default `usualBatch`. */
  readonly batchSize?: number | undefined;
  /** Default `random`; `item-grouped` makes an epoch cheaper, but gives different results. */
  readonly batching?: BatchingMethod | undefined;
  /** For `item-grouped`: number of items that are mixed. Default 16. */
  readonly itemsPerGroup?: number | undefined;
  /** Trained branches that training starts from. */
  readonly pretrained?: PretrainedBranches | undefined;
  /**
   * Makes the training differentially private, with users or ratings as units, which `batchSize`
   * then counts; only for recommenders that read nothing but ratings. All epochs are run.
   */
  readonly privacy?: PrivacyOptions | undefined;
}

/** Default number of ratings per step. */
export const usualBatch = 128;

/**
 * A recommender that is a neural module: `gmf`, `deepcf`, `dcf-av-1`, `dcf-av-2` or `lstm-av`. It
 * trains and predicts in its own thread until it is closed.
 *
 * @example
 * declare const features: FeatureSource;
 * const modalities = [{ name: 'visual', dimension: 600, steps: 10 }];
 * await using recommender = new NeuralRecommender('dcf-av-1', { seed: 1, modalities });
 * await recommender.fit(training, validation, features);
 * const predicted = await recommender.predict(users, items);
 */
export class NeuralRecommender {
  readonly name: NeuralRecommenderName;
  readonly #options: NeuralOptions;
  readonly #form: NetworkForm;
  readonly #architecture: NeuralArchitecture;
  readonly #batchSize: number;
  readonly #privacy: Privacy | undefined;
  #guarantee: PrivacyGuarantee | undefined;
  #trained: { trainer: Trainer; set: TrainingSet; known: Uint8Array; reader: FeatureReader | undefined } | undefined;

  /** @throws UsageError when an option is out of range. */
  constructor(model: NeuralRecommenderName, options: NeuralOptions = {}) {
    this.#architecture = architectureOf(model, options);
    this.#form = this.#architecture.form;
    if (options.pretrained && this.#form === 'residual') {
      throw new UsageError('`pretrained` is an option of the form `thesis`, but the module has the form `residual`', {
        remedy: "Leave it out, or give `form: 'thesis'`.",
      });
    }
    this.name = model;
    this.#options = given(options);
    this.#batchSize = checkInteger('batchSize', options.batchSize ?? usualBatch);
    checkOneOf('batching', options.batching ?? 'random', batchingMethods);
    checkInteger('itemsPerGroup', options.itemsPerGroup ?? 16);
    trainingCourse(this.#options);
    this.#privacy = options.privacy && privacyOf(options.privacy, options.seed ?? 1);
    if (this.#privacy) checkPrivacy(model, this.#architecture, this.#privacy);
  }

  /** Maximum number of epochs of `fit`. */
  get epochs(): number {
    return this.#options.epochs ?? trainingDefaults[this.#form].epochs;
  }

  /** The privacy guarantee of `fit`, if it was private. */
  get guarantee(): PrivacyGuarantee | undefined {
    return this.#guarantee;
  }

  /**
   * The privacy guarantee of `fit` on these ratings; undefined if it is not private.
   *
   * @throws UsageError if delta is too large for them.
   */
  guaranteeFor({ users, values }: Pick<TrainingSet, 'users' | 'values'>): PrivacyGuarantee | undefined {
    if (this.#privacy === undefined) return undefined;
    const units = this.#privacy.unit === 'user' ? new Set(users).size : values.length;
    return guaranteeOf(this.#privacy, { units, batchSize: this.#batchSize, epochs: this.epochs });
  }

  /** How many of the items read so far lack each modality; zeros are used for them. */
  get missing(): ReadonlyMap<string, number> {
    return this.#trained?.reader?.missing ?? new Map();
  }

  /**
   * Trains. `validation` controls the learning rate and when training ends; without it, all epochs
   * are run. Recommenders that read features need `features`, which is read a batch at a time, here
   * and in `predict`. If training fails, nothing is learnt and the thread has ended.
   *
   * @throws UsageError when the ratings are empty or out of range, or features are missing; what
   * `Trainer.fit` throws.
   */
  async fit(training: TrainingSet, validation?: RatingPairs, features?: FeatureSource): Promise<TrainingResult> {
    const set = training;
    checkPairs('training', set, set);
    if (set.users.length === 0) throw new UsageError('`training` must have at least one rating, but is empty');
    if (validation) checkPairs('validation', validation, set);
    await this.close();
    const reader = this.#reader(features);
    const known = this.#knownItems(set);
    const { ratingLoss: rule } = this.#architecture;
    const weights = rule.weighting === 0 ? undefined : ratingWeights(set.values, rule.weighting);
    const learnt = new RatingFeeds(set, known, reader, weights);
    const batching = {
      seed: this.#options.seed ?? 1,
      method: this.#options.batching ?? 'random',
      itemsPerGroup: this.#options.itemsPerGroup ?? 16,
    };
    // A loss that compares ratings of one user needs batches of few users.
    const grouped = { seed: batching.seed, method: 'item-grouped' as const, itemsPerGroup: batching.itemsPerGroup };
    const orderOf = (epoch: number) =>
      comparesRatings(rule.loss) ? epochOrder(set.users, epoch, grouped) : epochOrder(set.items, epoch, batching);
    const units = this.#privacy && this.#units(set, learnt, this.#privacy.unit);
    if (units && validation && validation.users.length > 0) throw noValidation(this.name);
    const data =
      units && this.#privacy
        ? privateBatches(units, this.#privacy)
        : trainingBatches({ set, known, feeds: learnt, orderOf, ...this.#batching() });
    this.#guarantee = this.guaranteeFor(set);
    const judged = this.#validation(validation, known, reader);
    const trainer = await this.#open(set, features, this.#privacy && units && gradientPrivacyOf(this.#privacy, units));
    this.#trained = { trainer, set, known, reader };
    try {
      return await trainer.fit(data, judged);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Whether predictions are ratings, or scores that only rank; the loss decides. */
  get predicts(): 'ratings' | 'scores' {
    return predictsBy(this.#architecture.ratingLoss.loss);
  }

  /**
   * Predicted ratings of these pairs, within the scale. For an item without training ratings only
   * content counts; in the thesis's form its embedding has its initial, random values.
   *
   * @throws UsageError before `fit`, or when a user or an item is out of range.
   */
  async predict(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    const { minimum, maximum } = this.#fitted().set.scale;
    if (this.predicts === 'scores') return this.score(users, items);
    return (await this.score(users, items)).map((value) => Math.min(maximum, Math.max(minimum, value)));
  }

  /**
   * Predictions before `predict` clips them, which distinguish items that all reach the top of the
   * scale.
   *
   * @param content - residual form only: predicts from users and content, without what was learnt
   * from the ratings of the items.
   * @throws as `predict`.
   */
  async score(users: Int32Array, items: Int32Array, { content = false } = {}): Promise<Float32Array> {
    const { trainer, set, known, reader } = this.#fitted();
    const pairs = { users, items };
    checkPairs('pairs', pairs, set);
    const scores = new Float32Array(users.length);
    const feeds = new RatingFeeds(pairs, content ? new Uint8Array(set.itemCount) : known, reader);
    for await (const batch of feeds.evaluation(trainer.buffers)) {
      const values = await trainer.predict(batch.feeds);
      for (const [index, row] of batch.order.entries()) scores[row] = values[index] as number;
    }
    return scores;
  }

  /**
   * Restores weights that `weights` returned, instead of training: it then predicts as that
   * recommender did.
   *
   * @param learnt - the items of its training ratings.
   * @param isFrozen - which weights `learnMore` leaves as they are. Default none.
   * @throws ModelError `weights` if one is missing, `shape` if one has a different size or belongs
   * to another module; UsageError if features are missing.
   */
  async restore(
    space: RatingSpace,
    weights: WeightsByName,
    features?: FeatureSource,
    learnt: Int32Array = new Int32Array(0),
    isFrozen?: (name: string) => boolean,
  ): Promise<void> {
    const { userCount, itemCount, scale } = space;
    const none = { users: new Int32Array(0), values: new Float32Array(0) };
    const set = { ...none, items: learnt, userCount, itemCount, scale };
    await this.close();
    const reader = this.#reader(features);
    const module = neuralModule(this.name, space, this.#options);
    for (const name of weightShapes(module).keys()) {
      if (!weights.has(name)) throw new ModelError('weights', `there are no weights '${name}' of ${this.name}`);
    }
    const { pretrained: _branches, checkpoint: _checkpoint, privacy: _privacy, ...options } = this.#options;
    const trainer = await Trainer.open(
      { ...module, isFrozen },
      { ...options, l2: this.#form === 'residual' ? 0 : options.l2, initialWeights: weights },
    );
    this.#trained = { trainer, set, known: this.#knownItems(set), reader };
  }

  /**
   * Continues to train the weights that were not frozen when it was restored, on these ratings; all
   * epochs are run.
   *
   * @throws as `fit`.
   */
  async learnMore(ratings: RatingPairs): Promise<void> {
    const { trainer, set, known, reader } = this.#fitted();
    checkPairs('ratings', ratings, set);
    const { weighting } = this.#architecture.ratingLoss;
    const weights = weighting === 0 || !ratings.values ? undefined : ratingWeights(ratings.values, weighting);
    const feeds = new RatingFeeds(ratings, known, reader, weights);
    const rows = Int32Array.from(ratings.users.keys());
    const rated = { ...set, ...ratings, values: ratings.values ?? new Float32Array(rows.length) };
    await trainer.fit(trainingBatches({ set: rated, known, feeds, orderOf: () => rows, ...this.#batching() }));
  }

  /** The shapes of all weights by name. */
  get shapes(): ReadonlyMap<string, readonly number[]> {
    return weightShapes(neuralModule(this.name, this.#fitted().set, this.#options));
  }

  /** Copies of all weights by name. */
  async weights(): Promise<Map<string, Float32Array>> {
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

  #batching() {
    const { negatives: count } = this.#architecture.ratingLoss;
    const negatives = count === undefined ? undefined : { count, seed: this.#options.seed ?? 1 };
    return { size: this.#batchSize, negatives };
  }

  #reader(features: FeatureSource | undefined): FeatureReader | undefined {
    const { modalities = [] } = this.#options;
    if (!readsFeatures(this.name)) return undefined;
    if (!features) throw new UsageError(`\`features\` must be given for recommender '${this.name}'`);
    return new FeatureReader(features, modalities, !this.#architecture.batchNormalisation);
  }

  /**
   * What controls the learning rate and the end of training; undefined without validation ratings.
   */
  #validation(pairs: RatingPairs | undefined, known: Uint8Array, reader: FeatureReader | undefined) {
    if (pairs?.values === undefined || pairs.users.length === 0) return undefined;
    const feeds = new RatingFeeds(pairs, known, reader);
    const data = { batches: (buffers: Trainer['buffers']) => feeds.evaluation(buffers) };
    if (this.predicts === 'ratings') return data;
    const users = Int32Array.from(evaluationOrder(pairs.items), (row) => pairs.users[row] as number);
    const wrong = (scores: Float32Array, ratings: Float32Array) => misorderedShare(users, ratings, scores);
    if (misorderedShare(pairs.users, pairs.values, pairs.values) === undefined) return undefined;
    return { ...data, loss: (scores: Float32Array, ratings: Float32Array) => wrong(scores, ratings) as number };
  }

  /** The items with ratings; in a private training, which must not know them, all items. */
  #knownItems(set: TrainingSet): Uint8Array {
    return this.#privacy ? new Uint8Array(set.itemCount).fill(1) : knownItems(set);
  }

  /** The units of a private training: users with their ratings, or single ratings. */
  #units(set: TrainingSet, feeds: RatingFeeds, unit: Privacy['unit']): PrivateUnits {
    const common = { batchSize: this.#batchSize };
    if (unit === 'rating') {
      return {
        ...common,
        count: set.values.length,
        feedsOf: (row, _, buffers) => feeds.of(Int32Array.of(row), buffers),
      };
    }
    const { rows, starts } = groupRows(set.users, set.userCount);
    const learners = Int32Array.from({ length: set.userCount }, (_, user) => user).filter(
      (user) => starts[user] !== starts[user + 1],
    );
    const own = (user: number) => rows.subarray(starts[user], starts[user + 1]);
    return {
      ...common,
      count: learners.length,
      feedsOf: (at, _, buffers) => feeds.of(own(learners[at] as number), buffers),
    };
  }

  async #open(
    set: TrainingSet,
    features: FeatureSource | undefined,
    gradientPrivacy?: GradientPrivacy,
  ): Promise<Trainer> {
    const { loss, weighting, mix, negatives = 0 } = this.#architecture.ratingLoss;
    const mean = (globalMean(set.values) + negatives * set.scale.minimum) / (1 + negatives);
    const space = { ...set, mean: gradientPrivacy ? undefined : mean };
    const module = neuralModule(this.name, space, this.#options);
    const { pretrained, checkpoint, privacy: _privacy, ...options } = this.#options;
    const initialWeights = await this.#initialWeights(module, set, features);
    // What else the weights depend on belongs to the checkpoint's identity.
    const { batching = 'random', itemsPerGroup = 16 } = this.#options;
    const drawn = negatives === 0 ? '' : `|negatives ${negatives}`;
    const rule = `${loss === 'mse' && weighting === 0 ? '' : `|${loss}|${weighting}`}${loss === 'mixed' ? `|${mix}` : ''}${drawn}`;
    const facts = [this.#batchSize, batching, itemsPerGroup, set.users.length].join('|');
    const data = checkpoint && `${checkpoint.data}|${facts}${rule}`;
    return Trainer.open(module, {
      ...trainingDefaults[this.#form],
      ...options,
      l2: this.#form === 'residual' ? 0 : options.l2,
      gradientPrivacy,
      initialWeights,
      checkpoint: checkpoint && { ...checkpoint, data: data as string },
    });
  }

  async #initialWeights(module: TrainableModule, set: TrainingSet, features: FeatureSource | undefined) {
    const { pretrained, seed = 1 } = this.#options;
    if (this.#form === 'thesis') return pretrained && pretrainedWeights(module, pretrained);
    return residualFacts(set, architectureOf(this.name, this.#options), features as FeatureSource, seed);
  }
}

/** @throws UsageError `no-privacy` if ratings are used other than in the steps. */
function checkPrivacy(
  name: NeuralRecommenderName,
  { ratingLoss: rule, batchNormalisation }: NeuralArchitecture,
  { unit }: Privacy,
): void {
  if (readsFeatures(name)) {
    throw noPrivacy(name, 'what it knows about items and users is computed from the ratings', 'Take gmf or deepcf.');
  }
  const wrong = { weighting: rule.weighting !== 0, negatives: rule.negatives !== undefined, batchNormalisation };
  for (const [option, isWrong] of Object.entries(wrong)) {
    if (isWrong)
      throw noPrivacy(name, `\`${option}\` is computed from all ratings, without noise`, `Leave out \`${option}\`.`);
  }
  if (unit === 'rating' && comparesRatings(rule.loss)) {
    const why = `the loss '${rule.loss}' compares ratings of a user, but single ratings are to be hidden`;
    throw noPrivacy(name, why, "Give `unit: 'user'`, or the loss `mse`.");
  }
}

/** Training defaults of each form; the rest are those of `Trainer`. */
const trainingDefaults: Readonly<Record<NetworkForm, TrainerOptions & { readonly epochs: number }>> = {
  residual: { epochs: 200, patience: 15, learningRate: 0.003, plateau: false },
  thesis: { epochs: 100 },
};

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
