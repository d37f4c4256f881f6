import { UsageError } from '../../core/errors.ts';
import { trainingBytes, weightCount } from '../../models/autodiff/training-memory.ts';
import { groupRows } from '../../models/group-rows.ts';
import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import { factNames } from '../../models/recommenders/neural/fact-names.ts';
import type { FeatureSource, SourceModality } from '../../models/recommenders/neural/feature-source.ts';
import { neuralModule } from '../../models/recommenders/neural/neural-module.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import { weightShapes } from '../../models/recommenders/neural/weight-shapes.ts';
import {
  type AskedOfNewUser,
  globalMean,
  type NewUserRatings,
  type TrainingRatings,
} from '../../models/recommenders/recommender.ts';
import { dampedMean } from '../../models/recommenders/user-mean.ts';
import { stepsText, usualSteps } from '../../models/recommenders/work.ts';
import type { Json } from '../graph.ts';
import { defaultMemory } from '../plan.ts';
import { neuralOptions } from './neural-options.ts';
import type { SavedRecommender } from './saved-recommender.ts';
import { learntRatings, savedWeights } from './saved-training.ts';
import { neuralSteps } from './training-cost.ts';

/**
 * Steps over a handful of ratings are cheap and move few weights, so there is no early stopping.
 */
const epochs = 60;
const learningRate = 0.02;
/** A user's own ratings are averaged with this many ratings of the overall mean, as in training. */
const damping = 5;

