import { UsageError } from '../../core/errors.ts';

/**
 * The work of predicting some pairs, by user, item or pair.
 *
 * @example
 * const { steps } = new KnnRecommender({ between: 'items' }).workOf(users, items);
 * console.log(steps.reduce((sum, own) => sum + own, 0));
 */
export interface PairWork {
  /** What the work is done once for: a user, an item, or each pair. */
  readonly by: 'user' | 'item' | 'pair';
  /**
   * Steps of each requested item (if the work is by item) or user, by number; 0 for the others.
   */
  readonly steps: Float64Array;
}

/** Default limit of a recommender's steps: hours of one processor. */
export const usualSteps = 1e12;

/**
 * Asserts that a computation is feasible.
 *
 * @param what names the recommender and what it is about to do.
 * @throws UsageError `too-many-steps`.
 */
export function checkSteps(what: string, steps: number, most: number = usualSteps): void {
  if (steps <= most) return;
  throw new UsageError(`${what} takes ${stepsText(steps)}, more than ${stepsText(most)}`, {
    code: 'too-many-steps',
    option: 'mostSteps',
    remedy: `Take fewer users or items (of an experiment \`users\`, \`movies\`, \`core\`), or give the recommender \`mostSteps: ${roundedUp(steps)}\`.`,
  });
}

/** A number of steps in readable form. */
export function stepsText(steps: number): string {
  return `about ${steps.toExponential(0).replace('e+', 'e')} steps`;
}

function roundedUp(steps: number): string {
  const unit = 10 ** Math.floor(Math.log10(steps));
  return (Math.ceil(steps / unit) * unit).toExponential(0).replace('+', '');
}
