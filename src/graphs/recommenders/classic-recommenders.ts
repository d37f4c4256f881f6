import { UsageError } from '../../core/errors.ts';
import type { GenreTable } from '../../models/genres.ts';
import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import { BaselineRecommender } from '../../models/recommenders/baseline.ts';
import type { BiasOptions } from '../../models/recommenders/biases.ts';
import { BlendRecommender } from '../../models/recommenders/blend.ts';
import { ContentKnnRecommender } from '../../models/recommenders/content-knn.ts';
import { ContentRidgeRecommender } from '../../models/recommenders/content-ridge.ts';
import { EaseRecommender } from '../../models/recommenders/ease.ts';
import {
  type FederatedOptions,
  FederatedRecommender,
} from '../../models/recommenders/federated/federated-recommender.ts';
import { GenreContentRecommender } from '../../models/recommenders/genre-content.ts';
import type { ItemVectors } from '../../models/recommenders/item-vectors.ts';
import { type KnnOptions, KnnRecommender } from '../../models/recommenders/knn.ts';
import { PopularityRecommender } from '../../models/recommenders/popularity.ts';
import { RandomRecommender } from '../../models/recommenders/random-recommender.ts';
import type { Predicts, Recommender, TrainingRatings } from '../../models/recommenders/recommender.ts';
import { regSvd, type SvdOptions, SvdRecommender } from '../../models/recommenders/svd.ts';
import { type SvdPlusPlusOptions, SvdPlusPlusRecommender } from '../../models/recommenders/svd-plus-plus.ts';
import { SwitchRecommender } from '../../models/recommenders/switch.ts';
import { UserMeanRecommender } from '../../models/recommenders/user-mean.ts';
import type { Json } from '../graph.ts';
import { memoryLimit } from '../plan.ts';
import { dpOption, privacyOptions } from './private-options.ts';
import { option, type RecommenderOption } from './recommender-option.ts';

/**
 * What a recommender that is not neural is made from; options are checked, with aliases resolved.
 */
