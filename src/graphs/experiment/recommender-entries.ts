import { sha256 } from '../../core/hash.ts';
import type { RecommenderName } from '../recommenders/recommender-names.ts';
import type { Experiment } from './experiment-config.ts';
import { inputNetwork } from './input-steps.ts';
import { type RecommenderVariant, recommenderVariants } from './recommender-variants.ts';

/**
 * What a row may be used for: `compared` has options that were not chosen by any figure, `selected`
 * has those that the validation part chose, and `not for selection` is one combination of a grid
 * without selection, whose test figures must not be used to choose.
 */
export type RowUse = 'compared' | 'selected' | 'not for selection';

/** A row of the tables: a recommender, and the options that it may have. */
export interface ExperimentEntry {
  /** Unique in an experiment. */
  readonly label: string;
  readonly recommender: RecommenderName;
  readonly features?: string | undefined;
  readonly use: RowUse;
  /** One variant; for a `selected` row, all that the validation part chooses from. */
  readonly candidates: readonly RecommenderVariant[];
}

/** How many combinations a random search tries unless told otherwise. */
const usualTrials = 20;

/**
 * The rows of an experiment. With `select`, all combinations of a recommender's grid form one row;
 * without it, each is a row.
 *
 * @throws what `recommenderVariants` throws.
 */
export function experimentEntries(experiment: Experiment): ExperimentEntry[] {
  const groups = new Map<string, RecommenderVariant[]>();
  for (const variant of recommenderVariants(experiment)) {
    const key = JSON.stringify([variant.recommender, variant.features]);
    groups.set(key, [...(groups.get(key) ?? []), variant]);
  }
  return [...groups.values()].flatMap((variants) => {
    if (variants.length === 1) return variants.map((variant) => entryOf(variant, 'compared'));
    const areInputs = experiment.inputs !== undefined && variants[0]?.recommender === inputNetwork;
    if (areInputs) return variants.map((variant) => entryOf(variant, 'compared'));
    if (experiment.select === undefined) return variants.map((variant) => entryOf(variant, 'not for selection'));
    return [selectedEntry(variants, experiment, experiment.select)];
  });
}

function entryOf(variant: RecommenderVariant, use: RowUse): ExperimentEntry {
  const { label, recommender: model, features } = variant;
  return { label, recommender: model, use, candidates: [variant], features };
}

function selectedEntry(
  variants: readonly RecommenderVariant[],
  experiment: Experiment,
  metric: string,
): ExperimentEntry {
  const { recommender: model, features } = variants[0] as RecommenderVariant;
  const store = features !== undefined && Object.keys(experiment.features).length > 1 ? [`features ${features}`] : [];
  return {
    label: `${model} (${[...store, `selected by ${metric}`].join(', ')})`,
    ...{ recommender: model, use: 'selected' as const, candidates: drawn(variants, experiment) },
    features,
  };
}

/**
 * The combinations to try, in the order of the grid: all of them, or the requested number, drawn
 * with the first seed.
 */
function drawn(variants: readonly RecommenderVariant[], { search, trials, seeds }: Experiment): RecommenderVariant[] {
  const count = trials ?? (search === 'random' ? usualTrials : variants.length);
  const draws = new Map(variants.map(({ label }) => [label, sha256(`reelflow-search-1:${seeds[0]}:${label}`)]));
  const taken = [...draws].sort(([, one], [, other]) => (one < other ? -1 : 1)).slice(0, count);
  const labels = new Set(taken.map(([label]) => label));
  return variants.filter(({ label }) => labels.has(label));
}
