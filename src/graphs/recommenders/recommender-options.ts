import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import { usualBatch } from '../../models/recommenders/neural/neural-recommender.ts';
import type { Json } from '../graph.ts';
import { modalitiesOption, reductionOption } from './classic-recommenders.ts';
import { definedRecommenders } from './defined-recommenders.ts';
import { dpOption } from './private-options.ts';
import {
  classicRecord,
  isDefinedRecommender,
  isNeuralRecommender,
  type RecommenderName,
  recommenderNames,
  recommenderReadsFeatures,
  trainsInEpochs,
} from './recommender-names.ts';
import { type OptionKind, option, type RecommenderOption } from './recommender-option.ts';

const trainingOptions = [
  option('embedding', 'integer', '64, residual 32', 'width of each embedding', 'factors'),
  option('l2', 'number', '1e-5, residual 0.05', 'weight of the L2 penalty on kernels and embeddings'),
  option(
    'loss',
    'text',
    'mse',
    'mse, ordinal, mixed (mse and bpr), or bpr, lambdarank, softmax and log, which predict scores; bpr for choices',
  ),
  option(
    'weighting',
    'number',
    '0',
    'for mse, mixed and ordinal: rare rating values are weighted by 1 / share to this power',
  ),
  option('mix', 'number', '0.5', 'for mixed: weight of the squared error; the order of pairs has the rest'),
  option('levels', 'integer', 'one each half', 'for ordinal: levels of the scale'),
  option('negatives', 'integer', '4 for choices', 'items not chosen, drawn in each epoch for each rating'),
  option('batch', 'integer', String(usualBatch), 'ratings per step'),
  option('batching', 'text', 'random', 'random, or item-grouped: cheaper epochs, but different results'),
  option('itemsPerGroup', 'integer', '16', 'for item-grouped: number of items that are mixed'),
  option('epochs', 'integer', '100, residual 200', 'maximum number of epochs'),
  option('patience', 'integer', '5, residual 15', 'epochs without a better validation loss before training ends'),
  option('patienceSteps', 'integer', '500', 'steps without one before training ends, however many epochs that is'),
  option('learningRate', 'number', '0.001, residual 0.003', 'initial learning rate of Adam'),
  option(
    'plateau',
    'json',
    '{"factor":0.5,"patience":2,"patienceSteps":200}, residual false',
    'how the learning rate is lowered; false: never',
  ),
  option(
    'sparse',
    'boolean',
    'tables of 10,000 rows or more',
    'whether a step changes only the embedding rows that its batch uses',
  ),
  option('checkpointSteps', 'integer', 'epochs only', 'steps between checkpoints inside an epoch'),
];

function denseOptions(widths: string): RecommenderOption[] {
  return [
    option('widths', 'integers', widths, 'units of each dense layer'),
    option('join', 'integer', '2', 'how many of them come before the branches join'),
    option('dropout', 'number', '0.2', 'share of values dropped after each dense layer'),
    option('batchNormalisation', 'boolean', 'false', 'between each dense layer and its ReLU'),
  ];
}

const contentOptions = [
  modalitiesOption,
  option(
    'lstm',
    'json',
    '128,64, residual 32',
    'units of the LSTM layers: a list, or an object with a list for each stream',
  ),
];

const formOptions = [
  option('form', 'text', 'residual', 'residual, or thesis: the layout of the thesis'),
  option('coldRate', 'number', '0.5', 'residual: share of the ratings learnt as if nobody had rated their items'),
  option('fits', 'integer', '3', 'residual: neural recommenders that learn side by side; their mean predicts'),
  option('components', 'integer', '20', 'residual: principal components that each stream is reduced to'),
  reductionOption,
  option('pool', 'text', 'last', 'residual: how subclips are pooled: last (mean and LSTM), mean, or attention'),
  option('streamWeights', 'json', '1; 0.5 next to zeros and ones', 'residual: an object with a weight for each stream'),
];

const beta = option('beta', 'json', '1', 'weight of the audiovisual branch at the join: a number, or learnt');
const pretrained = option(
  'pretrained',
  'json',
  'none',
  'true: trains the branches first, on the same ratings; or {"collaborative":DIR,"content":DIR} of saved recommenders',
);

const joinedOptions = [
  ...formOptions,
  ...denseOptions('32,16,8, residual 32,16'),
  beta,
  ...contentOptions,
  ...trainingOptions,
  pretrained,
];

const optionsByNeuralRecommender: Readonly<Record<NeuralRecommenderName, readonly RecommenderOption[]>> = {
  'regsvd-adam': [...trainingOptions, dpOption],
  gmf: [...trainingOptions, dpOption],
  deepcf: [...denseOptions('32,16,8'), ...trainingOptions, dpOption],
  'dcf-av-1': joinedOptions,
  'dcf-av-2': joinedOptions,
  'lstm-av': [...formOptions, ...denseOptions('32,16'), ...contentOptions, ...trainingOptions],
};

