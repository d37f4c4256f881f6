import { UsageError } from '../../core/errors.ts';
import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import { neuralModule } from '../../models/recommenders/neural/neural-module.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import { weightShapes } from '../../models/recommenders/neural/weight-shapes.ts';
import { genresOf } from './catalogue.ts';
import { type LoadedRecommender, learntAnew } from './load-recommender.ts';
import { neuralOptions } from './neural-options.ts';
import { contentOf, isDefinedRecommender, isNeuralRecommender, neuralPartsOf } from './recommender-names.ts';
import type { SavedRecommender } from './saved-recommender.ts';
import { learntItems, savedWeights } from './saved-training.ts';
import type { ItemFeatures, StoreFeatures } from './store-features.ts';

/** An item that a recommender does not know, or a variant of one that it knows. */
export interface FurtherItem {
  readonly id: string;
  readonly vectors: ItemFeatures;
  /**
   * Number of the item that it is a variant of; what was learnt from that item's ratings also
   * applies to the variant.
   */
  readonly variantOf?: number | undefined;
}

/**
 * Predicts what users would give items that were not in the training data, from the items'
 * features. A neural recommender keeps all its weights, and an item that is not a variant gets the
 * mean of what was learnt about rated items. Any other recommender learns again from the same
 * ratings, in which nobody has rated the new items.
 *
 * @returns for each item, one score per user.
 * @throws UsageError `no-content` as in `featuresOf`.
 */
export async function scoreFurtherItems(
  model: LoadedRecommender,
  items: readonly FurtherItem[],
  users: Int32Array,
): Promise<(Float32Array | Float64Array)[]> {
  const { saved } = model;
  const features = featuresOf(model).with(items);
  const first = saved.catalogue.length;
  const pairs = {
    users: new Int32Array(items.length * users.length),
    items: new Int32Array(items.length * users.length),
  };
  for (const item of items.keys()) {
    pairs.users.set(users, item * users.length);
    pairs.items.fill(first + item, item * users.length, (item + 1) * users.length);
  }
  const scores = isNeuralRecommender(saved.facts.recommender)
    ? await scoreByNetwork(saved, features, items, pairs)
    : await scoreByLearning(saved, features, items, pairs);
  return items.map((_, item) => scores.subarray(item * users.length, (item + 1) * users.length));
}

/**
 * The features that a recommender reads.
 *
 * @throws UsageError `no-content` if it reads none, and for recommenders that cannot judge items
 * that were not in the training data: those made from a definition or with neural parts.
 */
export function featuresOf({ saved, features }: LoadedRecommender): StoreFeatures {
  const { recommender, options } = saved.facts;
  if (isDefinedRecommender(recommender)) {
    throw new UsageError(`recommender ${recommender} judges only items that were in its training`, {
      code: 'no-content',
      remedy: 'Train one that can judge others by their features: dcf-av-1, content-ridge, ...',
    });
  }
  const [part] = neuralPartsOf(recommender, options);
  if (part !== undefined) {
    throw new UsageError(
      `recommender ${recommender} has the neural part ${part.name}, and judges only items as they were in its training`,
      {
        code: 'no-content',
        remedy: `Train a recommender that reads features by itself (dcf-av-1, content-ridge, ...), or ${recommender} of parts that are not neural.`,
      },
    );
  }
  if (features !== undefined && contentOf(recommender, options) === 'features') return features;
  throw new UsageError(`recommender ${recommender} reads no features, so it cannot judge what is seen or heard`, {
    code: 'no-content',
    remedy: 'Train a recommender that reads features: dcf-av-1, content-ridge, ...',
  });
}

interface Pairs {
  readonly users: Int32Array;
  readonly items: Int32Array;
}

async function scoreByNetwork(
  saved: SavedRecommender,
  features: StoreFeatures,
  items: readonly FurtherItem[],
  { users, items: numbers }: Pairs,
): Promise<Float32Array> {
  const { facts, userIds, catalogue } = saved;
  const model = facts.recommender as NeuralRecommenderName;
  const settings = neuralOptions(facts.options, features.modalities);
  const space = { userCount: userIds.length, itemCount: catalogue.length, scale: facts.scale };
  const learnt = learntItems(saved);
  const rated = new Set(learnt);
  const shapesOf = (itemCount: number) => weightShapes(neuralModule(model, { ...space, itemCount }, settings));
  const [now, then] = [shapesOf(catalogue.length), shapesOf(catalogue.length + 1)];
  const named = new Map<string, Float32Array>();
  for (const [name, values] of savedWeights(saved)) {
    const isOfItems = now.get(name)?.join() !== then.get(name)?.join();
    named.set(name, isOfItems ? withRows(values, catalogue.length, items, rated) : values);
  }
  const variants = items.flatMap(({ variantOf }, place) =>
    variantOf !== undefined && rated.has(variantOf) ? [catalogue.length + place] : [],
  );
  const network = new NeuralRecommender(model, { ...settings, seed: facts.seed });
  try {
    const more = { ...space, itemCount: catalogue.length + items.length };
    await network.restore(more, named, features, Int32Array.from([...learnt, ...variants]));
    return await network.score(users, numbers);
  } finally {
    await network.close();
  }
}

/**
 * A table with a row for each further item: a copy of the row of the item it is a variant of, or
 * the mean row.
 */
function withRows(
  table: Float32Array,
  count: number,
  items: readonly FurtherItem[],
  rated: ReadonlySet<number>,
): Float32Array {
  const width = table.length / count;
  const more = new Float32Array(table.length + items.length * width);
  more.set(table);
  const mean = new Float32Array(width);
  for (const item of rated) {
    for (let at = 0; at < width; at++)
      mean[at] = (mean[at] as number) + (table[item * width + at] as number) / rated.size;
  }
  for (const [place, { variantOf }] of items.entries()) {
    const row = variantOf === undefined ? mean : table.subarray(variantOf * width, (variantOf + 1) * width);
    more.set(row, table.length + place * width);
  }
  return more;
}

async function scoreByLearning(
  saved: SavedRecommender,
  features: StoreFeatures,
  items: readonly FurtherItem[],
  { users, items: numbers }: Pairs,
): Promise<Float32Array | Float64Array> {
  const genresLike = (item: number | undefined) => (item === undefined ? [] : (saved.catalogue[item]?.genres ?? []));
  const further = items.map(({ id, variantOf }) => ({ id: `\0${id}`, genres: genresLike(variantOf) }));
  const catalogue = [...saved.catalogue, ...further];
  const fitted = await learntAnew({ ...saved, catalogue }, genresOf(catalogue), features);
  try {
    return await fitted.score(users, numbers);
  } finally {
    await fitted.close?.();
  }
}
