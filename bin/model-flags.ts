import { UsageError } from '../src/core/errors.ts';
import { flagOf } from '../src/graphs/experiment/experiment-keys.ts';
import type { Json } from '../src/graphs/graph.ts';
import { type ModelName, modelNames } from '../src/graphs/recommenders/model-names.ts';
import { modelOptions, parseOptionText } from '../src/graphs/recommenders/model-options.ts';
import { type AnyTable, type Option, text } from './option-table.ts';

/** Options whose value on the command line has another name than its kind. */
const valueNames = { integer: 'N', number: 'X', boolean: 'true|false', text: 'NAME', integers: 'N,N', json: 'VALUE' };

/** The options of a model as flags. Their texts are read by the model that is trained: the same name may be of another kind in another one. */
function flagsOf(model: ModelName): Record<string, Option<string>> {
  return Object.fromEntries(
    modelOptions(model).flatMap((option) => {
      const value = valueNames[option.kind];
      const { alias } = option;
      return [
        [option.key, text(value, option.does, option.default)],
        ...(alias === undefined ? [] : [[alias, text(value, `the same as --${flagOf(option.key)}`)]]),
      ] as const;
    }),
  );
}

/** The options of all models as flags. */
export const modelFlags: Readonly<Record<string, Option<string>>> = Object.assign({}, ...modelNames.map(flagsOf));

const { k: _lengths, ...others } = modelFlags;

/** Those of them beside `--k`, which is the list lengths where models are evaluated. */
export const evaluatedModelFlags: Readonly<Record<string, Option<string>>> = others;

/** A command's own options after those of the model that is named beside `--help`. */
export function helpOfModel(options: AnyTable, argv: readonly string[]): AnyTable {
  const model = modelNames.find((name) => argv.includes(name) || argv.includes(`--model=${name}`));
  return model === undefined ? options : { ...flagsOf(model), ...options };
}

/**
 * The options of a model that were given as flags.
 *
 * @throws UsageError when the model has no such option (it lists those it has), or a value does not fit.
 */
export function readModelFlags(given: Readonly<Record<string, string>>, model: ModelName): Record<string, Json> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, parseOptionText(model, key, value)]));
}

/** Adds `KEY=VALUE` texts to a model's options. @throws UsageError for one that the model does not have, or given twice. */
export function readModelSettings(
  model: ModelName,
  options: Readonly<Record<string, Json>>,
  settings: readonly string[],
): Record<string, Json> {
  const all: Record<string, Json> = { ...options };
  for (const entry of settings) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(entry) ?? [];
    if (key === '') throw new UsageError(`\`--set\` must be KEY=VALUE, but is '${entry}'`);
    if (Object.hasOwn(all, key)) throw new UsageError(`option '${key}' of the model is given twice`);
    all[key] = parseOptionText(model, key, value);
  }
  return all;
}