export interface ClassicInputs {
  readonly options: Readonly<Record<string, Json>>;
  readonly seed: number;
  /** @throws UsageError when there are none. */
  readonly genres: () => GenreTable;
  readonly knownGenres: GenreTable | undefined;
  /** One vector for each item, from its features. @throws UsageError when there are none. */
  readonly vectors: () => Promise<ItemVectors>;
  /** The recommenders that this one is composed of. */
  readonly parts: readonly Recommender[];
  readonly onMessage: ((message: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The complete description of a recommender that is not neural. */
export interface ClassicRecommender {
  /** Default `ratings`. */
  readonly predicts?: Predicts | undefined;
  /** What it knows about items that nobody has rated. */
  readonly content?: 'features' | 'genres' | undefined;
  /** Its parts, from its options: names, or objects with name and options. */
  readonly parts?: ((options: Readonly<Record<string, Json>>) => readonly Json[]) | undefined;
  /** How often it fits its parts when it is fitted itself. Default once. */
  readonly partFits?: ((options: Readonly<Record<string, Json>>) => number) | undefined;
  /** Whether experiments that name no recommenders include it. Default no. */
  readonly isUsual?: boolean | undefined;
  readonly options: readonly RecommenderOption[];
  /** What a private training would guarantee; undefined where it is not private. */
  readonly guarantee?:
    | ((inputs: Pick<ClassicInputs, 'options' | 'seed'>, ratings: TrainingRatings) => PrivacyGuarantee | undefined)
    | undefined;
  readonly make: (inputs: ClassicInputs) => Recommender | Promise<Recommender>;
}

/** The option of all recommenders that read features. */
export const modalitiesOption = option(
  'modalities',
  'json',
  'all streams of the features',
  'names of the streams to read, for instance visual,audio',
);

function mostSteps(steps: string): RecommenderOption {
  return option('mostSteps', 'number', '1e12', `the most ${steps} that it may take`);
}

const biasOptions = [
  option('method', 'text', 'als', 'als or sgd'),
  option('epochs', 'integer', '10 (als), 20 (sgd)', 'passes over the ratings'),
  option('itemRegularisation', 'number', '10', 'of als'),
  option('userRegularisation', 'number', '15', 'of als'),
  option('learningRate', 'number', '0.005', 'of sgd'),
  option('regularisation', 'number', '0.02', 'of sgd'),
];

const knnOptions = [
  option('neighbours', 'integer', '20', 'maximum number of neighbours of a prediction', 'k'),
  option('minimumNeighbours', 'integer', '1', 'minimum number of neighbours; with fewer, they are not used'),
  option('similarity', 'text', 'cosine', 'cosine, msd, pearson or pearson-baseline'),
  option('minimumSupport', 'integer', '1', 'minimum number of common ratings; with fewer, the similarity is 0'),
  option('shrinkage', 'number', '100', 'for pearson-baseline'),
  option('prediction', 'text', 'z-score', 'basic, means, z-score or baseline'),
  option('biases', 'json', '{"method":"als"}', 'options of the baseline estimates, as for the recommender baseline'),
  mostSteps('comparisons of ratings, of 20 to 40 ns,'),
];

function factorOptions(factors: string, learningRate: string): RecommenderOption[] {
  return [
    option('factors', 'integer', factors, 'length of the vectors of users and items'),
    option('epochs', 'integer', '20', 'passes over the ratings'),
    option('learningRate', 'number', learningRate, 'of stochastic gradient descent'),
    option('regularisation', 'number', '0.02', 'of biases and factors'),
    option('initialDeviation', 'number', '0.1', 'standard deviation of the initial factors'),
  ];
}

/** Principal components that a stream is reduced to by default. */
export const usualComponents = 20;

/** How a stream of the features is reduced. */
export const reductionOption = option(
  'reduction',
  'text',
  'pca',
  'what a stream is reduced to: pca, principal components, or gini, the columns that best tell what is rated higher',
);

/** The options of all recommenders that represent an item by one vector of its features. */
export const vectorOptions = [
  modalitiesOption,
  option('components', 'integer', String(usualComponents), 'principal components that each stream is reduced to'),
  reductionOption,
  option('streamWeights', 'json', '1; 0.5 next to zeros and ones', 'an object with a weight for each stream'),
];

const easeOptions = [
  option('regularisation', 'number', '250', 'added to the diagonal of the Gram matrix'),
  option(
    'likedAbove',
    'number',
    'two thirds up the scale',
    'ratings above it are what a user likes; 0: every rating counts',
  ),
  option('memory', 'text', '4 GiB, or half of what there is', 'memory limit for the matrix of all pairs of items'),
  mostSteps('multiplications, of about 2 ns,'),
];

/**
 * The recommenders that are not neural, in the order in which they are listed. `train`,
 * `recommend`, `evaluate`, `experiment`, their help, and saved recommenders are all driven by this
 * record.
 */
export const classicRecommenders = {
  random: { isUsual: true, options: [], make: ({ seed }) => new RandomRecommender({ seed }) },
  popularity: { predicts: 'scores', isUsual: true, options: [], make: () => new PopularityRecommender() },
  'user-mean': {
    isUsual: true,
    options: [option('damping', 'number', '5', "weight of the overall mean in a user's own mean, in ratings")],
    make: ({ options }) => new UserMeanRecommender(options),
  },
  baseline: {
    isUsual: true,
    options: biasOptions,
    make: ({ options }) => new BaselineRecommender(options as BiasOptions),
  },
  'user-knn': {
    isUsual: true,
    options: knnOptions,
    make: ({ options }) => new KnnRecommender({ ...(options as Omit<KnnOptions, 'between'>), between: 'users' }),
  },
  'item-knn': {
    isUsual: true,
    options: knnOptions,
    make: ({ options }) => new KnnRecommender({ ...(options as Omit<KnnOptions, 'between'>), between: 'items' }),
  },
  regsvd: {
    isUsual: true,
    options: factorOptions('64', '0.005'),
    make: ({ options, seed }) => regSvd({ ...(options as SvdOptions), seed }),
  },
  svd: {
    options: [
      ...factorOptions('100', '0.005'),
      option('biased', 'boolean', 'true', 'whether the recommender has a mean and biases'),
    ],
    make: ({ options, seed }) => new SvdRecommender({ ...(options as SvdOptions), seed }),
  },
  'federated-svd': {
    options: [
      option('factors', 'integer', '20', 'length of the vectors of users and items'),
      option('rounds', 'integer', '200', 'rounds of the server'),
      option('clientRate', 'number', '0.1', 'probability that a client takes part in a round'),
      option('localEpochs', 'integer', '5', 'passes of a client over its ratings in a round'),
      option('learningRate', 'number', '0.02', 'learning rate of the clients'),
      option('serverRate', 'number', '1', 'factor for the mean change'),
      option('regularisation', 'number', '0.02', 'regularisation of biases and vectors'),
      option('secureSum', 'boolean', 'false', 'whether the server sees only the sum of the changes (simulated masks)'),
      option('dropRate', 'number', '0', 'probability that a visited client does not answer'),
      option('groups', 'integer', 'each user is a client', 'number of groups of users, each a client'),
      dpOption,
    ],
    guarantee: (inputs, ratings) => new FederatedRecommender(federatedOf(inputs)).guaranteeFor(ratings),
    make: (inputs) => new FederatedRecommender({ ...federatedOf(inputs), onMessage: inputs.onMessage }),
  },
  'svd++': {
    options: factorOptions('20', '0.007'),
    make: ({ options, seed }) => new SvdPlusPlusRecommender({ ...(options as SvdPlusPlusOptions), seed }),
  },
  'asymmetric-svd': {
    options: factorOptions('20', '0.007'),
    make: ({ options, seed }) =>
      new SvdPlusPlusRecommender({ ...(options as SvdPlusPlusOptions), userVectors: false, seed }),
  },
  ease: {
    predicts: 'scores',
    isUsual: true,
    options: easeOptions,
    make: (inputs) => new EaseRecommender(easeOf(inputs)),
  },
  'genre-content': {
    content: 'genres',
    isUsual: true,
    options: [option('neighbours', 'integer', '5', 'number of items that a prediction is based on', 'k')],
    make: ({ options, genres }) => new GenreContentRecommender({ ...options, genres: genres() }),
  },
  'content-knn': {
    content: 'features',
    isUsual: true,
    options: [
      option('neighbours', 'integer', '20', 'number of items that a prediction is based on', 'k'),
      option('damping', 'number', '1', 'added to the sum of the cosines'),
      ...vectorOptions,
    ],
    make: async ({ options, vectors }) => new ContentKnnRecommender({ ...options, ...(await vectors()) }),
  },
  'content-ridge': {
    content: 'features',
    options: [
      option('regularisation', 'number', '5', "of each user's bias and weights"),
      option('sharedRegularisation', 'number', '100', 'of the weights that all users share'),
      ...vectorOptions,
    ],
    make: async ({ options, vectors }) =>
      new ContentRidgeRecommender({
        ...{ regularisation: 5, sharedRegularisation: 100, standardise: false },
        ...options,
        ...(await vectors()),
      }),
  },
  'ease-content': {
    predicts: 'scores',
    content: 'features',
    options: [
      ...easeOptions,
      option('contentWeight', 'number', '100', 'weight of agreement in content, in ratings'),
      ...vectorOptions,
    ],
    make: async (inputs) => new EaseRecommender({ ...easeOf(inputs), content: await inputs.vectors() }),
  },
  switch: {
    options: [
      option('cold', 'json', 'content-knn', 'predicts the items with few ratings: a name, or name and options as JSON'),
      option('warm', 'json', 'svd', 'predicts the others'),
      option('below', 'integer', '5', 'number of ratings from which an item no longer counts as cold'),
    ],
    parts: ({ cold = 'content-knn', warm = 'svd' }) => [cold, warm],
    make: ({ options, parts: [cold, warm] }) =>
      new SwitchRecommender({
        ...(options as { below?: number | undefined }),
        ...{ cold: cold as Recommender, warm: warm as Recommender },
      }),
  },
  blend: {
    options: [
      option('parts', 'json', 'svd,item-knn', 'two recommenders or more: names, or names and options as JSON'),
      option('weights', 'json', 'by validation', 'a weight for each part'),
      option(
        'heldOut',
        'text',
        'ratings',
        'what the weights are fitted to: a tenth of the ratings, or of the items (items)',
      ),
    ],
    parts: ({ parts = ['svd', 'item-knn'] }) => (Array.isArray(parts) ? parts : [parts]),
    partFits: ({ weights }) => (weights === undefined ? 2 : 1),
    make: ({ options, parts, seed }) =>
      new BlendRecommender({
        ...{ parts, seed, heldOut: options.heldOut as 'ratings' | 'items' | undefined },
        weights: numbersOf(options.weights),
      }),
  },
} as const satisfies Readonly<Record<string, ClassicRecommender>>;

/** Name of a recommender that is not neural. */
export type ClassicRecommenderName = keyof typeof classicRecommenders;

/** The recommenders that are not neural. */
export const classicRecommenderNames = Object.keys(classicRecommenders) as readonly ClassicRecommenderName[];

function federatedOf({ options: { dp, ...own }, seed }: Pick<ClassicInputs, 'options' | 'seed'>): FederatedOptions {
  return { ...own, privacy: privacyOptions({ dp }), seed };
}

function easeOf({ options: { memory, ...options }, onMessage, signal }: ClassicInputs) {
  return { ...options, ...{ memory: memoryLimit({ memory: memory as string | undefined }), onMessage, signal } };
}

function numbersOf(weights: Json | undefined): number[] | undefined {
  if (weights === undefined) return undefined;
  if (Array.isArray(weights) && weights.every((weight) => typeof weight === 'number')) return weights as number[];
  throw new UsageError('`weights` must be a list of numbers, one for each part', { option: 'weights' });
}