/** What new users need of a trained neural recommender. */
export interface LearntNetwork {
  readonly recommender: NeuralRecommenderName;
  readonly options: Readonly<Record<string, Json>>;
  readonly seed: number;
  /** The data that it learnt from. */
  readonly training: TrainingRatings;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** How much work networks that learn new users are asked to do. */
export interface NewUsersAsked {
  readonly users: number;
  /** Ratings of all new users together. */
  readonly ratings: number;
  /** Pairs of these users and items to score. */
  readonly pairs: number;
  /** One network for all users, or one for each. */
  readonly networks: number;
}

/**
 * The same, from users with their ratings and items.
 *
 * @param areTogether whether one network learns all of them.
 */
export function newUsersAsked(asked: readonly AskedOfNewUser[], areTogether: boolean): NewUsersAsked {
  const sum = (of: (each: AskedOfNewUser) => number) => asked.reduce((total, each) => total + of(each), 0);
  return {
    users: asked.length,
    ratings: sum(({ own }) => own.items.length),
    pairs: sum(({ items }) => items.length),
    networks: areTogether ? 1 : asked.length,
  };
}

/**
 * Checks in advance that learning new users and scoring for them stays within the limits on steps
 * (multiplications, of about a nanosecond) and memory.
 *
 * @returns the approximate number of steps.
 * @throws UsageError `too-many-steps`, `memory-too-small`.
 */
export function checkNewUsersOfNetwork(
  { recommender: model, options, training }: Omit<LearntNetwork, 'seed' | 'weights'>,
  streams: readonly SourceModality[],
  { users, ratings, pairs, networks }: NewUsersAsked,
): number {
  const settings = neuralOptions(options, streams);
  const { scale, itemCount } = training;
  const sizeOf = (space: { readonly userCount: number; readonly itemCount: number }) =>
    weightCount(weightShapes(neuralModule(model, { ...space, scale }, settings)));
  const all = sizeOf({ userCount: Math.max(1, Math.ceil(users / Math.max(1, networks))), itemCount });
  // A rating passes through everything except the tables, and through sequence layers once per
  // step.
  const inner = sizeOf({ userCount: 1, itemCount: 1 }) * Math.max(1, ...streams.map(({ steps }) => steps));
  const batches = Math.max(networks, neuralSteps(ratings, options));
  // The backward pass costs twice the forward pass. Each batch reads all weights, and so does
  // opening a network.
  const steps = epochs * (3 * ratings * inner + batches * all) + networks * all + pairs * inner;
  const what = `learning ${users} new users by ${model}`;
  if (steps > usualSteps) {
    throw new UsageError(`${what} takes ${stepsText(steps)}, more than ${stepsText(usualSteps)}`, {
      code: 'too-many-steps',
      remedy: 'Give fewer new users or ratings of theirs, or train again with them.',
    });
  }
  const [bytes, limit] = [trainingBytes(all), defaultMemory()];
  if (bytes > limit) {
    const [needed, most] = [bytes, limit].map((size) => `${Math.ceil(size / 2 ** 20)} MiB`);
    throw new UsageError(`${what} needs about ${needed}, more than ${most}`, {
      code: 'memory-too-small',
      remedy: 'Give fewer new users, train again with them, or take a machine with more memory.',
    });
  }
  return steps;
}

/**
 * The same network with new users: their embeddings start as the mean of all users' and learn from
 * their ratings, while all other weights stay fixed. The caller closes it.
 *
 * @param own the ratings of the users 0, 1, ... `count` - 1.
 */
export async function openNewUsers(
  { recommender: model, options, seed, training, weights }: LearntNetwork,
  features: FeatureSource | undefined,
  own: Pick<TrainingRatings, 'users' | 'items' | 'values'>,
  count: number,
): Promise<NeuralRecommender> {
  const settings = neuralOptions(options, features?.modalities ?? []);
  const space = { itemCount: training.itemCount, scale: training.scale };
  const shapesOf = (userCount: number) => weightShapes(neuralModule(model, { ...space, userCount }, settings));
  const [alone, two] = [shapesOf(1), shapesOf(2)];
  const ofUsers = new Set(
    [...alone].flatMap(([name, shape]) => (shape.join() === two.get(name)?.join() ? [] : [name])),
  );
  const named = new Map(weights);
  const known = new Set(training.users);
  for (const name of ofUsers) {
    const mean = meanRow(named.get(name) as Float32Array, training.userCount, known);
    const rows = new Float32Array(count * mean.length);
    for (let user = 0; user < count; user++) rows.set(mean, user * mean.length);
    named.set(name, rows);
  }
  const byUser = groupRows(own.users, count);
  if (named.has(factNames.base)) {
    const mean = globalMean(training.values);
    const means = Float32Array.from({ length: count }, (_, user) => {
      const rows = byUser.rows.subarray(byUser.starts[user], byUser.starts[user + 1]);
      return dampedMean(
        Float32Array.from(rows, (row) => own.values[row] as number),
        mean,
        damping,
      );
    });
    named.set(factNames.base, means);
  }
  const network = new NeuralRecommender(model, { ...settings, seed, epochs, learningRate, plateau: false });
  const isFrozen = (name: string) => !ofUsers.has(name);
  try {
    await network.restore({ ...space, userCount: count }, named, features, training.items, isFrozen);
    // User by user, so that a batch has few of them.
    const pick = (of: Int32Array) => byUser.rows.map((row) => of[row] as number);
    if (own.items.length > 0) {
      await network.learnMore({
        ...{ users: pick(own.users), items: pick(own.items) },
        values: Float32Array.from(byUser.rows, (row) => own.values[row] as number),
      });
    }
    return network;
  } catch (error) {
    await network.close();
    throw error;
  }
}

/** Scores items for a user whom a saved neural recommender does not know. */
export async function scoreNewUserOfNetwork(
  saved: SavedRecommender,
  features: FeatureSource | undefined,
  own: NewUserRatings,
  items: Int32Array,
): Promise<Float32Array> {
  const { recommender, options, seed } = saved.facts;
  const learnt = {
    ...{ recommender: recommender as NeuralRecommenderName, options, seed },
    ...{ training: learntRatings(saved), weights: savedWeights(saved) },
  };
  return scoreNewUserByLearning(learnt, features, own, items);
}

/**
 * Scores items for one new user, who is learnt for this purpose.
 *
 * @throws UsageError as in `checkNewUsersOfNetwork`.
 */
export async function scoreNewUserByLearning(
  learnt: LearntNetwork,
  features: FeatureSource | undefined,
  own: NewUserRatings,
  items: Int32Array,
): Promise<Float32Array> {
  checkNewUsersOfNetwork(learnt, features?.modalities ?? [], newUsersAsked([{ own, items }], false));
  const network = await openNewUsers(learnt, features, { ...own, users: new Int32Array(own.items.length) }, 1);
  try {
    return await network.score(new Int32Array(items.length), items);
  } finally {
    await network.close();
  }
}

/** The mean of the rows that have ratings. */
function meanRow(table: Float32Array, count: number, rows: ReadonlySet<number>): Float32Array {
  const width = table.length / count;
  const mean = new Float32Array(width);
  for (const row of rows) {
    for (let at = 0; at < width; at++)
      mean[at] = (mean[at] as number) + (table[row * width + at] as number) / rows.size;
  }
  return mean;
}
