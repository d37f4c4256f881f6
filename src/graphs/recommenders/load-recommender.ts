import { closeAll } from '../../core/close-all.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { ItemStore } from '../../io/dataset/item-store.ts';
import type { GenreTable } from '../../models/genres.ts';
import type { FeatureSource } from '../../models/recommenders/neural/feature-source.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import type { WeightsByName } from '../../models/recommenders/neural/pretrained.ts';
import { cannotServe } from '../../models/recommenders/parts.ts';
import type { ItemFactors, NewUserRatings } from '../../models/recommenders/recommender.ts';
import { genresOf } from './catalogue.ts';
import { fitClassicRecommender } from './classic-recommender.ts';
import type { ClassicRecommenderName } from './classic-recommenders.ts';
import { definedRecommender } from './defined-recommender-fit.ts';
import type { DefinedRecommenderName } from './defined-recommenders.ts';
import type { FittedRecommender } from './fit-data.ts';
import { neuralOptions } from './neural-options.ts';
import { scoreNewUserOfNetwork } from './new-user-network.ts';
import { loadRecommenderModule } from './recommender-module.ts';
import { isDefinedRecommender, isNeuralRecommender, recommenderReadsFeatures } from './recommender-names.ts';
import { readSavedRecommender, type SavedRecommender } from './saved-recommender.ts';
import { learntItems, learntRatings, savedTable, savedWeights } from './saved-training.ts';
import { StoreFeatures } from './store-features.ts';
import { featureFileOf } from './training-sources.ts';

/** A trained recommender, ready to predict. */
export interface LoadedRecommender {
  readonly saved: SavedRecommender;
  /** Genres of the catalogue's items, if any has one. */
  readonly genres: GenreTable | undefined;
  /** Features of the items, if the recommender was trained with features. */
  readonly features: StoreFeatures | undefined;
  predict(users: Int32Array, items: Int32Array): Promise<Float32Array | Float64Array>;
  /** Predictions before `predict` clips them to the scale of ratings, to rank by. */
  score(users: Int32Array, items: Int32Array): Promise<Float32Array | Float64Array>;
  /**
   * Scores items for a user who was not in the training data, from that user's ratings; nothing
   * else that was learnt changes.
   *
   * @throws UsageError `no-new-users` if the recommender cannot do this.
   */
  scoreNewUser(own: NewUserRatings, items: Int32Array): Promise<Float32Array>;
  /** How scores were computed, of recommenders that predict from few ratings. */
  readonly reasons?: FittedRecommender['reasons'] | undefined;
  readonly reasonsForNewUser?: FittedRecommender['reasonsForNewUser'] | undefined;
  /**
   * What was learnt about each item from its ratings, as vectors; undefined if the recommender
   * learns none.
   */
  itemFactors(): Promise<ItemFactors | undefined>;
  close(): Promise<void>;
}

const known: KnownOptions<{ features?: string | undefined; module?: string | undefined }> = {
  features: true,
  module: true,
};

/**
 * Loads a recommender that `trainRecommender` has saved. A neural recommender, or a neural part of
 * another one, loads its weights; any other recommender learns again from the saved ratings, which
 * gives bit-identical predictions.
 *
 * @param options `features`: the training store, if it has been moved; `module`: for a recommender
 * of your own, the module to load it from, which must be unchanged.
 * @throws UsageError `no-recommender`; ModelError `hash` when a file, or the training store, is not
 * the one that the recommender was trained with.
 * @example
 * const recommender = await loadRecommender('recommenders/dcf-av-1');
 * const [rating] = await recommender.predict(Int32Array.of(0), Int32Array.of(5)); // of recommender.saved.userIds[0], recommender.saved.catalogue[5]
 * await recommender.close();
 */
