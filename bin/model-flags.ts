import { flagOf } from '../src/graphs/experiment/experiment-keys.ts';
import { modelNames } from '../src/graphs/recommenders/model-names.ts';
import { type ModelOption, modelOptions, parseOptionText } from '../src/graphs/recommenders/model-options.ts';
import type { Arguments, OptionSpec } from './options.ts';

/** Options whose value on the command line has another name than its kind. */
const valueNames = { integer: 'N', number: 'X', boolean: 'true|false', text: 'NAME', integers: 'N,N', json: 'VALUE' };

/** Every option of every model by its names as they are written in `options`. */
const models = new Map<string, { option: ModelOption; names: string[] }[]>();
for (const model of modelNames) {
  for (const option of modelOptions(model)) {
    for (const key of option.alias === undefined ? [option.key] : [option.key, option.alias]) {
      const uses = models.get(key) ?? [];
      const same = uses.find((use) => use.option.does === option.does && use.option.default === option.default);
      if (same === undefined) uses.push({ option, names: [model] });
      else same.names.push(model);
      models.set(key, uses);
    }
  }
}

/** The flags of all models' options. */
export const modelFlags: Readonly<Record<string, OptionSpec>> = Object.fromEntries(
  [...models].map(([key, uses]) => {
    const [first] = uses as [{ option: ModelOption; names: string[] }];
    const does = uses.map(({ option, names }) => `${meaning(key, option)} (${names.join(', ')})`).join('; ');
    return [flagOf(key), { type: 'string' as const, value: valueNames[first.option.kind], does }];
  }),
);

/**
 * The options to print in a help: of all those of a command without the models' flags, and those of the model that is named
 * beside `--help`; without one, what to type for them.
 */
export function helpOfModel(
  options: Readonly<Record<string, OptionSpec>>,
  argv: readonly string[],
): Readonly<Record<string, OptionSpec>> {
  const shared = Object.fromEntries(Object.entries(options).filter(([name, spec]) => modelFlags[name] !== spec));
  const model = modelNames.find((name) => argv.includes(name));
  if (model === undefined) return shared;
  const own = modelOptions(model).flatMap((option) =>
    [option.key, option.alias ?? option.key].map((key): [string, OptionSpec] => [
      flagOf(key),
      { type: 'string', value: valueNames[option.kind], does: meaning(key, option) },
    ]),
  );
  return { ...Object.fromEntries(own.filter(([name]) => Object.hasOwn(options, name))), ...shared };
}

function meaning(key: string, option: ModelOption): string {
  return key === option.alias ? `the same as --${flagOf(option.key)}` : `${option.does}, default ${option.default}`;
}

/**
 * The options of a model that were given as flags.
 *
 * @throws UsageError when the model has no such option (it lists those it has), or a value does not fit.
 */
export function readModelFlags(args: Arguments, model: (typeof modelNames)[number]): Record<string, never> {
  const given = [...models.keys()].flatMap((key) => {
    const text = args.text(flagOf(key));
    return text === undefined ? [] : [[key, parseOptionText(model, key, text)] as const];
  });
  return Object.fromEntries(given) as Record<string, never>;
}
