import type { TrainingDefaults } from '../../models/recommenders/defined-training.ts';
import type { attentionDefaults } from '../../models/recommenders/history/attention.ts';
import { autoRec } from '../../models/recommenders/history/autorec.ts';
import { bert4Rec } from '../../models/recommenders/history/bert4rec.ts';
import { deepAe } from '../../models/recommenders/history/deep-ae.ts';
import { gru4Rec } from '../../models/recommenders/history/gru4rec.ts';
import type { HistoryDefinition } from '../../models/recommenders/history/history-network.ts';
import { type ItemTableOptions, itemsHaveContent } from '../../models/recommenders/history/item-table.ts';
import { m5 } from '../../models/recommenders/history/m5.ts';
import { multiDae, multiVae } from '../../models/recommenders/history/multi-vae.ts';
import { sasRec } from '../../models/recommenders/history/sasrec.ts';
import { type BstKmeansOptions, bstKmeans, bstReadsContent } from '../../models/recommenders/pairs/bst-kmeans.ts';
import {
  type FeatureMlpOptions,
  featureMlp,
  namedInputs,
  readsStreams,
  readsTimesOfRatings,
} from '../../models/recommenders/pairs/feature-mlp.ts';
import { gat } from '../../models/recommenders/pairs/gat.ts';
import { multimodalCnn } from '../../models/recommenders/pairs/multimodal-cnn.ts';
import type { PairDefinition } from '../../models/recommenders/pairs/pair-network.ts';
import { ddpg } from '../../models/recommenders/reinforcement/ddpg.ts';
import { greedyReward } from '../../models/recommenders/reinforcement/greedy-reward.ts';
import { td3 } from '../../models/recommenders/reinforcement/td3.ts';
import type { Json } from '../graph.ts';
import { reductionOption, usualComponents, vectorOptions } from './classic-recommenders.ts';
import { dpOption } from './private-options.ts';
import { type OptionKind, option, type RecommenderOption } from './recommender-option.ts';

/**
 * The complete description of a recommender whose network is made from a definition: one that reads
 * histories, or a network of pairs.
 */
export interface DefinedRecord {
  /** Takes the options of this record, whose kinds have been checked. */
  readonly definition: HistoryDefinition<never> | PairDefinition<never>;
  readonly options: readonly RecommenderOption[];
  /** Whether it reads facts about users besides their ratings; default no. */
  readonly readsUsers?: boolean | undefined;
  /** Whether to report, after training, that all lists are nearly the same. Default no. */
  readonly watchesCollapse?: boolean | undefined;
  /** Whether it reads features of items; default no. */
  readonly readsTimes?: ((options: Readonly<Record<string, Json>>) => boolean) | undefined;
  readonly readsFeatures?: ((options: Readonly<Record<string, Json>>) => boolean) | undefined;
}

/** Options of every training; the defaults are the network's. */
function trainingOptions(of: TrainingDefaults, rows = 'histories'): RecommenderOption[] {
  const { batchSize, epochs, patience, patienceSteps, learningRate, l2 } = of;
  return [
    option('batch', 'integer', String(batchSize), `${rows} per step`),
    option('epochs', 'integer', String(epochs), 'maximum number of epochs'),
    option('patience', 'integer', String(patience), 'epochs without a better validation loss before training ends'),
    option('patienceSteps', 'integer', String(patienceSteps), 'steps without one before it ends, however many epochs'),
    option('learningRate', 'number', String(learningRate), 'of Adam'),
    option('l2', 'number', String(l2), 'weight of the sum of squared kernels and embeddings in the loss'),
    option('memory', 'text', '4 GiB, or half of what there is', 'memory limit of weights and of what a step holds'),
    option('checkpointSteps', 'integer', 'epochs only', 'steps between checkpoints inside an epoch'),
  ];
}

/** An option whose default is the network's. */
type OptionOf<Key extends string> = (key: Key, kind: OptionKind, does: string) => RecommenderOption;

function optionsOf<Defaults extends object>({
  defaults,
}: {
  readonly defaults: Defaults;
}): OptionOf<keyof Defaults & string> {
  return (key, kind, does) => option(key, kind, String(defaults[key]), does);
}

