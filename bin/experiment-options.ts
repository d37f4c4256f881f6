import { readFile } from 'node:fs/promises';
import { UsageError } from '../src/core/errors.ts';
import type { ExperimentConfig } from '../src/graphs/experiment/experiment-config.ts';
import { type ExperimentKey, experimentKeys, flagOf } from '../src/graphs/experiment/experiment-keys.ts';
import type { Json } from '../src/graphs/graph.ts';
import { checkModelName, type ModelName } from '../src/graphs/recommenders/model-names.ts';
import { modelOptions, parseOptionText } from '../src/graphs/recommenders/model-options.ts';
import type { Arguments, OptionSpec } from './options.ts';

/** Every key of an experiment's configuration as a flag. */
export const experimentFlags: Readonly<Record<string, OptionSpec>> = Object.fromEntries(
  experimentKeys.map(({ key, kind, value, does, default: byDefault }): [string, OptionSpec] => [
    flagOf(key),
    {
      type: kind === 'boolean' ? 'boolean' : 'string',
      value,
      multiple: kind === 'sets',
      does: ['needed', 'none', 'false', 'all'].includes(byDefault) ? does : `${does} (default: ${byDefault})`,
    },
  ]),
);

/**
 * The configuration of a file with the flags laid over it: a flag replaces the file's key, `--set` and `--grid` the
 * option of that model.
 *
 * @throws UsageError when the file cannot be read or is no JSON, or a flag's text does not fit its key.
 */
export async function readExperimentConfig(args: Arguments): Promise<ExperimentConfig> {
  const [path, ...rest] = args.positionals;
  if (rest.length > 0) throw new UsageError('`reelflow experiment` takes one configuration file');
  const config: Record<string, Json> = path === undefined ? {} : await readConfigFile(path);
  for (const entry of experimentKeys) {
    const value = flagValue(args, entry);
    if (value === undefined) continue;
    const merged = entry.kind === 'sets' ? mergedSettings(config[entry.key], value) : value;
    config[entry.key] = merged;
  }
  if (config.ratings === undefined) {
    throw new UsageError('`--ratings PATH`, or a configuration file with `ratings`, is required', {
      remedy: 'See `reelflow experiment --help`.',
    });
  }
  // What a key's value must be is checked where all of them are.
  return config as unknown as ExperimentConfig;
}

async function readConfigFile(path: string): Promise<Record<string, Json>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, Json>;
  } catch (error) {
    throw new UsageError(`${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new UsageError(`${path} must hold a JSON object`);
}

function flagValue(args: Arguments, { key, kind }: ExperimentKey): Json | undefined {
  const flag = flagOf(key);
  if (kind === 'boolean') return args.flag(flag) ? true : undefined;
  if (kind === 'sets') return settings(args.texts(flag), key);
  const text = args.text(flag);
  if (text === undefined) return undefined;
  if (key === 'features') return namedPaths(text);
  switch (kind) {
    case 'text':
      return text;
    case 'integer':
    case 'number':
      return numberOf(flag, text);
    case 'texts':
      return args.list(flag) ?? [];
    case 'integers':
    case 'numbers':
      return (args.list(flag) ?? []).map((entry) => numberOf(flag, entry));
    case 'years':
      return yearsOf(text);
  }
}

function numberOf(flag: string, text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number)) throw new UsageError(`\`--${flag}\` must be a number, but has '${text}'`);
  return number;
}

function yearsOf(text: string): Json {
  const [, from = '', dash = '', to = ''] = /^(\d{4})?(-)?(\d{4})?$/.exec(text.trim()) ?? [];
  if (from === '' && to === '') throw new UsageError(`\`--years\` must be as 1970-2015, 1970- or -2015, not '${text}'`);
  if (dash === '') return { from: Number(from), to: Number(from) };
  return { ...(from !== '' && { from: Number(from) }), ...(to !== '' && { to: Number(to) }) };
}

/** `a.arrow`, or `mean=a.arrow,medmad=b.arrow`. */
function namedPaths(text: string): Json {
  const named = text.split(',').map((entry) => /^([A-Za-z0-9_-]+)=(.+)$/.exec(entry.trim()));
  if (named.some((entry) => entry === null)) return text;
  return Object.fromEntries(named.map((entry) => [entry?.[1] as string, entry?.[2] as string]));
}

/** Entries MODEL.KEY=VALUE, by model and key. Of a grid the values are lists. */
function settings(entries: readonly string[], key: string): Json | undefined {
  if (entries.length === 0) return undefined;
  const models: Record<string, Record<string, Json>> = {};
  for (const entry of entries) {
    const [, name = '', option = '', text = ''] = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(entry) ?? [];
    if (name === '') throw new UsageError(`\`--${key}\` must be MODEL.KEY=VALUE, but is '${entry}'`);
    const model = checkModelName(name);
    const own = models[model] ?? {};
    if (Object.hasOwn(own, option)) throw new UsageError(`\`--${key}\` gives ${name}.${option} twice`);
    own[option] = key === 'grid' ? gridValues(model, option, text) : parseOptionText(model, option, text);
    models[model] = own;
  }
  return models;
}

/** `20,40,80`; of options whose values are lists or JSON `32,16/64,32`. */
function gridValues(model: ModelName, option: string, text: string): Json[] {
  const kind = modelOptions(model).find((each) => each.key === option || each.alias === option)?.kind;
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
