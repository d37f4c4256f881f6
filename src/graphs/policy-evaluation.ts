import { checkPositive } from '../core/check.ts';
import { UsageError } from '../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../core/known-options.ts';
import type { BadLineReport } from '../io/ratings/bad-lines.ts';
import { type PolicyLogFile, readPolicyLog } from '../io/ratings/read-policy-log.ts';
import { type OffPolicyEstimates, offPolicy, type RewardModel } from '../models/metrics/off-policy.ts';
import { type LoadedRecommender, loadRecommender } from './recommenders/load-recommender.ts';

/** The policy to evaluate, and how. */
export interface PolicyEvaluationOptions {
  /**
   * A saved recommender as the policy: it shows each item of its catalogue with a probability
   * proportional to exp(score / temperature). Default: the log's column `target`.
   */
  readonly recommender?: string | undefined;
  /** Default 1. */
  readonly temperature?: number | undefined;
  /** Larger weights are lowered to it. Default: no clipping. */
  readonly clip?: number | undefined;
  /** Skips bad lines of the log and counts them. */
  readonly skipBadLines?: boolean | undefined;
}

/** What a policy would have earned, and how far that can be trusted. */
export interface PolicyEvaluation extends OffPolicyEstimates {
  readonly badLines: BadLineReport;
  /** Doubts, as sentences. */
  readonly warnings: readonly string[];
}

const known: KnownOptions<PolicyEvaluationOptions> = {
  ...{ recommender: true, temperature: true, clip: true, skipBadLines: true },
};
/** Rows at the overall mean that smooth each item's mean in the reward model. */
const damping = 5;
/** A mean weight this far from 1 is not chance if there are many rows. */
const usualWeight = 0.2;
/** Share of the rows below which the effective sample counts as small. */
const fewRows = 0.01;

/**
 * Estimates, from a log with propensities (`readPolicyLog`), what another policy would have earned:
 * the one in the log's column `target`, or a saved recommender that draws from its catalogue. The
 * doubly robust estimate takes its model from the columns `predicted` and `expected`; for a
 * recommender, the model is the smoothed mean reward of each item, learnt from the rows of the
 * other half of the users.
 *
 * @throws UsageError if an option is wrong, or if the log is, has no propensities or has a user
 * that the recommender does not know; what `loadRecommender` throws.
 * @example
 * const found = await evaluatePolicy('log.csv', { recommender: 'recommenders/ease', temperature: 0.2 });
 * console.log(found.snips.value, found.effectiveSampleSize);
 */
export async function evaluatePolicy(path: string, options: PolicyEvaluationOptions = {}): Promise<PolicyEvaluation> {
  checkKnownOptions('evaluatePolicy', options, known);
  const { recommender, clip, skipBadLines } = options;
  const temperature = checkPositive('temperature', options.temperature ?? 1);
  const log = await readPolicyLog(path, { skipBadLines });
  const { rewards, propensities, badLines, userIds } = log;
  const policy =
    recommender === undefined ? ofColumns(path, log) : await ofRecommender(path, log, recommender, temperature);
  const users = userIds && numbered(userIds);
  const found = offPolicy({ rewards, propensities, users, ...policy }, { clip });
  return { ...found, badLines, warnings: doubts(found) };
}

/** A number for each different id. */
function numbered(ids: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  for (const id of ids) if (!numbers.has(id)) numbers.set(id, numbers.size);
  return Int32Array.from(ids, (id) => numbers.get(id) as number);
}

interface Policy {
  readonly targets: Float64Array;
  readonly model: RewardModel | undefined;
}

function ofColumns(path: string, { targets, predicted, expected }: PolicyLogFile): Policy {
  if (targets === undefined) {
    throw new UsageError(`${path} has no column 'target', and no \`recommender\` is given`, {
      option: 'recommender',
      remedy: 'Give the probability with which the new policy would show each row as `target`, or a saved recommender.',
    });
  }
  if ((predicted === undefined) !== (expected === undefined)) {
    throw new UsageError(`${path} has only one of the columns 'predicted' and 'expected'; a model needs both`, {
      code: 'ratings',
    });
  }
  return { targets, model: predicted && expected ? { predicted, expected } : undefined };
}

