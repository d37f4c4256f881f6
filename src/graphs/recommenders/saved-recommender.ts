import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, removeIfThere, removeStaleTemporaries, replaceFile } from '../../core/atomic-file.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import { given } from '../../core/given.ts';
import { sha256 } from '../../core/hash.ts';
import { refuseAddress } from '../../core/object-address.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import { renamed } from '../../core/renamed.ts';
import { wordsOf } from '../../core/words-of.ts';
import type { RatingTable } from '../../io/ratings/rating-table.ts';
import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { PrivacyGuarantee } from '../../models/privacy/privacy-options.ts';
import {
  floatTensor,
  floatValues,
  integerTensor,
  integerValues,
  readSafetensors,
  type Safetensors,
  writeSafetensors,
} from '../../models/weights/safetensors.ts';
import type { Json } from '../graph.ts';
import type { CatalogueItem } from './catalogue.ts';
import { ownRecommender, type RecommenderCode } from './own-recommenders.ts';
import { checkRecommenderName, type RecommenderName, recommenderReadsFeatures } from './recommender-names.ts';
import { checkRecommenderOptions } from './recommender-options.ts';
import type { FeatureFile } from './training-sources.ts';
import type { ValidationFigures } from './validation-figures.ts';

const format = 'reelflow-recommender-2';
/** The same format, as earlier versions named it. */
const earlierFormat = 'reelflow-model-2';
/** Before there were two forms of audiovisual neural recommenders, all had the thesis's form. */
const formatOfThesis = 'reelflow-model-1';
const factsFile = 'recommender.json';
/** The file as earlier versions named it. */
const earlierFactsFile = 'model.json';
const files = { ids: 'ids.json', ratings: 'ratings.safetensors', weights: 'weights.safetensors' } as const;

/** How much data a recommender was trained with. */
export interface TrainingCounts {
  readonly ratings: number;
  readonly users: number;
  /** Items that have ratings. */
  readonly ratedItems: number;
  /** Items that nobody has rated and that the recommender can judge by their content. */
  readonly unratedItems: number;
}

/** The content of `recommender.json`. */
export interface RecommenderFacts {
  readonly recommender: RecommenderName;
  readonly options: Readonly<Record<string, Json>>;
  readonly seed: number;
  readonly scale: RatingScale;
  /**
   * What the recommender was made from: data, options and seed. Training into the directory of
   * another recommender is refused.
   */
  readonly identity: string;
  readonly trainSeconds: number;
  /** The epochs of a neural recommender. */
  readonly history: readonly EpochRecord[];
  readonly best?: { readonly epoch: number; readonly loss: number | null } | undefined;
  readonly validationFigures?: ValidationFigures | undefined;
  /** What a private training guarantees about the weights. */
  readonly privacy?: PrivacyGuarantee | undefined;
  readonly features?: FeatureFile | undefined;
  /** For a recommender of your own: the code that made it. */
  readonly code?: RecommenderCode | undefined;
  /** Absent from recommenders that were saved before there were counts. */
  readonly counts?: TrainingCounts | undefined;
}

/** A trained recommender, as stored in a directory. */
export interface SavedRecommender {
  readonly facts: RecommenderFacts;
  readonly userIds: readonly string[];
  readonly catalogue: readonly CatalogueItem[];
  /** The id of the features of each item of the catalogue, if it has any. */
  readonly featureIds: readonly (string | null)[];
  /** All ratings it was trained with, row by row. */
  readonly ratings: Pick<RatingTable, 'users' | 'items' | 'values' | 'timestamps'>;
  /** Rows of the ratings that were only used for early stopping. */
  readonly validation: Int32Array;
  /**
   * Only for neural recommenders and neural parts; other recommenders learn again from the ratings
   * when they are loaded.
   */
  readonly weights?:
    | ReadonlyMap<string, { readonly values: Float32Array; readonly shape: readonly number[] }>
    | undefined;
}

/**
 * Writes a recommender into a directory: `ids.json`, `ratings.safetensors`, for neural recommenders
 * `weights.safetensors`, and finally `recommender.json`, which records the SHA-256 of the others. A
 * directory without it holds no recommender.
 *
 * @throws SystemError `disk-full`.
 */