const ofAutoRec = optionsOf(autoRec);
const ofDeepAe = optionsOf(deepAe);
const ofMultiDae = optionsOf(multiDae);
const ofMultiVae = optionsOf(multiVae);
const ofGru4Rec = optionsOf(gru4Rec);
const ofSasRec = optionsOf(sasRec);
const ofBert4Rec = optionsOf(bert4Rec);
const ofM5 = optionsOf(m5);
const ofPolicy = optionsOf(ddpg);
const ofGat = optionsOf(gat);
const ofMultimodalCnn = optionsOf(multimodalCnn);
const ofFeatureMlp = optionsOf(featureMlp);
const ofBstKmeans = optionsOf(bstKmeans);

const activation = 'sigmoid, tanh, relu, selu, gelu or identity';

const ratingOptions = (of: OptionOf<'noise' | 'centre'>): RecommenderOption[] => [
  of('noise', 'number', 'share of the observed ratings that a step hides'),
  of('centre', 'text', 'what is subtracted from ratings: global, the mean of all, or none'),
];

const choiceOptions = (of: OptionOf<'hidden' | 'latent' | 'dropout'>): RecommenderOption[] => [
  of('hidden', 'integers', 'units of the layers before the latent one; mirrored behind it'),
  of('latent', 'integer', 'units of the latent layer'),
  of('dropout', 'number', 'share of what a user has chosen that a step hides'),
  option('likedAbove', 'number', 'two thirds up the scale', 'ratings above it are what a user has chosen'),
];

const sequenceOptions = (of: OptionOf<'length' | 'width' | 'id' | 'coldRate'>): RecommenderOption[] => [
  of('length', 'integer', 'how many of the last items of a history are read'),
  of('width', 'integer', 'width of the vectors of items'),
  option('likedAbove', 'number', 'every rating', 'ratings above it are what a user has chosen'),
  of('id', 'boolean', 'whether items have their own embeddings'),
  option('content', 'boolean', 'only without id', 'whether items are also known by their features'),
  of('coldRate', 'number', 'with both: share of the items that a step knows by content alone'),
  ...vectorOptions,
];

const attentionOptions = (of: OptionOf<keyof typeof attentionDefaults>): RecommenderOption[] => [
  ...sequenceOptions(of),
  of('layers', 'integer', 'blocks of self-attention'),
  of('heads', 'integer', 'heads of each'),
  of('inner', 'integer', 'units of the dense layer inside a block'),
  of('dropout', 'number', 'dropout rate of the inputs, of attention and of what a block adds'),
];

const readsFeatures = (options: ItemTableOptions): boolean => itemsHaveContent(options);

const rewardOptions = [
  ofPolicy('factors', 'integer', 'length of the vectors of users and items'),
  ofPolicy('hidden', 'integer', 'units of each of the two layers of a network'),
  ofPolicy('recent', 'integer', 'number of liked items in a state'),
  ofPolicy('candidates', 'integer', 'the most items that an action chooses among in a step'),
  ofPolicy('transitions', 'integer', 'transitions for each user in a step'),
];

const actorCriticOptions = [
  ...rewardOptions,
  ofPolicy('discount', 'number', 'how much a reward counts if it comes one recommendation later'),
  ofPolicy('tau', 'number', 'share by which the targets move towards the weights in a step'),
  ofPolicy('exploration', 'number', 'standard deviation of the exploration noise on actions'),
];

const pairOptions = (of: OptionOf<'id' | 'content'>): RecommenderOption[] => [
  of('id', 'boolean', 'whether users and items have their own embeddings'),
  of('content', 'boolean', 'whether features of the items are read'),
  ...vectorOptions,
];

const knownOptions = [
  option('genres', 'boolean', 'if there are any', 'whether genres of the items are read'),
  option('userFields', 'boolean', 'if there are any', 'whether fields of the users are read'),
];

const readsContent = ({ content = true }: { readonly content?: Json | undefined }): boolean => content === true;

