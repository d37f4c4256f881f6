import { availableParallelism } from 'node:os';
import { checkInteger, checkOneOf, checkPositive, checkString, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { nearestOf } from '../../core/nearest.ts';
import { checkScale } from '../../core/rating-scale.ts';
import { renamed } from '../../core/renamed.ts';
import { checkImplicit, implicitThreshold } from '../../io/ratings/implicit.ts';
import { SCENARIO_KINDS } from '../../io/ratings/scenario-kinds.ts';
import { checkCut } from '../../io/ratings/time-splits.ts';
import { resolveValidation } from '../../io/ratings/validation.ts';
import type { Json } from '../graph.ts';
import {
  checkRecommenderName,
  isUsual,
  type RecommenderName,
  recommenderNames,
  recommenderReadsFeatures,
} from '../recommenders/recommender-names.ts';
import { type Experiment, type ExperimentConfig, searchKinds } from './experiment-config.ts';
import { experimentKeys } from './experiment-keys.ts';
import { inputNetwork } from './input-steps.ts';

/**
 * Checks a configuration, as it came from a file or from flags, and fills in the defaults. The
 * options of the recommenders are checked by `recommenderVariants`.
 *
 * @throws UsageError naming the key: unknown, of the wrong type, or out of range.
 */
export function resolveConfig(given: ExperimentConfig): Experiment {
  const config = isObject(given) ? renamed(given, 'models', 'recommenders') : given;
  checkKeys(config);
  const features = featureStores(config.features);
  const inputs = inputsOf(config, features);
  const named = distinct('recommenders', config.recommenders, checkRecommenderName);
  const models =
    inputs === undefined
      ? (named ?? defaultRecommenders(config, features))
      : [...new Set([...(named ?? besideInputs(features)), inputNetwork] as const)];
  const settings = settingsOf('set', config.set, models) as Experiment['set'];
  const set =
    inputs === undefined
      ? settings
      : { ...settings, [inputNetwork]: { ...settings[inputNetwork], inputs: [...inputs] } };
  const reading = models.find((name) => recommenderReadsFeatures(name, set[name]));
  if (reading !== undefined && Object.keys(features).length === 0) {
    throw new UsageError(`recommender ${reading} needs \`features\``, {
      option: 'features',
      remedy: "Give the directory that `reduce` wrote: `features: 'reduced/'`.",
    });
  }
  const split = config.split === undefined ? undefined : checkString('split', config.split);
  if (split !== undefined) checkNothingDrawn(config);
  const integer = (
    key: 'trials' | 'movies' | 'users' | 'perUser' | 'minUserRatings' | 'minItemRatings' | 'core' | 'concurrency',
  ) => (config[key] === undefined ? undefined : checkInteger(key, config[key]));
  const seed = (value: unknown): number => checkInteger('seeds', value, 0, 0xffffffff);
  const protocol = checkOneOf('protocol', config.protocol ?? 'rated', ['rated', 'catalogue']);
  const implicit = config.implicit === undefined ? undefined : checkImplicit(config.implicit);
  const threshold = config.threshold ?? (implicit === undefined ? 3.5 : implicitThreshold);
  if (!Number.isFinite(threshold)) throw mustBe('threshold', 'a number', threshold);
  return {
    ratings: checkString('ratings', config.ratings),
    movieList: config.movieList === undefined ? undefined : checkString('movieList', config.movieList),
    features,
    trailers: config.trailers === undefined ? undefined : checkString('trailers', config.trailers),
    demographics: config.demographics === undefined ? undefined : checkString('demographics', config.demographics),
    recommenders: models,
    scenarios: distinct('scenarios', config.scenarios, (name) => checkOneOf('scenarios', name, SCENARIO_KINDS)) ?? [
      'non-cold',
      'hard-cold',
    ],
    movies: integer('movies'),
    users: integer('users'),
    perUser: integer('perUser'),
    fewer: checkOneOf('fewer', config.fewer ?? 'keep', ['keep', 'drop']),
    folds: checkInteger('folds', config.folds ?? 2, 2),
    protocol,
    implicit,
    catalogueK: protocol === 'catalogue' ? (config.k ?? [10, 20, 50]) : [],
    core: integer('core'),
    cut:
      config.cut === undefined
        ? undefined
        : checkCut(Number.isNaN(Number(config.cut)) ? config.cut : Number(config.cut)),
    foldIn: config.foldIn === undefined ? undefined : checkPositive('foldIn', config.foldIn),
    seeds: distinct('seeds', config.seeds, seed) ?? [1],
    splitSeeds: distinct('splitSeed', splitSeedsOf(config.splitSeed), (value) =>
      checkInteger('splitSeed', value, 0, 0xffffffff),
    ),
    split,
    saveSplits: checkOneOf('saveSplits', config.saveSplits ?? 'auto', ['auto', 'yes', 'no']),
    validation: validationOf(config),
    years: yearsOf(config.years),
    genres: distinct('genres', config.genres, (name) => checkString('genres', name)),
    minUserRatings: integer('minUserRatings') ?? 1,
    minItemRatings: integer('minItemRatings') ?? 1,
    scale: scaleOf(config.scale),
    columns: columnsOf(config.columns),
    duplicateRatings:
      config.duplicateRatings === undefined
        ? undefined
        : checkOneOf('duplicateRatings', config.duplicateRatings, ['error', 'first', 'last'] as const),
    skipBadLines: booleanOf('skipBadLines', config.skipBadLines ?? false),
    refit: booleanOf('refit', config.refit ?? true),
    k: distinct('k', config.k, (value) => checkInteger('k', value)) ?? [4, 10],
    threshold,
    thresholdRule: checkOneOf('thresholdRule', config.thresholdRule ?? 'gt', ['gt', 'ge']),
    undefined: checkOneOf('undefined', config.undefined ?? 'zero', ['zero', 'skip']),
    set,
    inputs,
    metrics: distinct('metrics', config.metrics, (module) => checkString('metrics', module)),
    grid: gridOf(config.grid, models),
    ...selectionOf(config),
    trials: integer('trials'),
    compareTo: config.compareTo === undefined ? undefined : checkString('compareTo', config.compareTo),
    predictions: booleanOf('predictions', config.predictions ?? false),
    csv: booleanOf('csv', config.csv ?? false),
    logDirectory: config.logDirectory === undefined ? undefined : checkString('logDirectory', config.logDirectory),
    device: config.device === undefined || config.device === 'cpu' ? undefined : checkString('device', config.device),
    concurrency: integer('concurrency') ?? availableParallelism(),
  };
}

/** What is always shown beside the network whose inputs are compared. */
function besideInputs(features: Readonly<Record<string, string>>): RecommenderName[] {
  const content = Object.keys(features).length > 0 ? (['content-knn'] as const) : [];
  return ['random', 'popularity', 'user-mean', 'baseline', 'regsvd', ...content, 'ease'];
}

function inputsOf(config: ExperimentConfig, features: Readonly<Record<string, string>>): string[] | undefined {
  const inputs = distinct('inputs', config.inputs, (name) => checkString('inputs', name));
  if (inputs === undefined) return undefined;
  if (inputs.length < 2) throw mustBe('inputs', 'a list of at least two', config.inputs);
  const own = config.set?.[inputNetwork];
  for (const [option, isThere] of Object.entries({
    grid: config.grid?.[inputNetwork] !== undefined,
    set: own?.inputs !== undefined || own?.shuffled !== undefined,
    features: Object.keys(features).length > 1,
  })) {
    if (!isThere) continue;
    throw new UsageError(`\`inputs\` decides what ${inputNetwork} reads, so \`${option}\` cannot do so too`, {
      option,
      remedy: `Leave out \`inputs\`, or \`${option}\` of ${inputNetwork}.`,
    });
  }
  return inputs;
}

/** What a saved split has already decided. */
const drawn = [
  ...['movies', 'users', 'perUser', 'fewer', 'folds', 'validation', 'validationShare', 'years', 'genres'],
  ...['minUserRatings', 'minItemRatings'],
] as const;

function checkNothingDrawn(config: ExperimentConfig): void {
  const given = drawn.find((key) => config[key] !== undefined);
  if (given === undefined) return;
  throw new UsageError(`\`${given}\` is decided by the saved \`split\` and cannot be given with it`, {
    option: given,
    remedy: `Leave out \`${given}\` or \`split\`.`,
  });
}

function splitSeedsOf(seeds: unknown): unknown {
  return typeof seeds === 'number' ? [seeds] : seeds;
}

/** How a grid is searched, and what chooses. */
function selectionOf({ select, search, trials, grid, validation }: ExperimentConfig) {
  const kind = checkOneOf('search', search ?? 'grid', searchKinds);
  const metric = select === undefined ? undefined : checkString('select', select);
  for (const [option, value] of Object.entries({ search, trials })) {
    if (value === undefined || metric !== undefined) continue;
    throw new UsageError(`\`${option}\` needs \`select\`, the metric that chooses among the combinations`, {
      option,
      remedy: "Give for instance `select: 'rmse'`.",
    });
  }
  if (metric !== undefined && Object.keys(grid ?? {}).length === 0) {
    throw new UsageError('`select` chooses among the combinations of a `grid`, but there is none', {
      option: 'select',
      remedy: 'Give the values to try as `grid`.',
    });
  }
  if (metric !== undefined && validation === 'none') {
    throw new UsageError('`select` needs a validation part, but `validation` is none', {
      option: 'select',
      remedy: 'Leave out `validation`.',
    });
  }
  return { select: metric, search: kind };
}

function checkKeys(config: unknown): void {
  if (!isObject(config)) throw new UsageError(`the configuration must be a JSON object, but is ${shown(config)}`);
  const unknown = Object.keys(config).find((name) => !experimentKeys.some(({ key }) => key === name));
  if (unknown !== undefined) {
    const keys = experimentKeys.map(({ key }) => key);
    const near = nearestOf(unknown, keys);
    throw new UsageError(`the configuration has an unknown key '${unknown}'`, {
      remedy: near === undefined ? `Keys: ${keys.join(', ')}.` : `Did you mean '${near}'?`,
    });
  }
}

function featureStores(features: unknown): Record<string, string> {
  if (features === undefined) return {};
  if (typeof features === 'string') return { features: checkString('features', features) };
  if (!isObject(features) || Object.keys(features).length === 0) {
    throw mustBe('features', 'a path, or paths by name', features);
  }
  return Object.fromEntries(
    Object.entries(features).map(([name, path]) => [name, checkString(`features.${name}`, path)]),
  );
}

/**
 * All recommenders that the data allow; whether there are genres is known only once the ratings
 * have been read.
 */
function defaultRecommenders(config: ExperimentConfig, features: Readonly<Record<string, string>>): RecommenderName[] {
  const settings = [...Object.keys(config.set ?? {}), ...Object.keys(config.grid ?? {})];
  const withFeatures = Object.keys(features).length > 0;
  return recommenderNames.filter(
    (name) => (withFeatures || !recommenderReadsFeatures(name)) && (isUsual(name) || settings.includes(name)),
  );
}

function distinct<T>(name: string, list: unknown, check: (value: unknown) => T): T[] | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list) || list.length === 0) throw mustBe(name, 'a list of at least one', list);
  const checked = list.map(check);
  const twice = checked.find((value, index) => checked.indexOf(value) !== index);
  if (twice !== undefined) throw new UsageError(`\`${name}\` has ${shown(twice)} twice`, { option: name });
  return checked;
}