export async function loadRecommender(
  directory: string,
  options: { readonly features?: string | undefined; readonly module?: string | undefined } = {},
): Promise<LoadedRecommender> {
  checkKnownOptions('loadRecommender', options, known);
  if (options.module !== undefined) await loadRecommenderModule(options.module);
  const saved = await readSavedRecommender(directory);
  const store = await openFeatures(saved, options.features);
  const features = store && StoreFeatures.ofIds(store, saved.featureIds, saved.catalogue);
  const genres = genresOf(saved.catalogue);
  try {
    if (isDefinedRecommender(saved.facts.recommender)) {
      const recommender = await definedOf(saved, saved.facts.recommender);
      return {
        ...{ saved, genres, features },
        predict: (users, items) => recommender.predict(users, items),
        score: (users, items) => recommender.score(users, items),
        scoreNewUser: (own, items) => recommender.scoreNewUser(own, items),
        itemFactors: async () => itemEmbeddings(saved),
        close: () =>
          closeAll(
            () => recommender.close(),
            async () => store?.close(),
          ),
      };
    }
    if (isNeuralRecommender(saved.facts.recommender)) {
      const network = await networkOf(saved, features);
      const own = recommenderReadsFeatures(saved.facts.recommender) ? features : undefined;
      return {
        ...{ saved, genres, features },
        predict: (users, items) => network.predict(users, items),
        score: (users, items) => network.score(users, items),
        scoreNewUser: (ratings, items) => scoreNewUserOfNetwork(saved, own, ratings, items),
        itemFactors: async () => itemEmbeddings(saved),
        close: () =>
          closeAll(
            () => network.close(),
            async () => store?.close(),
          ),
      };
    }
    const fitted = await learntAnew(saved, genres, features);
    return {
      ...{ saved, genres, features },
      predict: (users, items) => fitted.predict(users, items),
      score: (users, items) => fitted.score(users, items),
      scoreNewUser: async (own, items) => {
        if (fitted.scoreNewUser === undefined) throw cannotServe(fitted.name);
        return fitted.scoreNewUser(own, items);
      },
      ...{ reasons: fitted.reasons, reasonsForNewUser: fitted.reasonsForNewUser },
      itemFactors: async () => fitted.itemFactors?.(),
      close: () =>
        closeAll(
          () => fitted.close?.(),
          async () => store?.close(),
        ),
    };
  } catch (error) {
    await store?.close();
    throw error;
  }
}

/** A saved recommender made from a definition, with the ratings that it learnt from. */
async function definedOf(
  saved: SavedRecommender,
  model: DefinedRecommenderName,
): Promise<ReturnType<typeof definedRecommender>> {
  const { options, seed } = saved.facts;
  const recommender = definedRecommender(model, options, { seed });
  await recommender.restore(learntRatings(saved), savedWeights(saved));
  return recommender;
}

/**
 * The network of a saved recommender.
 *
 * @param features the source of its features.
 * @param weights weights to use instead of the saved ones.
 */
export async function networkOf(
  saved: SavedRecommender,
  features: FeatureSource | undefined,
  weights: WeightsByName = savedWeights(saved),
): Promise<NeuralRecommender> {
  const { recommender: name, options, seed, scale } = saved.facts;
  if (!isNeuralRecommender(name)) throw new UsageError(`recommender ${name} is not neural`);
  const own = recommenderReadsFeatures(name) ? features : undefined;
  const recommender = new NeuralRecommender(name, { ...neuralOptions(options, own?.modalities ?? []), seed });
  const space = { userCount: saved.userIds.length, itemCount: saved.catalogue.length, scale };
  await recommender.restore(space, weights, own, learntItems(saved));
  return recommender;
}

/** The embeddings of the items, with those of all fits concatenated. */
function itemEmbeddings({ weights, catalogue }: SavedRecommender): ItemFactors | undefined {
  const tables = [...(weights ?? [])]
    .filter(([name]) => name.endsWith('collaborative/items') || name === 'items/embedding')
    .map(([, { values }]) => values);
  if (tables.length === 0) return undefined;
  const width = (tables[0] as Float32Array).length / catalogue.length;
  const dimension = width * tables.length;
  const values = new Float32Array(catalogue.length * dimension);
  for (const [place, table] of tables.entries()) {
    for (let item = 0; item < catalogue.length; item++) {
      values.set(table.subarray(item * width, (item + 1) * width), item * dimension + place * width);
    }
  }
  return { values, dimension };
}

/** A recommender that is not neural, learnt again from its saved ratings. */
export function learntAnew(
  saved: Pick<SavedRecommender, 'facts' | 'userIds' | 'catalogue' | 'ratings' | 'weights'>,
  genres: GenreTable | undefined,
  features: StoreFeatures | undefined,
) {
  const { recommender: model, options, seed, scale } = saved.facts;
  const ratings = savedTable(saved);
  const data = { ratings, train: Int32Array.from(ratings.values.keys()), validation: new Int32Array(0), scale };
  const weights = saved.weights && savedWeights(saved);
  return fitClassicRecommender(
    model as ClassicRecommenderName,
    options,
    seed,
    { ...data, genres, features },
    { weights },
  );
}

async function openFeatures({ facts }: SavedRecommender, moved: string | undefined): Promise<ItemStore | undefined> {
  if (facts.features === undefined) return undefined;
  const store = await ItemStore.open(moved ?? facts.features.path);
  const { path } = store;
  if ((await featureFileOf(path)).sha256 === facts.features.sha256) return store;
  await store.close();
  throw new UsageError(
    `${path} is not the training store that the recommender was trained with: it has changed since`,
    {
      code: 'dataset',
      remedy: 'Train again with these features, or give the unchanged store as `features`.',
    },
  );
}
