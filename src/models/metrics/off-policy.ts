import { checkPositive, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { finiteNumber, positiveProbability, probability } from '../../core/number-range.ts';
import { groupedInterval, type Interval, meanInterval } from '../statistics/intervals.ts';
import { meanOf } from '../statistics/sample.ts';

/** What a policy showed, with what result, and how another policy would have acted. */
export interface PolicyLog {
  /** float64[rows]: the result, such as a click, a rating, minutes. */
  readonly rewards: Float64Array;
  /** float64[rows]: the probability with which the policy showed the item; above 0. */
  readonly propensities: Float64Array;
  /** float64[rows]: the probability with which the other policy would show it. */
  readonly targets: Float64Array;
  /**
   * int32[rows]: the user of each row, numbered from 0. Intervals then take users as independent
   * instead of rows.
   */
  readonly users?: Int32Array | undefined;
  /** Predictions of a reward model, for the doubly robust estimate. */
  readonly model?: RewardModel | undefined;
}

/** What a reward model predicts for each row. */
export interface RewardModel {
  /** float64[rows]: the reward of what was shown. */
  readonly predicted: Float64Array;
  /** float64[rows]: the mean reward of what the other policy would show. */
  readonly expected: Float64Array;
}

/** Options of `offPolicy`. */
export interface OffPolicyOptions {
  /** Larger weights are lowered to it: less variance, some bias. Default: no clipping. */
  readonly clip?: number | undefined;
}

/** A mean reward, and its 95 % confidence interval by Student's t, over users if they are known. */
export interface PolicyValue extends Interval {
  readonly value: number;
}

/** What the other policy would have earned per row. */
export interface OffPolicyEstimates {
  readonly rows: number;
  /** What the policy that made the log earned. */
  readonly logged: PolicyValue;
  /** Inverse propensity scoring: mean of weight x reward. */
  readonly ips: PolicyValue;
  /** Self-normalised: sum of weight x reward divided by the sum of weights; NaN if that is 0. */
  readonly snips: PolicyValue;
  /** Doubly robust: mean of expected + weight x (reward - predicted); only with a model. */
  readonly doublyRobust?: PolicyValue | undefined;
  /** The model's own estimate; only with a model. */
  readonly direct?: PolicyValue | undefined;
  /** Mean of the weights before clipping: near 1, unless propensities are wrong. */
  readonly meanWeight: number;
  readonly largestWeight: number;
  /** Share of the rows whose weight was clipped. */
  readonly clipped: number;
  /** (sum of weights)^2 / sum of squared weights: as many unweighted rows would tell as much. */
  readonly effectiveSampleSize: number;
}

const known: KnownOptions<OffPolicyOptions> = { clip: true };

/**
 * Estimates what another policy would have earned, from the log of one that drew at random with
 * known probabilities (Horvitz and Thompson 1952; Swaminathan and Joachims 2015; Dudik, Langford
 * and Li 2011). With w = min(clip, target / propensity) and rewards r:
 *
 *     IPS = mean(w r)    SNIPS = sum(w r) / sum(w)    DR = mean(expected + w (r - predicted))
 *
 * IPS is unbiased if nothing is clipped and the logged policy can show whatever the other one
 * would; so is DR, whatever the model. The interval of SNIPS uses its linear approximation.
 *
 * @throws UsageError `ratings` if lengths differ, there are no rows, or a number is out of range.
 * @example
 * const { ips, effectiveSampleSize } = offPolicy({
 *   rewards: Float64Array.of(1, 0), propensities: Float64Array.of(0.5, 0.25), targets: Float64Array.of(0.25, 0.5),
 * });
 * ips.value; // 0.25
 */
export function offPolicy(log: PolicyLog, options: OffPolicyOptions = {}): OffPolicyEstimates {
  checkKnownOptions('offPolicy', options, known);
  const { rewards, propensities, targets, model, users } = log;
  const clip = checkPositive('clip', options.clip ?? Number.MAX_VALUE);
  checkLog(log);
  const raw = targets.map((target, row) => target / (propensities[row] as number));
  const weights = raw.map((weight) => Math.min(weight, clip));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const squares = weights.reduce((total, weight) => total + weight * weight, 0);
  const weighted = weights.map((weight, row) => weight * (rewards[row] as number));
  const self = weighted.reduce((total, value) => total + value, 0) / sum;
  const moved = weights.map(
    (weight, row) => self + (rewards.length * weight * ((rewards[row] as number) - self)) / sum,
  );
  const valued = (values: Float64Array): PolicyValue => ({
    value: meanOf(values),
    ...(users === undefined ? meanInterval(values) : groupedInterval(values, users)),
  });
  return {
    rows: rewards.length,
    logged: valued(rewards),
    ips: valued(weighted),
    snips: { ...valued(moved), value: self },
    doublyRobust:
      model &&
      valued(
        weights.map(
          (weight, row) =>
            (model.expected[row] as number) + weight * ((rewards[row] as number) - (model.predicted[row] as number)),
        ),
      ),
    direct: model && valued(model.expected),
    meanWeight: meanOf(raw),
    largestWeight: raw.reduce((largest, weight) => Math.max(largest, weight), 0),
    clipped: raw.filter((weight) => weight > clip).length / raw.length,
    effectiveSampleSize: squares === 0 ? 0 : (sum * sum) / squares,
  };
}

function checkLog({ rewards, propensities, targets, model, users }: PolicyLog): void {
  if (rewards.length === 0) throw fault('a log of a policy needs at least one row, but has none');
  for (const [name, column] of Object.entries({ rewards, propensities, targets, ...model })) {
    if (column.length !== rewards.length) {
      throw fault(`\`${name}\` must have a number for each of ${rewards.length} rows, but has ${column.length}`);
    }
    const isIn = ranges[name as keyof typeof ranges] ?? ranges.rewards;
    const row = column.findIndex((value) => !isIn.of(value));
    if (row >= 0) throw fault(`\`${name}\`[${row}] must be ${isIn.words}, but is ${column[row]}`);
  }
  if (users !== undefined && !(users instanceof Int32Array)) {
    throw fault(`\`users\` must be an Int32Array, but is ${shown(users)}`);
  }
  if (users !== undefined && users.length !== rewards.length) {
    throw fault(`\`users\` must have a number for each of ${rewards.length} rows, but has ${users.length}`);
  }
}

const ranges = { rewards: finiteNumber, propensities: positiveProbability, targets: probability };

function fault(message: string): UsageError {
  return new UsageError(message, { code: 'ratings' });
}
