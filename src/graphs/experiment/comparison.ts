import { holm } from '../../models/statistics/holm.ts';
import { bootstrapInterval, type Interval, meanInterval } from '../../models/statistics/intervals.ts';
import { pairedTTest } from '../../models/statistics/paired-t-test.ts';
import { randomisationTest } from '../../models/statistics/randomisation-test.ts';
import { differencesOf, meanOf } from '../../models/statistics/sample.ts';
import { wilcoxonTest } from '../../models/statistics/wilcoxon-test.ts';
import type { ScenarioName } from './experiment-config.ts';

/** A p-value, and its Holm-corrected value over the rows that are compared. */
export interface CorrectedP {
  readonly p: number;
  readonly holm: number;
}

/**
 * The difference between a row and the reference in one metric, and whether it may be due to
 * chance.
 */
export interface Comparison {
  readonly scenario: ScenarioName;
  readonly metric: string;
  readonly label: string;
  readonly reference: string;
  /**
   * What forms the pairs: users, each averaged over folds and runs; or seeds of the data, each
   * averaged over folds and the recommender's seeds (with only one data set, seeds of the
   * recommender).
   */
  readonly over: 'users' | 'seeds';
  readonly pairs: number;
  /** Mean of row - reference. */
  readonly difference: number;
  /** Its 95 % confidence interval, by Student's t and by bootstrap. */
  readonly interval: Interval;
  readonly bootstrap: Interval;
  /** Two-sided tests of the pairs; corrected for the rows of a scenario and a metric. */
  readonly t: CorrectedP;
  readonly wilcoxon: CorrectedP;
  readonly randomisation: CorrectedP;
}

/** Two samples to compare, pair by pair. */
export interface PairedSamples extends Pick<Comparison, 'scenario' | 'metric' | 'label' | 'reference' | 'over'> {
  readonly left: ArrayLike<number>;
  readonly right: ArrayLike<number>;
}

/** Additions that one comparison may spend on drawing signs or samples. */
const additions = 2e7;

/** How often to draw from this many pairs: as often as usual, less often if there are very many. */
export function drawsOf(pairs: number, usual: number): number {
  return Math.max(1000, Math.min(usual, Math.floor(additions / pairs)));
}

/** Compares samples and corrects them together: those of one scenario and one metric. */
export function compared(samples: readonly PairedSamples[]): Comparison[] {
  const tested = samples.map(({ left, right, ...facts }) => {
    const differences = differencesOf(left, right);
    const pairs = differences.length;
    return {
      ...facts,
      pairs,
      difference: meanOf(differences),
      interval: meanInterval(differences),
      bootstrap: bootstrapInterval(differences, { resamples: drawsOf(pairs, 2000) }),
      t: pairedTTest(left, right).p,
      wilcoxon: wilcoxonTest(left, right).p,
      randomisation: randomisationTest(left, right, { resamples: drawsOf(pairs, 10_000) }).p,
    };
  });
  const corrected = (select: (each: (typeof tested)[number]) => number): CorrectedP[] => {
    const values = tested.map(select);
    const afterwards = holm(values);
    return values.map((p, index) => ({ p, holm: afterwards[index] as number }));
  };
  const t = corrected((each) => each.t);
  const wilcoxon = corrected((each) => each.wilcoxon);
  const randomisation = corrected((each) => each.randomisation);
  return tested.map((each, index) => ({
    ...each,
    t: t[index] as CorrectedP,
    wilcoxon: wilcoxon[index] as CorrectedP,
    randomisation: randomisation[index] as CorrectedP,
  }));
}