async function ofRecommender(
  path: string,
  { userIds, itemIds, rewards }: PolicyLogFile,
  directory: string,
  temperature: number,
): Promise<Policy> {
  if (userIds === undefined || itemIds === undefined) {
    throw new UsageError(`${path} needs the columns user and item if a recommender is the policy`, {
      code: 'ratings',
    });
  }
  const recommender = await loadRecommender(directory);
  try {
    const { saved } = recommender;
    const places = new Map(saved.catalogue.map(({ id }, item) => [id, item]));
    const numbers = new Map(saved.userIds.map((id, user) => [id, user]));
    const items = itemIds.map((id) => places.get(id));
    const users = userIds.map((id) => {
      const user = numbers.get(id);
      if (user !== undefined) return user;
      throw new UsageError(`user '${id}' of ${path} is not known to the recommender`, { code: 'unknown-user' });
    });
    // The mean reward of each item is learnt from the rows of the other half of the users.
    const means = [0, 1].map((half) =>
      itemMeans(rewards, items, saved.catalogue.length, (row) => (users[row] as number) % 2 !== half),
    );
    const rows = new Map<number, number[]>();
    for (const [row, user] of users.entries()) {
      const own = rows.get(user);
      if (own) own.push(row);
      else rows.set(user, [row]);
    }
    const length = rewards.length;
    const [targets, predicted, expected] = [
      new Float64Array(length),
      new Float64Array(length),
      new Float64Array(length),
    ];
    for (const [user, own] of rows) {
      const chances = await chancesOf(recommender, user, temperature);
      const rewarded = means.map((mean) => chances.reduce((sum, chance, at) => sum + chance * (mean[at] as number), 0));
      for (const row of own) {
        const item = items[row];
        const mean = means[user % 2] as Float64Array;
        targets[row] = item === undefined ? 0 : (chances[item] as number);
        predicted[row] = item === undefined ? 0 : (mean[item] as number);
        expected[row] = rewarded[user % 2] as number;
      }
    }
    return { targets, model: { predicted, expected } };
  } finally {
    await recommender.close();
  }
}

/** The probability with which each item of the catalogue is shown to a user. */
async function chancesOf(
  { score, saved }: LoadedRecommender,
  user: number,
  temperature: number,
): Promise<Float64Array> {
  const items = Int32Array.from(saved.catalogue.keys());
  const scores = Float64Array.from(await score(new Int32Array(items.length).fill(user), items));
  const highest = scores.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
  const shares = scores.map((each) => Math.exp((each - highest) / temperature));
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => share / sum);
}

/** The mean reward of each item over some rows, smoothed by a few rows at the overall mean. */
function itemMeans(
  rewards: Float64Array,
  items: readonly (number | undefined)[],
  itemCount: number,
  isLearnt: (row: number) => boolean,
): Float64Array {
  const [sums, counts] = [new Float64Array(itemCount), new Float64Array(itemCount)];
  let [sum, count] = [0, 0];
  for (const [row, item] of items.entries()) {
    if (!isLearnt(row)) continue;
    const reward = rewards[row] as number;
    sum += reward;
    count++;
    if (item === undefined) continue;
    sums[item] = (sums[item] as number) + reward;
    counts[item] = (counts[item] as number) + 1;
  }
  const mean = count === 0 ? 0 : sum / count;
  return sums.map((own, item) => (own + damping * mean) / ((counts[item] as number) + damping));
}

function doubts({ rows, meanWeight, effectiveSampleSize, clipped }: OffPolicyEstimates): string[] {
  const spread = 3 / Math.sqrt(Math.max(1, effectiveSampleSize));
  return [
    ...(Math.abs(meanWeight - 1) > Math.max(usualWeight, spread)
      ? [
          `the mean weight is ${meanWeight.toFixed(3)} instead of 1: propensities are wrong, or the logged policy never shows what the other would`,
        ]
      : []),
    ...(effectiveSampleSize < Math.max(30, fewRows * rows)
      ? [
          `the ${rows} rows are worth only ${effectiveSampleSize.toFixed(1)} unweighted ones: a few rows decide every estimate`,
        ]
      : []),
    ...(clipped > 0.1
      ? [`${(100 * clipped).toFixed(1)} % of the weights are clipped, which biases the estimates`]
      : []),
  ];
}
