import { formOf, type NetworkForm } from '../../models/recommenders/neural/architectures.ts';
import { factNames } from '../../models/recommenders/neural/fact-names.ts';
import type { FeatureSource } from '../../models/recommenders/neural/feature-source.ts';
import { type LoadedRecommender, networkOf } from './load-recommender.ts';
import { isNeuralRecommender } from './recommender-names.ts';
import type { SavedRecommender } from './saved-recommender.ts';
import type { StoreFeatures } from './store-features.ts';

/**
 * What a two-branch neural recommender predicts when a branch gets the input of an average user and
 * item.
 */
export interface BranchOutputs {
  /**
   * The collaborative branch alone: the features are averages, and so is the user inside the
   * audiovisual branch.
   */
  readonly collaborative: number;
  /**
   * The audiovisual branch alone: the user and item embeddings of the collaborative branch are
   * averages.
   */
  readonly content: number;
  /** Both branches given averages. */
  readonly average: number;
}

/** An explanation, for readers, of how the `BranchOutputs` of a recommender are made. */
export function branchNoteOf(saved: SavedRecommender): string {
  return isResidual(saved)
    ? "The user's mean rating (average), with what the content adds to it, and with what the ratings of the item add to it."
    : 'A branch alone: the other one is given averages, of the embeddings over all users and items that have ratings, and of the features over at most 256 of these items.';
}

/** At most this many items are averaged for the features. */
const averagedItems = 256;

function isResidual({ facts: { recommender, options } }: SavedRecommender): boolean {
  return (
    isNeuralRecommender(recommender) && formOf(recommender, options.form as NetworkForm | undefined) === 'residual'
  );
}

/** Whether a recommender has a collaborative and an audiovisual branch. */
export function hasTwoBranches({ facts }: SavedRecommender): boolean {
  return facts.recommender === 'dcf-av-1' || facts.recommender === 'dcf-av-2';
}

/** What each branch contributes to these predictions of one user. */
export async function branchOutputs(
  model: LoadedRecommender,
  users: Int32Array,
  items: Int32Array,
): Promise<BranchOutputs[]> {
  return isResidual(model.saved) ? residualTerms(model, users, items) : branchesAlone(model, users, items);
}

/**
 * The rating is the sum of the user's mean, the contribution of the content and the contribution of
 * the item's ratings.
 */
async function residualTerms(
  { saved, features }: LoadedRecommender,
  users: Int32Array,
  items: Int32Array,
): Promise<BranchOutputs[]> {
  const network = await networkOf(saved, features);
  try {
    const whole = await network.score(users, items);
    const content = await network.score(users, items, { content: true });
    const means = saved.weights?.get(factNames.base)?.values;
    return Array.from(users, (user, row) => {
      const average = means?.[user] as number;
      const collaborative = average + (whole[row] as number) - (content[row] as number);
      return { collaborative, content: content[row] as number, average };
    });
  } finally {
    await network.close();
  }
}

/**
 * A neural recommender in the thesis's form mixes its branches in its last layers: each is
 * evaluated alone, with averages for the other.
 */
async function branchesAlone(
  { saved, features }: LoadedRecommender,
  users: Int32Array,
  items: Int32Array,
): Promise<BranchOutputs[]> {
  const real = features as StoreFeatures;
  const average = await averageFeatures(
    real,
    [...new Set(saved.ratings.items)].sort((a, b) => a - b),
  );
  const predict = async (source: FeatureSource, branches: readonly string[]) => {
    const network = await networkOf(saved, source, averagedWeights(saved, branches));
    try {
      return await network.predict(users, items);
    } finally {
      await network.close();
    }
  };
  const collaborative = await predict(average, ['content']);
  const content = await predict(real, ['collaborative']);
  const neither = await predict(average, ['content', 'collaborative']);
  return Array.from(items, (_, row) => ({
    collaborative: collaborative[row] as number,
    content: content[row] as number,
    average: neither[row] as number,
  }));
}

/**
 * The saved weights, with every row of these branches' embeddings replaced by the mean of the rows
 * of rated items or of users with ratings.
 */
function averagedWeights(saved: SavedRecommender, branches: readonly string[]): Map<string, Float32Array> {
  const known = { users: new Set(saved.ratings.users), items: new Set(saved.ratings.items) };
  const names = new Map<string, 'users' | 'items'>(
    branches.flatMap((branch) => (['users', 'items'] as const).map((kind) => [`${branch}/${kind}`, kind] as const)),
  );
  return new Map(
    [...(saved.weights ?? [])].map(([name, { values, shape }]) => {
      const kind = names.get(name);
      return [name, kind === undefined ? values : averagedRows(values, shape[1] as number, known[kind])];
    }),
  );
}

function averagedRows(values: Float32Array, width: number, rows: ReadonlySet<number>): Float32Array {
  const mean = new Float64Array(width);
  for (const row of rows) {
    for (let at = 0; at < width; at++)
      mean[at] = (mean[at] as number) + (values[row * width + at] as number) / rows.size;
  }
  return values.map((_, at) => mean[at % width] as number);
}

/** A source that gives every item the mean features of some items. */
async function averageFeatures(features: StoreFeatures, items: readonly number[]): Promise<FeatureSource> {
  const every = Math.ceil(items.length / averagedItems);
  const taken = items.filter((item, place) => place % every === 0 && features.has(item));
  const { modalities } = features;
  const means = new Map<string, Float64Array>();
  const counts = new Map<string, number>();
  const vectors = Object.fromEntries(
    modalities.map(({ name, steps, dimension }) => [name, new Float32Array(steps * dimension)]),
  );
  for (const item of taken) {
    const present = await features.read(Int32Array.of(item), vectors);
    for (const { name } of modalities) {
      if (present[name]?.[0] !== 1) continue;
      const own = vectors[name] as Float32Array;
      const sum = means.get(name) ?? new Float64Array(own.length);
      means.set(
        name,
        sum.map((value, at) => value + (own[at] as number)),
      );
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return {
    modalities,
    read: async (wanted, into) => {
      for (const [name, values] of Object.entries(into)) {
        const sum = means.get(name);
        const count = counts.get(name) ?? 1;
        for (const at of values.keys()) values[at] = (sum?.[at % (sum.length || 1)] ?? 0) / count;
      }
      return Object.fromEntries(Object.keys(into).map((name) => [name, new Uint8Array(wanted.length).fill(1)]));
    },
  };
}
