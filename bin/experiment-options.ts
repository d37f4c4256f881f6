import { UsageError } from '../src/core/errors.ts';
import { isModulePath } from '../src/core/module-export.ts';
import type { ExperimentConfig } from '../src/graphs/experiment/experiment-config.ts';
import { type ExperimentKey, experimentKeys } from '../src/graphs/experiment/experiment-keys.ts';
import type { Json } from '../src/graphs/graph.ts';
import { loadRecommenderModule } from '../src/graphs/recommenders/recommender-module.ts';
import { checkRecommenderName, type RecommenderName } from '../src/graphs/recommenders/recommender-names.ts';
import { parseOptionText, recommenderOptions } from '../src/graphs/recommenders/recommender-options.ts';
import { readJsonFile } from './json-file.ts';
import { finiteNumber, listOf, type Option } from './option-table.ts';

/** Every key of an experiment's configuration as an option. */
export const experimentFlags: Readonly<Record<string, Option<Json>>> = Object.fromEntries(
  experimentKeys.map((entry): [string, Option<Json>] => {
    const { key, kind, value, does, default: byDefault } = entry;
    return [
      key,
      {
        ...{ type: kind === 'boolean' ? 'boolean' : 'string', value, does, multiple: kind === 'sets' },
        formerly: entry.formerly,
        flag: entry.flag,
        default: ['needed', 'none', 'false'].includes(byDefault) ? undefined : byDefault,
        read: (texts, flag) => keyValue(entry, texts, flag),
      },
    ];
  }),
);

/**
 * The configuration in a file, overridden by the options: an option replaces the file's key, and
 * `--set` and `--grid` replace that option of the recommender.
 *
 * @throws UsageError when the file cannot be read or is not JSON.
 */
export async function readExperimentConfig(
  path: string | undefined,
  given: Readonly<Record<string, Json>>,
): Promise<ExperimentConfig> {
  const config: Record<string, Json> = path === undefined ? {} : readConfiguration(path);
  const named = given.recommenders ?? config.recommenders;
  if (Array.isArray(named)) config.recommenders = await Promise.all(named.map(loadedName));
  for (const [key, value] of Object.entries(given)) {
    if (key === 'set' || key === 'grid') config[key] = mergedSettings(config[key], settings(value as string[], key));
    else if (key !== 'recommenders') config[key] = value;
  }
  if (config.ratings === undefined) {
    throw new UsageError('`--ratings PATH`, or a configuration file with `ratings`, is required', {
      remedy: 'See `reelflow experiment --help`.',
    });
  }
  // Values are checked together, once all keys are known.
  return config as unknown as ExperimentConfig;
}

/** Loads a recommender that is given as a module, and returns its name. */
async function loadedName(named: Json): Promise<Json> {
  return typeof named === 'string' && isModulePath(named) ? loadRecommenderModule(named) : named;
}

function readConfiguration(path: string): Record<string, Json> {
  const value = readJsonFile(path);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [presentName(key), each as Json]));
  }
  throw new UsageError(`${path} must hold a JSON object`);
}

/** The current name of a configuration key. */
function presentName(key: string): string {
  return experimentKeys.find(({ formerly }) => formerly?.includes(key))?.key ?? key;
}

function keyValue({ key, kind }: ExperimentKey, texts: readonly string[], flag: string): Json {
  const text = texts.at(-1) ?? '';
  if (key === 'features') return namedPaths(text);
  switch (kind) {
    case 'boolean':
      return true;
    case 'switch':
      return switchOf(text, flag);
    case 'names':
      return namesOf(text, flag);
    case 'sets':
      // Read once the recommenders that they belong to are loaded.
      return [...texts];
    case 'text':
      return text;
    case 'integer':
    case 'number':
      return finiteNumber(text, flag);
    case 'texts':
      return listOf(text);
    case 'integers':
    case 'numbers':
      return listOf(text).map((entry) => finiteNumber(entry, flag));
    case 'years':
      return yearsOf(text);
  }
}

function switchOf(text: string, flag: string): boolean {
  if (text === 'yes' || text === 'no') return text === 'yes';
  throw new UsageError(`\`--${flag}\` must be yes or no, but is '${text}'`);
}

/** `user=A,item=B`. */
function namesOf(text: string, flag: string): Json {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [, name, column] = /^\s*([a-z]+)=(.+?)\s*$/.exec(part) ?? [];
      if (name !== undefined && column !== undefined) return [name, column];
      throw new UsageError(`\`--${flag}\` must look like user=A,item=B, but is '${text}'`);
    }),
  );
}

/** `1970-2015`, `1970-` or `-2015`. */
export function yearsOf(text: string): { from: number | undefined; to: number | undefined } {
  const [, from = '', dash = '', to = ''] = /^(\d{4})?(-)?(\d{4})?$/.exec(text.trim()) ?? [];
  if (from === '' && to === '')
    throw new UsageError(`\`--years\` must look like 1970-2015, 1970- or -2015, not '${text}'`);
  if (dash === '') return { from: Number(from), to: Number(from) };
  return { from: from === '' ? undefined : Number(from), to: to === '' ? undefined : Number(to) };
}

/** `a.arrow`, or `mean=a.arrow,medmad=b.arrow`. */
function namedPaths(text: string): Json {
  const named = text.split(',').map((entry) => /^([A-Za-z0-9_-]+)=(.+)$/.exec(entry.trim()));
  if (named.some((entry) => entry === null)) return text;
  return Object.fromEntries(named.map((entry) => [entry?.[1] as string, entry?.[2] as string]));
}

/** Entries RECOMMENDER.KEY=VALUE, by recommender and key. In a grid the values are lists. */
function settings(entries: readonly string[], key: string): Json {
  const models: Record<string, Record<string, Json>> = {};
  for (const entry of entries) {
    const [, name = '', option = '', text = ''] = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(entry) ?? [];
    if (name === '') throw new UsageError(`\`--${key}\` must be RECOMMENDER.KEY=VALUE, but is '${entry}'`);
    const model = checkRecommenderName(name);
    const own = models[model] ?? {};
    if (Object.hasOwn(own, option)) throw new UsageError(`\`--${key}\` gives ${name}.${option} twice`);
    own[option] = key === 'grid' ? gridValues(model, option, text) : parseOptionText(model, option, text);
    models[model] = own;
  }
  return models;
}

/** `20,40,80`; for options whose values are lists or JSON `32,16/64,32`. */
function gridValues(model: RecommenderName, option: string, text: string): Json[] {
  const kind = recommenderOptions(model).find((each) => each.key === option || each.alias === option)?.kind;
  const separator = kind === 'integers' || kind === 'json' ? '/' : ',';
  return text.split(separator).map((part) => parseOptionText(model, option, part));
}

function mergedSettings(before: Json | undefined, flags: Json): Json {
  const models: Record<string, Json> = { ...(before as Record<string, Json> | undefined) };
  for (const [model, options] of Object.entries(flags as Record<string, Record<string, Json>>)) {
    models[model] = { ...(models[model] as Record<string, Json> | undefined), ...options };
  }
  return models;
}
