import { UsageError } from '../src/core/errors.ts';
import type { Json } from '../src/graphs/graph.ts';
import { checkModelName } from '../src/graphs/recommenders/model-names.ts';
import { parseOptionText } from '../src/graphs/recommenders/model-options.ts';
import { modelFlags } from './model-flags.ts';
import type { Arguments, OptionSpec } from './options.ts';

const { k: _lengths, ...others } = modelFlags;

/** The flags of models' options beside `--k`, which is the list lengths here; and `--set` for all of them. */
export const evaluatedModelFlags: Readonly<Record<string, OptionSpec>> = {
  ...others,
  set: { type: 'string', value: 'KEY=VALUE', multiple: true, does: 'any option of the model; may be given again' },
};

/** Reads the options of a model. @throws UsageError for one that the model does not have, or given twice. */
export function readModelOptions(args: Arguments, modelName: string): Record<string, Json> {
  const model = checkModelName(modelName);
  const options: Record<string, Json> = {};
  const add = (key: string, text: string): void => {
    if (Object.hasOwn(options, key)) throw new UsageError(`option '${key}' of the model is given twice`);
    options[key] = parseOptionText(model, key, text);
  };
  for (const flag of Object.keys(others)) {
    const text = args.text(flag);
    if (text !== undefined) add(keyOf(flag), text);
  }
  for (const entry of args.texts('set')) {
    const at = entry.indexOf('=');
    if (at < 1) throw new UsageError(`\`--set\` must be KEY=VALUE, but is '${entry}'`);
    add(entry.slice(0, at), entry.slice(at + 1));
  }
  return options;
}

/** `minimum-neighbours` is the option `minimumNeighbours`. */
function keyOf(flag: string): string {
  return flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
