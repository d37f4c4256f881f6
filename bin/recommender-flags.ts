import { UsageError } from '../src/core/errors.ts';
import { flagOf } from '../src/graphs/experiment/experiment-keys.ts';
import type { Json } from '../src/graphs/graph.ts';
import { type RecommenderName, recommenderNames } from '../src/graphs/recommenders/recommender-names.ts';
import { elsewhere, parseOptionText, recommenderOptions } from '../src/graphs/recommenders/recommender-options.ts';
import { type AnyTable, type Option, text } from './option-table.ts';

/** The name of an option's value on the command line, by the kind of the option. */
const valueNames = { integer: 'N', number: 'X', boolean: 'true|false', text: 'NAME', integers: 'N,N', json: 'VALUE' };

/**
 * The options of a recommender as flags. The trained recommender parses their texts, because
 * another recommender may use the same name for an option of a different kind.
 */
function flagsOf(model: RecommenderName): Record<string, Option<string>> {
  return Object.fromEntries(
    recommenderOptions(model).flatMap((option) => {
      const value = valueNames[option.kind];
      const { alias } = option;
      return [
        [option.key, text(value, option.does, option.default)],
        ...(alias === undefined ? [] : [[alias, text(value, `the same as --${flagOf(option.key)}`)]]),
      ] as const;
    }),
  );
}

/** The options of all recommenders as flags. */
export const recommenderFlags: Readonly<Record<string, Option<string>>> = Object.assign(
  {},
  ...recommenderNames.map(flagsOf),
);

const { k: _lengths, ...others } = recommenderFlags;

/** All of them but `--k`, which sets the list lengths in commands that evaluate recommenders. */
export const evaluatedRecommenderFlags: Readonly<Record<string, Option<string>>> = others;

/** A command's own options, after those of the recommender named along with `--help`. */
export function helpOfRecommender(options: AnyTable, argv: readonly string[]): AnyTable {
  const model = recommenderNames.find(
    (name) => argv.includes(name) || [`--recommender=${name}`, `--model=${name}`].some((each) => argv.includes(each)),
  );
  return model === undefined ? options : { ...flagsOf(model), ...options };
}

/**
 * The options of a recommender given as flags.
 *
 * @throws UsageError if the recommender has no such option (it lists those it has), or a value is
 * not valid.
 */
export function readRecommenderFlags(
  given: Readonly<Record<string, string>>,
  model: RecommenderName,
): Record<string, Json> {
  const own = flagsOf(model);
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(own, key)) continue;
    const flags = Object.keys(own).map((each) => `\`--${flagOf(each)}\``);
    throw new UsageError(`recommender ${model} has no option \`--${flagOf(key)}\``, {
      remedy: `${flags.length === 0 ? 'It has no options.' : `Its options are ${flags.join(', ')}.`}${elsewhere(key)}`,
    });
  }
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, parseOptionText(model, key, value)]));
}

/**
 * Adds `KEY=VALUE` texts to a recommender's options.
 * @throws UsageError for an option that the recommender does not have, or one given twice.
 */
export function readRecommenderSettings(
  model: RecommenderName,
  options: Readonly<Record<string, Json>>,
  settings: readonly string[],
): Record<string, Json> {
  const all: Record<string, Json> = { ...options };
  for (const entry of settings) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(entry) ?? [];
    if (key === '') throw new UsageError(`\`--set\` must be KEY=VALUE, but is '${entry}'`);
    if (Object.hasOwn(all, key)) throw new UsageError(`option '${key}' of the recommender is given twice`);
    all[key] = parseOptionText(model, key, value);
  }
  return all;
}
