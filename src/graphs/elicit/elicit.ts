import { checkInteger, checkOneOf } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { seededUniform } from '../../models/autodiff/initialisers.ts';
import { contentVectors } from '../../models/recommenders/content-vectors.ts';
import { type AskedPoint, type AskedUser, askUsers } from '../../models/recommenders/elicit/asked-users.ts';
import { byDecisionTree } from '../../models/recommenders/elicit/decision-tree.ts';
import { byExpectedError } from '../../models/recommenders/elicit/expected-error.ts';
import type { NextQuestion } from '../../models/recommenders/elicit/next-question.ts';
import {
  type AskingStrategy,
  adaptiveStrategies,
  askingOrder,
  askingStrategies,
} from '../../models/recommenders/elicit/strategies.ts';
import { cannotServe } from '../../models/recommenders/parts.ts';
import { SvdRecommender } from '../../models/recommenders/svd.ts';
import type { Json } from '../graph.ts';
import { type FitData, type FittedRecommender, trainingRatings } from '../recommenders/fit-data.ts';
import { fitRecommender } from '../recommenders/fit-recommender.ts';
import { checkRecommenderName } from '../recommenders/recommender-names.ts';
import { checkRecommenderOptions } from '../recommenders/recommender-options.ts';
import { requiredFeatures } from '../recommenders/required-features.ts';
import { readTrainingInputs, type TrainingSources } from '../recommenders/training-sources.ts';

/** How to ask new users. */
export interface ElicitOptions extends TrainingSources {
  /**
   * The recommender that predicts from the answers; it must be able to serve new users. Default
   * `svd`.
   */
  readonly recommender?: string | undefined;
  readonly options?: Readonly<Record<string, Json>> | undefined;
  /**
   * Default: all, but `content-spread` only if there are features, and those that choose by the
   * answers only if users who are asked, times items, are at most 20 million.
   */
  readonly strategies?: readonly string[] | undefined;
  /** Maximum number of questions to each user. Default 20. */
  readonly questions?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onMessage?: ((message: string) => void) | undefined;
}

/** What asking new users in different orders would have achieved. */
export interface ElicitReport {
  readonly recommender: string;
  readonly seed: number;
  readonly users: { readonly learnt: number; readonly asked: number };
  /** For each strategy, one point before any question and one after each. */
  readonly curves: Readonly<Partial<Record<AskingStrategy, readonly AskedPoint[]>>>;
}

const known: KnownOptions<ElicitOptions> = {
  ...{ ratings: true, movies: true, features: true, trailers: true, demographics: true, reading: true },
  ...{ recommender: true, options: true, strategies: true, questions: true, seed: true, signal: true, onMessage: true },
};

/** Share of the users who are asked, and share of their ratings that can be answers. */
const [askedShare, poolShare] = [0.25, 0.5];

/**
 * Measures how much it helps to ask new users about items, and in which order. A quarter of the
 * users is kept out of training and asked. Half of such a user's ratings serve as answers; about
 * any other item, the user answers that it is unknown. The other half is predicted after each
 * question. Which users and ratings are kept out depends on the seed and the ids.
 *
 * @throws UsageError `no-new-users` if the recommender cannot serve them; what `trainRecommender`
 * throws for its data.
 * @example
 * const { curves } = await elicit({ ratings: 'ml-latest-small', questions: 10 });
 * curves.entropy?.at(-1)?.rmse;
 */
