import { UsageError } from '../src/errors.ts';
import type { Json } from '../src/graphs/graph.ts';
import { checkModelName } from '../src/graphs/recommenders/model-names.ts';
import { parseOptionText } from '../src/graphs/recommenders/model-options.ts';
import type { Arguments, OptionSpec } from './options.ts';

/** The options of a model that have flags of their own, and `--set` for all of them. */
export const modelFlags: Readonly<Record<string, OptionSpec>> = {
  similarity: { type: 'string', value: 'NAME', does: 'of the KNNs: cosine, msd, pearson or pearson-baseline' },
  neighbours: { type: 'string', value: 'N', does: 'of the KNNs: most neighbours of a prediction (default 20)' },
  prediction: { type: 'string', value: 'NAME', does: 'of the KNNs: basic, means, z-score (default) or baseline' },
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
  for (const key of ['similarity', 'neighbours', 'prediction']) {
    const text = args.text(key);
    if (text !== undefined) add(key, text);
  }
  for (const entry of args.texts('set')) {
    const at = entry.indexOf('=');
    if (at < 1) throw new UsageError(`\`--set\` must be KEY=VALUE, but is '${entry}'`);
    add(entry.slice(0, at), entry.slice(at + 1));
  }
  return options;
}