/** The options of a recommender, in the order of its table in the guide. */
export function recommenderOptions(model: RecommenderName): readonly RecommenderOption[] {
  if (isDefinedRecommender(model)) return definedRecommenders[model].options;
  return isNeuralRecommender(model) ? optionsByNeuralRecommender[model] : classicRecord(model).options;
}

/**
 * Checks the keys of a recommender's options and the types of their values, and resolves aliases.
 * Ranges are checked by the recommenders themselves.
 *
 * @throws UsageError for an unknown key, listing the known ones of the recommender; for a value of
 * the wrong type; for an option given under both its names.
 */
export function checkRecommenderOptions(
  model: RecommenderName,
  options: Readonly<Record<string, Json>>,
): Record<string, Json> {
  const known = recommenderOptions(model);
  const checked: Record<string, Json> = {};
  for (const [key, value] of Object.entries(options)) {
    const found = known.find((each) => each.key === key || each.alias === key);
    if (found === undefined) throw unknownOption(model, key);
    if (Object.hasOwn(checked, found.key)) {
      throw new UsageError(`\`${found.key}\` and \`${found.alias}\` are the same option of ${model}: give only one`);
    }
    checked[found.key] = checkKind(key, found.kind, value);
  }
  return checked;
}

/**
 * Reads an option's value from a text on the command line.
 *
 * @throws UsageError when the text is not a value of that kind.
 */
export function parseOptionText(model: RecommenderName, key: string, text: string): Json {
  const found = recommenderOptions(model).find((each) => each.key === key || each.alias === key);
  if (found === undefined) throw unknownOption(model, key);
  const trimmed = text.trim();
  if (found.kind === 'text') return trimmed;
  if (found.kind === 'integers') return checkKind(key, 'integers', numbersOf(trimmed) ?? trimmed);
  if (found.kind === 'boolean') return checkKind(key, 'boolean', { true: true, false: false }[trimmed] ?? trimmed);
  if (found.kind === 'json') return jsonOf(key, trimmed);
  return checkKind(key, found.kind, trimmed === '' || Number.isNaN(Number(trimmed)) ? trimmed : Number(trimmed));
}

function jsonOf(key: string, text: string): Json {
  if (/^[[{]/.test(text) || text === 'true' || text === 'false') {
    try {
      return JSON.parse(text) as Json;
    } catch (cause) {
      throw new UsageError(`\`${key}\` must be JSON, but is ${shown(text)}`, { cause });
    }
  }
  const numbers = numbersOf(text);
  if (numbers !== undefined) return numbers.length === 1 && key !== 'lstm' ? (numbers[0] as number) : numbers;
  return key === 'modalities' || key === 'parts' ? text.split(',').map((name) => name.trim()) : text;
}

function numbersOf(text: string): number[] | undefined {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  return numbers.some((number) => Number.isNaN(number)) ? undefined : numbers;
}

function unknownOption(model: RecommenderName, key: string): UsageError {
  if (key === dpOption.key) return notPrivate(model);
  const names = recommenderOptions(model).map((each) => (each.alias ? `${each.key} (or ${each.alias})` : each.key));
  const content =
    isNeuralRecommender(model) && recommenderReadsFeatures(model)
      ? '; what it learns from the items is set by `modalities` and `lstm`'
      : '';
  return new UsageError(`recommender ${model} has no option '${key}'`, {
    remedy: `${names.length === 0 ? 'It has no options.' : `It has ${names.join(', ')}${content}.`}${elsewhere(key)}`,
  });
}

/** A sentence that names the recommenders with an option, after a space; empty if none has it. */
export function elsewhere(key: string): string {
  const able = recommenderNames.filter((name) =>
    recommenderOptions(name).some((each) => each.key === key || each.alias === key),
  );
  return able.length === 0 ? '' : ` \`${key}\` is an option of ${able.join(', ')}.`;
}

/** The error for a recommender without the option: why, and which ones have it. */
function notPrivate(model: RecommenderName): UsageError {
  const able = recommenderNames.filter((name) => recommenderOptions(name).includes(dpOption));
  const why = trainsInEpochs(model)
    ? 'it reads ratings of other users, or means of them, besides those that it learns'
    : 'it does not learn in steps that noise could be added to';
  return new UsageError(`${model} cannot be trained privately: ${why}`, {
    code: 'no-privacy',
    option: 'dp',
    remedy: `Take one of ${able.join(', ')}.`,
  });
}

function checkKind(key: string, kind: OptionKind, value: Json): Json {
  const fits = {
    integer: () => Number.isSafeInteger(value),
    number: () => typeof value === 'number' && Number.isFinite(value),
    boolean: () => typeof value === 'boolean',
    text: () => typeof value === 'string',
    integers: () => Array.isArray(value) && value.every((each) => Number.isSafeInteger(each)),
    json: () => value !== null,
  }[kind];
  if (fits()) return value;
  const words = {
    integer: 'an integer',
    number: 'a number',
    boolean: 'true or false',
    text: 'a word',
    integers: 'a list of integers',
    json: 'a value',
  };
  throw new UsageError(`\`${key}\` must be ${words[kind]}, but is ${shown(value)}`);
}