export async function elicit(options: ElicitOptions): Promise<ElicitReport> {
  checkKnownOptions('elicit', options, known);
  const recommender = checkRecommenderName(options.recommender ?? 'svd');
  const settings = checkRecommenderOptions(recommender, options.options ?? {});
  const questions = checkInteger('questions', options.questions ?? 20);
  const seed = checkInteger('seed', options.seed ?? 1, 0, 0xffffffff);
  const { signal, features } = options;
  const all = [...askingStrategies, ...adaptiveStrategies];
  const named = options.strategies?.map((name) => checkOneOf('strategies', name, all));
  if (named?.includes('content-spread') && features === undefined) {
    throw new UsageError('`strategies` names content-spread, which needs features of the items, but there are none', {
      code: 'missing-features',
      remedy: 'Give `features`, or leave it out.',
    });
  }
  const inputs = await readTrainingInputs(recommender, settings, options, options.onMessage);
  let fitted: FittedRecommender | undefined;
  try {
    const { train, asked } = usersApart(inputs.ratings, seed);
    const data: FitData = {
      ...{ ratings: inputs.ratings, train, validation: new Int32Array(0), scale: inputs.scale },
      ...{ genres: inputs.genres, features: inputs.features, trailers: inputs.trailers, userFacts: inputs.userFacts },
      titles: inputs.catalogue.map(({ title = '' }) => title),
    };
    fitted = await fitRecommender(data, { recommender, options: settings, seed, signal, onMessage: options.onMessage });
    const { scoreNewUser } = fitted;
    if (scoreNewUser === undefined) throw cannotServe(recommender);
    const ratings = trainingRatings(data, train);
    const strategies = named ?? usualStrategies(asked.length * ratings.itemCount, options);
    const curves: Partial<Record<AskingStrategy, readonly AskedPoint[]>> = {};
    for (const strategy of strategies) {
      const next = await questionsOf(strategy, data, ratings, seed);
      curves[strategy] = await askUsers(asked, next, { questions, scale: inputs.scale, score: scoreNewUser, signal });
      options.onMessage?.(`${strategy}: done`);
    }
    return { recommender, seed, users: { learnt: new Set(ratings.users).size, asked: asked.length }, curves };
  } finally {
    await fitted?.close?.();
    await inputs.close();
  }
}

/** Asked users times items, above which strategies that choose by the answers take hours. */
const mostWork = 20_000_000;

/** All that the data allow, and that take minutes. */
function usualStrategies(work: number, { features, onMessage }: ElicitOptions): AskingStrategy[] {
  const orders = askingStrategies.filter((name) => name !== 'content-spread' || features !== undefined);
  if (work <= mostWork) return [...orders, ...adaptiveStrategies];
  onMessage?.(`${adaptiveStrategies.join(' and ')} are left out: with so many users and items they take hours`);
  return orders;
}

/** Factors of items by which the expected error is judged, whoever predicts. */
const factors = 10;

/** What all users are asked in turn, or what each is asked next. */
async function questionsOf(
  strategy: AskingStrategy,
  data: FitData,
  ratings: ReturnType<typeof trainingRatings>,
  seed: number,
): Promise<Int32Array | NextQuestion> {
  if (strategy === 'decision-tree') return byDecisionTree(ratings);
  if (strategy === 'expected-error') {
    const svd = new SvdRecommender({ factors, seed });
    svd.fit(ratings);
    return byExpectedError(ratings, svd.itemFactors());
  }
  const vectors = strategy === 'content-spread' ? await vectorsOf(data, ratings, seed) : undefined;
  return askingOrder(strategy, ratings, { seed, vectors });
}

/** Rows to learn from, and the users who are asked. */
function usersApart({ users, items, values, userIds, itemIds }: FitData['ratings'], seed: number) {
  const isAsked = userIds.map((id) => seededUniform(seed, `asked ${id}`)() < askedShare);
  const own = new Map<number, { pool: Map<number, number>; items: number[]; values: number[] }>();
  for (const [row, user] of users.entries()) {
    if (isAsked[user] !== true) continue;
    const parts = own.get(user) ?? { pool: new Map<number, number>(), items: [], values: [] };
    own.set(user, parts);
    const [item, value] = [items[row] as number, values[row] as number];
    if (seededUniform(seed, `answer ${userIds[user]} ${itemIds[item]}`)() < poolShare) parts.pool.set(item, value);
    else {
      parts.items.push(item);
      parts.values.push(value);
    }
  }
  const asked = [...own.values()]
    .filter((parts) => parts.pool.size > 0 && parts.items.length > 0)
    .map(({ pool, items: tested, values: given }): AskedUser => {
      return { pool, test: { items: Int32Array.from(tested), values: Float32Array.from(given) } };
    });
  const train = Int32Array.from(users.keys()).filter((row) => isAsked[users[row] as number] !== true);
  if (asked.length === 0 || train.length === 0) {
    throw new UsageError(`of ${userIds.length} users none is left to learn from, or to ask`, {
      code: 'ratings',
      remedy: 'Give ratings of more users.',
    });
  }
  return { train, asked };
}

function vectorsOf(data: FitData, ratings: ReturnType<typeof trainingRatings>, seed: number) {
  const features = requiredFeatures('content-spread', data);
  const has = (item: number) => features.has(item);
  return contentVectors(ratings, features, features.modalities, { components: 20, seed, has });
}
