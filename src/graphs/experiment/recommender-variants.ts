import { canonicalJson } from '../../core/canonical-json.ts';
import { UsageError } from '../../core/errors.ts';
import type { Json } from '../graph.ts';
import { type RecommenderName, recommenderReadsFeatures } from '../recommenders/recommender-names.ts';
import { checkRecommenderOptions } from '../recommenders/recommender-options.ts';
import type { Experiment } from './experiment-config.ts';
import { inputNetwork, inputSteps } from './input-steps.ts';

/** More rows than this are taken for a mistake in a grid. */
const maxVariants = 10_000;

/** A recommender with its options: a row of the tables. */
export interface RecommenderVariant {
  /**
   * The recommender, the features it reads if there are several, and what the grid varies.
   * Unique in an experiment.
   */
  readonly label: string;
  readonly recommender: RecommenderName;
  readonly options: Readonly<Record<string, Json>>;
  /** The name of the training store that it reads. */
  readonly features?: string | undefined;
}

/**
 * The rows of an experiment: each recommender with its options, once for each combination of the
 * grid's values and, if it reads features, for each training store.
 *
 * @throws UsageError when a recommender does not have an option, a value has the wrong type, two
 * combinations are the same, or there are more than 10,000.
 */
export function recommenderVariants(experiment: Experiment): RecommenderVariant[] {
  const { recommenders: models, features, set, grid, inputs } = experiment;
  const stores = Object.keys(features);
  const variants = models.flatMap((model) => {
    const names = recommenderReadsFeatures(model, set[model]) ? stores : [undefined];
    if (model === inputNetwork && inputs !== undefined) return inputVariants(inputs, set[model] ?? {}, names[0]);
    const lists = Object.entries(grid[model] ?? {});
    const combinations = lists.reduce((product, [, values]) => product * values.length, names.length);
    if (combinations > maxVariants) {
      throw new UsageError(`the grid of ${model} has ${combinations} combinations, more than ${maxVariants}`);
    }
    return names.flatMap((name) =>
      cartesianProduct(lists).map((varied): RecommenderVariant => {
        const options = checkRecommenderOptions(model, { ...set[model], ...varied });
        const store = name !== undefined && stores.length > 1 ? [`features ${name}`] : [];
        const words = [...store, ...Object.entries(varied).map(([key, value]) => `${key} ${valueText(value)}`)];
        const label = words.length === 0 ? model : `${model} (${words.join(', ')})`;
        return { label, recommender: model, options, features: name };
      }),
    );
  });
  const labels = new Set<string>();
  for (const { label } of variants) {
    if (labels.has(label)) throw new UsageError(`the grid has '${label}' twice`);
    labels.add(label);
  }
  return variants;
}

/** The network with inputs added, removed and shuffled. */
function inputVariants(
  inputs: readonly string[],
  set: Readonly<Record<string, Json>>,
  features: string | undefined,
): RecommenderVariant[] {
  return inputSteps(inputs).rows.map(({ label, inputs: own, shuffled }) => {
    const options = { ...set, inputs: [...own], shuffled: [...shuffled] };
    return { label, recommender: inputNetwork, options: checkRecommenderOptions(inputNetwork, options), features };
  });
}

/**
 * Every choice of one value from each list, the last list varying fastest; without lists, one empty
 * choice.
 */
export function cartesianProduct(lists: readonly (readonly [string, readonly Json[]])[]): Record<string, Json>[] {
  return lists.reduce<Record<string, Json>[]>(
    (choices, [key, values]) => choices.flatMap((choice) => values.map((value) => ({ ...choice, [key]: value }))),
    [{}],
  );
}

function valueText(value: Json): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}