/** The recommenders that are made from definitions, in the order in which they are listed. */
export const definedRecommenders = {
  autorec: {
    definition: autoRec,
    options: [
      ofAutoRec('side', 'text', 'whose ratings are a row: item or user'),
      ofAutoRec('hidden', 'integer', 'units of the hidden layer'),
      ofAutoRec('activation', 'text', activation),
      ofAutoRec('dropout', 'number', 'share of the hidden units dropped'),
      ...[...ratingOptions(ofAutoRec), ...trainingOptions(autoRec.training), dpOption],
    ],
  },
  'deep-ae': {
    definition: deepAe,
    options: [
      ofDeepAe('hidden', 'integers', 'units of the hidden layers; the middle one is the code'),
      ofDeepAe('activation', 'text', activation),
      ofDeepAe('dropout', 'number', 'share of the code dropped'),
      ofDeepAe('refeeding', 'integer', 'how many times a step trains on its own prediction as a row without gaps'),
      ...[...ratingOptions(ofDeepAe), ...trainingOptions(deepAe.training), dpOption],
    ],
  },
  'multi-dae': {
    definition: multiDae,
    options: [...choiceOptions(ofMultiDae), ...trainingOptions(multiDae.training), dpOption],
  },
  'multi-vae': {
    definition: multiVae,
    options: [
      ...choiceOptions(ofMultiVae),
      ofMultiVae('annealCap', 'number', 'maximum weight of the divergence'),
      ofMultiVae('totalAnnealSteps', 'integer', 'steps in which a weight of 1 would be reached'),
      ...trainingOptions(multiVae.training),
      dpOption,
    ],
  },
  gru4rec: {
    definition: gru4Rec,
    readsFeatures,
    options: [
      ...sequenceOptions(ofGru4Rec),
      ofGru4Rec('hidden', 'integer', 'units of the recurrent layer'),
      ofGru4Rec('dropout', 'number', 'share of the values of items dropped before the layer'),
      ...trainingOptions(gru4Rec.training),
      dpOption,
    ],
  },
  sasrec: {
    definition: sasRec,
    readsFeatures,
    options: [...attentionOptions(ofSasRec), ...trainingOptions(sasRec.training), dpOption],
  },
  bert4rec: {
    definition: bert4Rec,
    readsFeatures,
    options: [
      ...attentionOptions(ofBert4Rec),
      ofBert4Rec('maskRatio', 'number', 'share of the items that a step hides'),
      ofBert4Rec('ftRatio', 'number', 'share of the histories of which a step hides only the last item'),
      ...trainingOptions(bert4Rec.training),
      dpOption,
    ],
  },
  m5: {
    definition: m5,
    readsFeatures: readsContent,
    options: [
      ofM5('length', 'integer', 'how many of the last items of a history are read'),
      ofM5('width', 'integer', 'width of the vectors of items'),
      ofM5('heads', 'integer', 'heads of the block of attention'),
      ofM5('dropout', 'number', 'dropout rate of the inputs, of attention and of what a block adds'),
      ofM5('interests', 'integer', 'interests of a user'),
      ofM5('content', 'boolean', 'whether there is a content tower beside the id tower'),
      ofM5('contentLoss', 'number', 'weight of the loss of the content tower alone'),
      ofM5('gate', 'json', 'share of ids in a score: count, by the ratings of the item, or a number'),
      option('likedAbove', 'number', 'every rating', 'ratings above it are what a user has chosen'),
      ...vectorOptions,
      ...trainingOptions(m5.training),
    ],
  },
  ddpg: {
    definition: ddpg,
    watchesCollapse: true,
    options: [...actorCriticOptions, ...trainingOptions(ddpg.training)],
  },
  td3: { definition: td3, watchesCollapse: true, options: [...actorCriticOptions, ...trainingOptions(td3.training)] },
  'greedy-reward': {
    definition: greedyReward,
    watchesCollapse: true,
    options: [...rewardOptions, ...trainingOptions(greedyReward.training)],
  },
  gat: {
    definition: gat,
    readsFeatures: readsContent,
    options: [
      ...pairOptions(ofGat),
      ofGat('genres', 'boolean', 'whether genres of the items are read'),
      ofGat('width', 'integer', 'width of what is read of each modality, of embeddings and of layers'),
      ofGat('layers', 'integer', 'layers of attention'),
      ofGat('heads', 'integer', 'heads of each layer but the last'),
      ofGat('hidden', 'integers', 'units of the dense layers that compute a rating from two nodes'),
      ofGat('dropout', 'number', 'dropout rate of inputs, of attention and of the dense layers'),
      ofGat('coldRate', 'number', 'share of the items that a step knows without ratings'),
      ...trainingOptions(gat.training, 'ratings'),
    ],
  },
  'multimodal-cnn': {
    definition: multimodalCnn,
    readsFeatures: readsContent,
    readsUsers: true,
    options: [
      ...pairOptions(ofMultimodalCnn),
      ...knownOptions,
      option('titles', 'boolean', 'if there are any', 'whether titles of the items are read'),
      ofMultimodalCnn('width', 'integer', 'width of embeddings and of the representation of each input'),
      ofMultimodalCnn('joint', 'integer', 'units in which the inputs of a user, and of an item, come together'),
      ofMultimodalCnn('output', 'text', 'how both become a rating: dense, a layer of 64, or dot, their product'),
      ofMultimodalCnn('dropout', 'number', 'dropout rate of the joint layers and of titles'),
      ofMultimodalCnn('coldRate', 'number', 'share of the ratings learnt without the embedding of their item'),
      ...trainingOptions(multimodalCnn.training, 'ratings'),
    ],
  },
  'feature-mlp': {
    definition: featureMlp,
    readsFeatures: (options: FeatureMlpOptions) => readsStreams(options),
    readsTimes: (options: FeatureMlpOptions) => readsTimesOfRatings(options),
    readsUsers: true,
    options: [
      option(
        'inputs',
        'json',
        'all available but times',
        `what is read: ${namedInputs.join(', ')}, and names of streams`,
      ),
      option('shuffled', 'json', 'none', 'inputs whose values are exchanged at random, so that they tell nothing'),
      ofFeatureMlp('width', 'integer', 'width of embeddings and of the vector made from each input'),
      ofFeatureMlp('hidden', 'integers', 'units of the dense layers'),
      ofFeatureMlp('dropout', 'number', 'dropout rate of the dense layers'),
      ofFeatureMlp('coldRate', 'number', 'share of the ratings learnt without the embedding of their item'),
      option('components', 'integer', String(usualComponents), 'principal components that each stream is reduced to'),
      reductionOption,
      ...trainingOptions(featureMlp.training, 'ratings'),
    ],
  },
  'bst-kmeans': {
    definition: bstKmeans,
    readsFeatures: (options: BstKmeansOptions) => bstReadsContent(options),
    readsUsers: true,
    options: [
      ofBstKmeans('length', 'integer', 'items of the user that are read before the one to be rated'),
      ofBstKmeans('id', 'boolean', 'whether items have their own embeddings'),
      option('content', 'boolean', 'only without id', 'whether features of the items are read'),
      ...[...knownOptions, ...vectorOptions],
      ofBstKmeans('width', 'integer', 'width of the vectors of items'),
      ofBstKmeans('heads', 'integer', 'heads of the block of attention'),
      ofBstKmeans('hidden', 'integers', 'units of the dense layers'),
      ofBstKmeans('dropout', 'number', 'dropout rate of attention and of the dense layers'),
      ofBstKmeans('coldRate', 'number', 'share of the ratings learnt without the embedding of their item'),
      ofBstKmeans('rerank', 'integer', 'length of the lists that take movies from clusters in turn; 0: none'),
      ofBstKmeans('clusters', 'integer', 'clusters of movies'),
      ofBstKmeans('clusterBy', 'text', 'what movies are clustered by: genres or content'),
      ...trainingOptions(bstKmeans.training, 'ratings'),
    ],
  },
} as const satisfies Readonly<Record<string, DefinedRecord>>;

/** Name of a recommender that is made from a definition. */
export type DefinedRecommenderName = keyof typeof definedRecommenders;

/** Their names. */
export const definedRecommenderNames = Object.keys(definedRecommenders) as readonly DefinedRecommenderName[];

/** The record of a recommender that is made from a definition; undefined for any other. */
export function definedRecord(name: string): DefinedRecord | undefined {
  return Object.hasOwn(definedRecommenders, name) ? definedRecommenders[name as DefinedRecommenderName] : undefined;
}
