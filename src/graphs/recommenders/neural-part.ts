import { withValidation } from '../../io/ratings/validation.ts';
import { type NeuralRecommenderName, readsFeatures } from '../../models/recommenders/neural/architectures.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import type { WeightsByName } from '../../models/recommenders/neural/pretrained.ts';
import type {
  AskedOfNewUser,
  NewUserRatings,
  Predicts,
  Recommender,
  TrainingRatings,
} from '../../models/recommenders/recommender.ts';
import { notFitted } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import type { FitInputs, FitOptions, FittedRecommender } from './fit-data.ts';
import { implicitOptions } from './implicit-options.ts';
import { neuralOptions } from './neural-options.ts';
import { fitNeuralRecommender } from './neural-recommender-fit.ts';
import {
  checkNewUsersOfNetwork,
  type LearntNetwork,
  newUsersAsked,
  scoreNewUserByLearning,
} from './new-user-network.ts';
import { predictsOf } from './recommender-names.ts';
import { refitFromAll } from './refit-plan.ts';
import { requiredFeatures } from './required-features.ts';
import type { StoreFeatures } from './store-features.ts';

/** What is needed to make a neural recommender that is part of another one. */
export interface NeuralPartSetting {
  readonly model: NeuralRecommenderName;
  /** Checked. */
  readonly options: Readonly<Record<string, Json>>;
  readonly seed: number;
  readonly data: FitInputs;
  readonly run: Pick<FitOptions, 'signal' | 'onMessage' | 'onProgress' | 'device'>;
  /** Weights that `weights` returned before; they are loaded instead of learning. */
  readonly weights: WeightsByName | undefined;
}

type Fitted = Pick<FittedRecommender, 'predict' | 'score'> & {
  readonly training: TrainingRatings;
  weights(): Promise<WeightsByName>;
  close(): Promise<void>;
};

/**
 * A neural recommender as part of one that is not neural. The data that it is fitted on have no
 * validation part, so it draws its own: a tenth of the ratings or, if it reads content, all ratings
 * of a tenth of the items. Once that has determined how long to train, it learns again from all
 * ratings.
 */
export class NeuralPart implements Recommender {
  readonly name: NeuralRecommenderName;
  readonly predicts: Predicts;
  readonly #setting: NeuralPartSetting;
  #fitted: Fitted | undefined;

  constructor(setting: NeuralPartSetting) {
    this.name = setting.model;
    this.predicts = predictsOf(setting.model, setting.options);
    this.#setting = setting;
  }

  /** @throws what `fitRecommender` throws. */
  async fit(training: TrainingRatings): Promise<void> {
    await this.close();
    this.#fitted = this.#setting.weights
      ? await this.#restored(training, this.#setting.weights)
      : await this.#learnt(training);
  }

  /** @throws UsageError before `fit`, or when a number is out of range. */
  async predict(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    return Float32Array.from(await this.#known().predict(users, items));
  }

  /** Predictions before `predict` clips them. @throws what `predict` throws. */
  async score(users: Int32Array, items: Int32Array): Promise<Float32Array> {
    return Float32Array.from(await this.#known().score(users, items));
  }

  /** The user's embeddings learn from the ratings, while all other weights stay fixed. */
  async scoreNewUser(own: NewUserRatings, items: Int32Array): Promise<Float32Array> {
    return scoreNewUserByLearning(
      { ...this.#learntFrom(), weights: await this.weights() },
      this.#features(),
      own,
      items,
    );
  }

  /** @throws UsageError before `fit`; `too-many-steps`, `memory-too-small`. */
  checkNewUsers(asked: readonly AskedOfNewUser[]): void {
    checkNewUsersOfNetwork(this.#learntFrom(), this.#features()?.modalities ?? [], newUsersAsked(asked, false));
  }

  #learntFrom(): Omit<LearntNetwork, 'weights'> {
    const { training } = this.#known();
    const { model, seed } = this.#setting;
    return { recommender: model, options: this.#optionsFor(training), seed, training };
  }

  #features(): StoreFeatures | undefined {
    const { model, data } = this.#setting;
    return readsFeatures(model) ? requiredFeatures(model, data) : undefined;
  }

  /** Copies of all weights by name. @throws UsageError before `fit`. */
  async weights(): Promise<WeightsByName> {
    return this.#known().weights();
  }

  /** Ends its thread. May be called more than once. */
  async close(): Promise<void> {
    await this.#fitted?.close();
    this.#fitted = undefined;
  }

  async #learnt(training: TrainingRatings): Promise<Fitted> {
    const { model, options, seed, data, run } = this.#setting;
    const { signal, onMessage, onProgress, device } = run;
    const { userIds, itemIds } = data.ratings;
    const ratings = { users: training.users, items: training.items, values: training.values, userIds, itemIds };
    const nothing = new Int32Array(0);
    const all = {
      name: `part ${model}`,
      train: training.users.map((_, row) => row),
      validation: nothing,
      test: nothing,
    };
    const kind = readsFeatures(model) ? 'item-cold' : 'ratings';
    const { train, validation } = withValidation(ratings, all, { kind }, seed);
    const own: FitInputs = { ...data, ratings, train, validation, scale: training.scale };
    const learn = (data: FitInputs, how: FitOptions) =>
      fitNeuralRecommender(model, options, data, { ...how, part: `the part ${model}` });
    const how = { recommender: model, options, seed, signal, onMessage, onProgress, device };
    const fitted = await refitFromAll(learn, own, how);
    return {
      ...fitted,
      training,
      weights: async () => (await fitted.weights?.()) ?? new Map(),
      close: async () => fitted.close?.(),
    };
  }

  async #restored(training: TrainingRatings, weights: WeightsByName): Promise<Fitted> {
    const { model, seed } = this.#setting;
    const features = this.#features();
    const options = neuralOptions(this.#optionsFor(training), features?.modalities ?? []);
    const network = new NeuralRecommender(model, { ...options, seed });
    await network.restore(training, weights, features, training.items);
    return {
      training,
      predict: (users, items) => network.predict(users, items),
      score: (users, items) => network.score(users, items),
      weights: () => network.weights(),
      close: () => network.close(),
    };
  }

  #optionsFor({ values, scale }: TrainingRatings): Readonly<Record<string, Json>> {
    return implicitOptions(this.#setting.model, this.#setting.options, values, scale);
  }

  #known(): Fitted {
    if (this.#fitted === undefined) throw notFitted(this.name);
    return this.#fitted;
  }
}