function validationOf({ validation, validationShare }: ExperimentConfig): Experiment['validation'] {
  const share = validationShare === undefined ? {} : { share: checkPositive('validationShare', validationShare) };
  return { ...resolveValidation({ kind: validation, ...share }), kind: validation ?? 'by-scenario' };
}

function yearsOf(years: unknown): Experiment['years'] {
  if (years === undefined) return undefined;
  if (!isObject(years) || Object.keys(years).some((key) => key !== 'from' && key !== 'to')) {
    throw mustBe('years', 'an object with from and to', years);
  }
  for (const [key, year] of Object.entries(years)) checkInteger(`years.${key}`, year, 0, 9999);
  return years;
}

function columnsOf(columns: unknown): Experiment['columns'] {
  if (columns === undefined) return undefined;
  if (!isObject(columns)) throw mustBe('columns', 'an object of column names', columns);
  for (const [name, column] of Object.entries(columns)) {
    checkOneOf('columns', name, ['user', 'item', 'rating', 'timestamp']);
    checkString(`columns.${name}`, column);
  }
  return columns as Experiment['columns'];
}

function scaleOf(scale: unknown): Experiment['scale'] {
  if (scale === undefined) return undefined;
  if (!Array.isArray(scale) || scale.length !== 2) throw mustBe('scale', 'a list of minimum and maximum', scale);
  const checked = { minimum: scale[0] as number, maximum: scale[1] as number };
  checkScale(checked);
  return checked;
}

function settingsOf(name: string, settings: unknown, models: readonly RecommenderName[]): Record<string, object> {
  if (settings === undefined) return {};
  if (!isObject(settings)) throw mustBe(name, 'an object of recommenders', settings);
  for (const [model, options] of Object.entries(settings)) {
    checkOneOf(`${name}: recommender`, model, models);
    if (!isObject(options)) throw mustBe(`${name}.${model}`, 'an object of options', options);
  }
  return settings as Record<string, object>;
}

function gridOf(grid: unknown, models: readonly RecommenderName[]): Experiment['grid'] {
  const settings = settingsOf('grid', grid, models) as Record<string, Record<string, readonly Json[]>>;
  for (const [model, options] of Object.entries(settings)) {
    for (const [key, values] of Object.entries(options)) {
      if (Array.isArray(values) && values.length > 0) continue;
      throw mustBe(`grid.${model}.${key}`, 'a list of at least one value', values);
    }
  }
  return settings;
}

function booleanOf(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw mustBe(name, 'true or false', value);
  return value;
}

function mustBe(name: string, expected: string, value: unknown): UsageError {
  return new UsageError(`\`${name}\` must be ${expected}, but is ${shown(value)}`, { option: name });
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
