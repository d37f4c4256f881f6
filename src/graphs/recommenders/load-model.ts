import { UsageError } from '../../core/errors.ts';
import { ItemStore } from '../../io/dataset/item-store.ts';
import type { GenreTable } from '../../models/genres.ts';
import { DeepRecommender } from '../../models/recommenders/deep/deep-recommender.ts';
import type { FeatureSource } from '../../models/recommenders/deep/feature-source.ts';
import type { NamedWeights } from '../../models/recommenders/deep/pretrained.ts';
import { genresOf } from './catalogue.ts';
import { deepOptions } from './deep-options.ts';
import { fitModel } from './fit-model.ts';
import { isDeepModel, modelReadsFeatures } from './model-names.ts';
import { readSavedModel, type SavedModel } from './saved-model.ts';
import { StoreFeatures } from './store-features.ts';
import { featureFileOf } from './training-sources.ts';

/** A trained model that can predict. */
export interface LoadedModel {
  readonly saved: SavedModel;
  /** Genres of the catalogue's items, when any has one. */
  readonly genres: GenreTable | undefined;
  /** Features of the items, when the model was trained with some. */
  readonly features: StoreFeatures | undefined;
  predict(users: Int32Array, items: Int32Array): Promise<Float32Array | Float64Array>;
  /** What `predict` clips to the scale of ratings, to rank by. */
  score(users: Int32Array, items: Int32Array): Promise<Float32Array | Float64Array>;
  close(): Promise<void>;
}

/**
 * Loads a model that `trainRecommender` has saved. A network takes its weights; any other model learns anew from the saved ratings, which gives the
 * same predictions to the last bit.
 *
 * @param options `features`: where the training store is now, if it was moved.
 * @throws UsageError `no-model`; ModelError `hash` when a file, or the training store, is not the one that the model was trained with.
 * @example
 * const model = await loadModel('models/dcf-av-1');
 * const [rating] = await model.predict(Int32Array.of(0), Int32Array.of(5)); // of model.saved.userIds[0], model.saved.catalogue[5]
 * await model.close();
 */
export async function loadModel(directory: string, options: { readonly features?: string } = {}): Promise<LoadedModel> {
  const saved = await readSavedModel(directory);
  const store = await openFeatures(saved, options.features);
  const features = store && StoreFeatures.ofIds(store, saved.featureIds, saved.catalogue);
  const genres = genresOf(saved.catalogue);
  try {
    const predictor = await (saved.weights ? networkOf(saved, features) : learntAnew(saved, genres));
    return {
      ...{ saved, genres, features },
      predict: (users, items) => predictor.predict(users, items),
      score: (users, items) => predictor.score(users, items),
      close: async () => {
        await predictor.close?.();
        await store?.close();
      },
    };
  } catch (error) {
    await store?.close();
    throw error;
  }
}

/**
 * The network of a saved model.
 *
 * @param features where its features come from.
 * @param weights other weights than the saved ones.
 */
export async function networkOf(
  { facts, userIds, catalogue, ratings, validation, weights: saved }: SavedModel,
  features: FeatureSource | undefined,
  weights?: NamedWeights,
): Promise<DeepRecommender> {
  const { model, options, seed, scale } = facts;
  if (!isDeepModel(model)) throw new UsageError(`model ${model} is no network`);
  const own = modelReadsFeatures(model) ? features : undefined;
  const recommender = new DeepRecommender(model, { ...deepOptions(options, own?.modalities ?? []), seed });
  const named = weights ?? new Map([...(saved ?? [])].map(([name, { values }]) => [name, values]));
  const isJudged = new Set(validation);
  const learnt = ratings.items.filter((_, row) => !isJudged.has(row));
  await recommender.restore({ userCount: userIds.length, itemCount: catalogue.length, scale }, named, own, learnt);
  return recommender;
}

function learntAnew({ facts, userIds, catalogue, ratings }: SavedModel, genres: GenreTable | undefined) {
  const { model, options, seed, scale } = facts;
  const table = { ...ratings, userIds, itemIds: catalogue.map(({ id }) => id) };
  const data = { ratings: table, train: Int32Array.from(ratings.values.keys()), validation: new Int32Array(0), scale };
  return fitModel({ ...data, ...(genres && { genres }) }, { model, options, seed });
}

async function openFeatures({ facts }: SavedModel, moved: string | undefined): Promise<ItemStore | undefined> {
  if (facts.features === undefined) return undefined;
  const path = moved ?? facts.features.path;
  const store = await ItemStore.open(path);
  if ((await featureFileOf(path)).sha256 === facts.features.sha256) return store;
  await store.close();
  throw new UsageError(`${path} is not the training store that the model was trained with: it was changed since`, {
    code: 'dataset',
    remedy: 'Train again with these features, or give the store as it was, as `features`.',
  });
}
