import { comparesRatings, lossNames } from '../../models/recommenders/neural/rating-loss.ts';
import type { Json } from '../graph.ts';
import type { RecommenderName } from './recommender-names.ts';

/** When an option has an effect, and the words for that. */
interface Condition {
  readonly holds: (options: Readonly<Record<string, Json>>) => boolean;
  readonly words: string;
}

const comparing = lossNames.filter(comparesRatings).join(', ');

/**
 * Conditions by option, for all recommenders. Options that are refused when they have no effect are
 * not listed.
 */
const conditions: Readonly<Record<string, Condition>> = {
  shrinkage: {
    holds: ({ similarity }) => similarity === 'pearson-baseline',
    words: "is of `similarity: 'pearson-baseline'`",
  },
  biases: {
    holds: ({ similarity, prediction }) => similarity === 'pearson-baseline' || prediction === 'baseline',
    words: "is of `similarity: 'pearson-baseline'` and `prediction: 'baseline'`",
  },
  itemsPerGroup: {
    holds: (options) => options.batching === 'item-grouped' || comparesRatings(options.loss),
    words: `is of \`batching: 'item-grouped'\` and of the losses ${comparing}`,
  },
  batching: {
    holds: ({ loss }) => !comparesRatings(loss),
    words: `is not of the losses ${comparing}, whose batches are of few users`,
  },
  heldOut: { holds: ({ weights }) => weights === undefined, words: 'finds weights, but `weights` are given' },
};

/**
 * One sentence for each option given to a recommender that has no effect together with its other
 * options.
 */
export function idleOptions(model: RecommenderName, options: Readonly<Record<string, Json>>): string[] {
  return Object.keys(options).flatMap((name) => {
    const condition = conditions[name];
    if (condition === undefined || condition.holds(options)) return [];
    return [`\`${name}\` of recommender ${model} has no effect: it ${condition.words}`];
  });
}