export async function saveRecommender(directory: string, saved: SavedRecommender): Promise<void> {
  await makeDirectory(directory);
  await removeStaleTemporaries(directory);
  const { facts, userIds, catalogue, featureIds, ratings, validation, weights } = saved;
  const contents: Record<string, Uint8Array> = {
    [files.ids]: Buffer.from(JSON.stringify({ users: userIds, items: catalogue, features: featureIds })),
    [files.ratings]: writeSafetensors(
      given({
        users: integerTensor(ratings.users, [ratings.users.length]),
        items: integerTensor(ratings.items, [ratings.items.length]),
        values: floatTensor(ratings.values, [ratings.values.length]),
        validation: integerTensor(validation, [validation.length]),
        times: ratings.timestamps && floatTensor(ratings.timestamps, [ratings.timestamps.length]),
      }),
    ),
  };
  if (weights !== undefined) {
    const tensors = [...weights].map(([name, { values, shape }]) => [name, floatTensor(values, shape)] as const);
    contents[files.weights] = writeSafetensors(Object.fromEntries(tensors), { recommender: facts.recommender });
  }
  for (const [name, bytes] of Object.entries(contents)) await replaceFile(join(directory, name), bytes);
  const hashes = Object.fromEntries(Object.entries(contents).map(([name, bytes]) => [name, sha256(bytes)]));
  await replaceFile(
    join(directory, factsFile),
    `${JSON.stringify({ format, ...facts, files: hashes }, undefined, 2)}\n`,
  );
}

/**
 * Removes the file that makes a directory a recommender's; its other files may then be replaced.
 */
export async function removeRecommenderFacts(directory: string): Promise<void> {
  for (const name of [factsFile, earlierFactsFile]) await removeIfThere(join(directory, name));
}

/**
 * The content of the directory's `recommender.json`, or of the `model.json` of an earlier version;
 * undefined if there is neither.
 * @throws ModelError `weights` when it cannot be understood.
 */
export async function readRecommenderFacts(
  directory: string,
): Promise<(RecommenderFacts & { files: Json }) | undefined> {
  for (const name of [factsFile, earlierFactsFile]) {
    const path = join(directory, name);
    const text = await textIfThere(path);
    if (text !== undefined) return factsOfText(path, text);
  }
  return undefined;
}

async function textIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw damaged(path, wordsOf(error), error);
  }
}

function factsOfText(path: string, text: string): RecommenderFacts & { files: Json } {
  try {
    const found = JSON.parse(text) as RecommenderFacts & { format: unknown; files: Json };
    const facts = renamed(found, 'model', 'recommender');
    if (![format, earlierFormat, formatOfThesis].includes(facts.format as string)) {
      throw new UsageError(`its format is not ${format}`);
    }
    // Whether its code is available is checked when it is loaded.
    if (facts.code !== undefined) return facts;
    const name = checkRecommenderName(facts.recommender);
    if (facts.format === formatOfThesis && recommenderReadsFeatures(name)) {
      return { ...facts, options: { form: 'thesis', ...facts.options } };
    }
    checkRecommenderOptions(name, facts.options);
    const { minimum, maximum } = facts.scale;
    if (!(minimum < maximum)) throw new UsageError('its scale is invalid');
    return facts;
  } catch (cause) {
    throw damaged(path, wordsOf(cause), cause);
  }
}

/**
 * Reads a saved recommender.
 *
 * @throws UsageError `no-recommender` when the directory has none; ModelError `weights` or `hash`
 * when a file is missing, damaged or has been changed.
 */
