import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import type { FeatureSource } from '../../models/recommenders/neural/feature-source.ts';
import { neuralModule } from '../../models/recommenders/neural/neural-module.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import { factNames } from '../../models/recommenders/neural/residual-content.ts';
import { weightShapes } from '../../models/recommenders/neural/weight-shapes.ts';
import { globalMean, type NewUserRatings } from '../../models/recommenders/recommender.ts';
import { dampedMean } from '../../models/recommenders/user-mean.ts';
import { neuralOptions } from './neural-options.ts';
import type { SavedRecommender } from './saved-recommender.ts';

/** Steps over a handful of ratings are cheap, and few weights move: all are made. */
const epochs = 60;
const learningRate = 0.02;
/** Ratings of the mean of all that a user's own are averaged with, as in training. */
const damping = 5;

/**
 * Scores of items for a user whom a neural recommender has not seen: the same network with one
 * user, whose embeddings start as the mean of all users' and learn from the user's ratings, while
 * every other weight stays.
 */
export async function scoreNewUserOfNetwork(
  { facts, userIds, catalogue, ratings, validation, weights = new Map() }: SavedRecommender,
  features: FeatureSource | undefined,
  own: NewUserRatings,
  items: Int32Array,
): Promise<Float32Array> {
  const { options, seed, scale } = facts;
  const model = facts.model as NeuralRecommenderName;
  const settings = neuralOptions(options, features?.modalities ?? []);
  const space = { userCount: 1, itemCount: catalogue.length, scale };
  const shapesOf = (userCount: number) => weightShapes(neuralModule(model, { ...space, userCount }, settings));
  const [alone, two] = [shapesOf(1), shapesOf(2)];
  const ofUsers = new Set(
    [...alone].flatMap(([name, shape]) => (shape.join() === two.get(name)?.join() ? [] : [name])),
  );
  const isJudged = new Set(validation);
  const learnt = { users: new Set<number>(), items: new Set<number>(), values: [] as number[] };
  for (const [row, value] of ratings.values.entries()) {
    if (isJudged.has(row)) continue;
    learnt.users.add(ratings.users[row] as number);
    learnt.items.add(ratings.items[row] as number);
    learnt.values.push(value);
  }
  const named = new Map([...weights].map(([name, { values }]) => [name, values]));
  for (const name of ofUsers) named.set(name, meanRow(named.get(name) as Float32Array, userIds.length, learnt.users));
  if (named.has(factNames.base)) {
    named.set(
      factNames.base,
      Float32Array.of(dampedMean(own.values, globalMean(Float32Array.from(learnt.values)), damping)),
    );
  }
  const network = new NeuralRecommender(model, { ...settings, seed, epochs, learningRate, plateau: false });
  const isFrozen = (name: string) => !ofUsers.has(name);
  try {
    await network.restore(space, named, features, Int32Array.from(learnt.items), isFrozen);
    if (own.items.length > 0) await network.learnMore({ ...own, users: new Int32Array(own.items.length) });
    return await network.score(new Int32Array(items.length), items);
  } finally {
    await network.close();
  }
}

/** The mean of the rows of those who have ratings. */
function meanRow(table: Float32Array, count: number, rows: ReadonlySet<number>): Float32Array {
  const width = table.length / count;
  const mean = new Float32Array(width);
  for (const row of rows) {
    for (let at = 0; at < width; at++)
      mean[at] = (mean[at] as number) + (table[row * width + at] as number) / rows.size;
  }
  return mean;
}