export async function readSavedRecommender(directory: string): Promise<SavedRecommender> {
  refuseAddress(directory);
  const facts = await readRecommenderFacts(directory);
  if (facts === undefined) {
    throw new UsageError(`${directory} does not hold a trained recommender: it has no ${factsFile}`, {
      code: 'no-recommender',
      remedy: 'Train one with `trainRecommender`; a training that was interrupted continues when it is run again.',
    });
  }
  if (facts.code !== undefined) checkCode(directory, facts.recommender, facts.code);
  const read = async (name: string): Promise<Buffer> => {
    const bytes = await readFile(join(directory, name)).catch((cause: Error) => {
      throw damaged(join(directory, name), wordsOf(cause), cause);
    });
    if (sha256(bytes) === (facts.files as Record<string, Json>)?.[name]) return bytes;
    throw new ModelError('hash', `${join(directory, name)} is not the file that ${factsFile} names`, {
      remedy: 'Train the recommender again, or take the whole directory from a copy.',
    });
  };
  const ids = idLists(join(directory, files.ids), await read(files.ids));
  const tensors = readSafetensors(await read(files.ratings));
  const users = integerValues(tensors, 'users');
  const items = integerValues(tensors, 'items');
  const validation = integerValues(tensors, 'validation');
  checkNumbers(join(directory, files.ratings), { users, items, validation }, ids);
  const hasWeights = Object.hasOwn(facts.files as object, files.weights);
  return {
    facts,
    ...{ userIds: ids.users, catalogue: ids.items, featureIds: ids.features },
    ratings: {
      ...{ users, items, values: floatValues(tensors, 'values', 'F32', [users.length]) },
      timestamps: tensors.tensors.has('times') ? floatValues(tensors, 'times', 'F64', [users.length]) : undefined,
    },
    validation,
    weights: hasWeights ? weightsOf(readSafetensors(await read(files.weights))) : undefined,
  };
}

/**
 * @throws UsageError `module` when the code of a recommender of your own is not loaded, or differs.
 */
function checkCode(directory: string, name: string, { version, module }: RecommenderCode): void {
  const here = ownRecommender(name)?.code;
  if (here?.version === version && here.module?.sha256 === module?.sha256) return;
  const was = module === undefined ? `version ${version}` : `${module.name}, SHA-256 ${module.sha256.slice(0, 12)}...`;
  const is =
    here && (here.module === undefined ? `version ${here.version}` : `SHA-256 ${here.module.sha256.slice(0, 12)}...`);
  throw new UsageError(
    is === undefined
      ? `${directory} holds '${name}', a recommender of your own (${was}), whose code is not loaded`
      : `${directory} holds '${name}' made by other code (${was}) than the code that is loaded (${is})`,
    {
      code: 'module',
      remedy:
        is === undefined
          ? `Read its module, and name it: \`module: '${module?.name ?? './mine.js'}'\`.`
          : 'Name the unchanged module, or train the recommender again.',
    },
  );
}

/** @throws ModelError `weights` when a number does not refer to a user, an item or a row. */
function checkNumbers(
  path: string,
  { users, items, validation }: Record<'users' | 'items' | 'validation', Int32Array>,
  ids: IdLists,
): void {
  if (items.length !== users.length) {
    throw damaged(path, `it has ${users.length} users and ${items.length} items`, undefined);
  }
  const check = (name: string, numbers: Int32Array, count: number) => {
    const wrong = numbers.find((number) => number < 0 || number >= count);
    if (wrong !== undefined) throw damaged(path, `${name} has ${wrong}, but there are ${count}`, undefined);
  };
  check('users', users, ids.users.length);
  check('items', items, ids.items.length);
  check('validation', validation, users.length);
}

interface IdLists {
  readonly users: string[];
  readonly items: CatalogueItem[];
  readonly features: (string | null)[];
}

/** Reads the lists of ids and checks their form, since the file may come from anywhere. */
function idLists(path: string, bytes: Uint8Array): IdLists {
  const isTextList = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((each) => typeof each === 'string');
  try {
    const { users, items, features } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<IdLists>;
    const areItems = Array.isArray(items) && items.every(({ id }) => typeof id === 'string');
    const fit = areItems && items.every(({ genres, title = '' }) => isTextList(genres) && typeof title === 'string');
    const areFeatures = Array.isArray(features) && isTextList(features.map((id) => id ?? ''));
    if (isTextList(users) && fit && areFeatures && features.length === items.length) return { users, items, features };
  } catch (cause) {
    throw damaged(path, 'it is not valid JSON of the expected form', cause);
  }
  throw damaged(path, 'it is not a list of users, items and features', undefined);
}

function weightsOf(file: Safetensors) {
  return new Map(
    [...file.tensors].map(([name, { shape }]) => [name, { shape, values: floatValues(file, name, 'F32', shape) }]),
  );
}

function damaged(path: string, what: string, cause: unknown): ModelError {
  return new ModelError('weights', `${path} cannot be read: ${what}`, {
    remedy: 'Train the recommender again, or take the directory from a copy.',
    cause,
  });
}
