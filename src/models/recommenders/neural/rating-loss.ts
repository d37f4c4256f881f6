import { checkInteger, checkOneOf, checkPositive, shown } from '../../../core/check.ts';
import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, type Initialiser } from '../../autodiff/initialisers.ts';
import { add, affine, scale } from '../../autodiff/operations/arithmetic.ts';
import { dense } from '../../autodiff/operations/dense.ts';
import { sigmoid } from '../../autodiff/operations/elementwise.ts';
import { binaryCrossEntropy, meanSquaredError, weightedSquaredError } from '../../autodiff/operations/losses.ts';
import { lambdaRanking, listwiseRanking, pairwiseRanking } from '../../autodiff/operations/ranking-losses.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { ModuleOutputs } from '../../autodiff/training-plan.ts';
import { inputNames } from './input-names.ts';

/** The losses of a neural recommender. */
export const lossNames = ['mse', 'ordinal', 'mixed', 'bpr', 'lambdarank', 'softmax', 'log'] as const;

/**
 * What a neural recommender learns to do. `mse`: to come near each rating. `ordinal`: to say for
 * each level of the scale how likely a rating is above it. `bpr`, `lambdarank`, `softmax`: to put
 * the ratings of a user into their order, by pairs, by pairs that count as much as they change the
 * NDCG, or by lists; `log`: to tell high ratings from low ones by the log loss of sigmoid(score)
 * against the place on the scale. The predictions of these four are not ratings. `mixed`: `mse` and
 * `bpr` together; it predicts ratings.
 *
 * @example
 * const ranking: LossName = 'bpr';
 */
export type LossName = (typeof lossNames)[number];

/**
 * The loss of a neural recommender.
 *
 * @example
 * new NeuralRecommender('deepcf', { loss: 'ordinal', weighting: 0.5 });
 */
export interface LossOptions {
  /** Default `mse`. */
  readonly loss?: LossName | undefined;
  /**
   * Of `mse`, `mixed` and `ordinal`: ratings with a value of share p are weighted by (1 / p) to this
   * power, 1 on average, so that rare values count. Default 0: equal weights.
   */
  readonly weighting?: number | undefined;
  /**
   * Of `mixed`: the weight of the squared error, above 0 and below 1; the order of pairs has the
   * rest. Default 0.5.
   */
  readonly mix?: number | undefined;
  /**
   * Of `ordinal`: levels, evenly spread over the scale. Default: one each half, or ten where the
   * scale is longer than ten.
   */
  readonly levels?: number | undefined;
  /**
   * Number of negatives, if ratings only say what was chosen: each is trained beside that many
   * items that the user has not chosen, drawn in each epoch among those that others have, and
   * treated as the lowest rating. Default: none.
   */
  readonly negatives?: number | undefined;
}

/** Checked options, with their defaults but for the levels, which depend on the scale. */
export interface RatingLoss {
  readonly loss: LossName;
  readonly weighting: number;
  readonly mix: number;
  readonly levels: number | undefined;
  readonly negatives: number | undefined;
}

type Scale = { readonly minimum: number; readonly maximum: number };

/** Checks options and fills in their defaults. @throws UsageError when they do not fit together. */
export function ratingLoss({ loss = 'mse', weighting = 0, mix, levels, negatives }: LossOptions): RatingLoss {
  checkOneOf('loss', loss, lossNames);
  checkPositive('weighting', weighting, { zero: true });
  if (levels !== undefined) checkInteger('levels', levels, 2);
  if (negatives !== undefined) {
    checkInteger('negatives', negatives);
    if (weighting !== 0) {
      throw new UsageError('`weighting` weighs ratings that differ, but with `negatives` all are alike', {
        option: 'weighting',
        remedy: 'Leave out `weighting`.',
      });
    }
  }
  if (mix !== undefined && !(typeof mix === 'number' && mix > 0 && mix < 1)) {
    throw new UsageError(`\`mix\` must be a number above 0 and below 1, but is ${shown(mix)}`, {
      option: 'mix',
      remedy: 'For squared errors alone give the loss `mse`, for the order alone `bpr`.',
    });
  }
  const misplaced = [
    { name: 'weighting', isGiven: weighting !== 0, losses: lossNames.filter((each) => predictsBy(each) === 'ratings') },
    { name: 'mix', isGiven: mix !== undefined, losses: ['mixed'] },
    { name: 'levels', isGiven: levels !== undefined, losses: ['ordinal'] },
  ].find(({ isGiven, losses }) => isGiven && !losses.includes(loss));
  if (misplaced) {
    const { name, losses } = misplaced;
    throw new UsageError(`\`${name}\` is no option of the loss '${loss}'`, {
      option: name,
      remedy: `Leave it out, or give the loss ${losses.map((each) => `\`${each}\``).join(', ')}.`,
    });
  }
  return { loss, weighting, mix: mix ?? 0.5, levels, negatives };
}

/** Losses that compare ratings of one user, which need batches of few users. */
const comparing: ReadonlySet<unknown> = new Set<LossName>(['mixed', 'bpr', 'lambdarank', 'softmax']);

/** Losses that teach no ratings. */
const scoring: ReadonlySet<unknown> = new Set<LossName>(['bpr', 'lambdarank', 'softmax', 'log']);

/** Whether a loss compares ratings of one user, so that its batches are of few users. */
export function comparesRatings(loss: unknown): boolean {
  return comparing.has(loss);
}

/** What a recommender trained with a loss predicts: ratings, or scores to rank by. */
export function predictsBy(loss: unknown): 'ratings' | 'scores' {
  return scoring.has(loss) ? 'scores' : 'ratings';
}

/**
 * Prediction and loss of a score [batch, 1] in the unit of ratings.
 *
 * @param name begins the names of weights that the loss itself needs.
 */
export function judged(tape: Tape, name: string, score: Tensor, range: Scale, rule: RatingLoss): ModuleOutputs {
  const { graph } = tape;
  const ratings = graph.input(inputNames.ratings, ['batch', 1]);
  if (rule.loss === 'ordinal') return ordinal(tape, name, score, ratings, range, rule);
  if (rule.loss === 'mse') return { output: score, loss: squaredError(tape, score, ratings, rule) };
  if (rule.loss === 'log') {
    const place = graph.divide(
      graph.subtract(ratings, graph.real(range.minimum)),
      graph.real(range.maximum - range.minimum),
    );
    return { output: score, loss: binaryCrossEntropy(tape, score, place, ones(tape, ratings)) };
  }
  // Only a step has the users of its ratings; what predicts has no loss.
  const users = tape.index(inputNames.users);
  if (rule.loss === 'bpr') return { output: score, loss: pairwiseRanking(tape, score, ratings, users) };
  if (rule.loss === 'mixed') {
    const error = affine(tape, squaredError(tape, score, ratings, rule), rule.mix);
    const order = affine(tape, pairwiseRanking(tape, score, ratings, users), 1 - rule.mix);
    return { output: score, loss: add(tape, error, order) };
  }
  const gains = gainsOf(tape, ratings, range, rule);
  const ranking = rule.loss === 'softmax' ? listwiseRanking : lambdaRanking;
  return { output: score, loss: ranking(tape, score, gains, users) };
}

function squaredError(tape: Tape, score: Tensor, ratings: Tensor, { weighting }: RatingLoss): Tensor {
  if (weighting === 0) return meanSquaredError(tape, score, ratings);
  return weightedSquaredError(tape, score, ratings, weightsOf(tape));
}

/** 2^(r - lowest + 1) - 1, so that the lowest rating gains 1; of choices r - lowest. */
function gainsOf(tape: Tape, ratings: Tensor, { minimum }: Scale, { negatives }: RatingLoss): Tensor {
  const { graph } = tape;
  if (negatives !== undefined) return graph.subtract(ratings, graph.real(minimum));
  const exponent = graph.multiply(graph.subtract(ratings, graph.real(minimum - 1)), graph.real(Math.LN2));
  return graph.subtract(graph.emit('Exp', [exponent], ratings.shape), graph.real(1));
}

/** exp(r - r): a one for each rating. */
function ones(tape: Tape, ratings: Tensor): Tensor {
  return tape.graph.emit('Exp', [tape.graph.subtract(ratings, ratings)], ratings.shape);
}

function weightsOf(tape: Tape): Tensor {
  return tape.graph.input(inputNames.weights, ['batch', 1]);
}

function levelCount({ minimum, maximum }: Scale, levels: number | undefined): number {
  const span = maximum - minimum;
  return levels ?? (span <= 10 ? Math.max(2, Math.round(2 * span) + 1) : 10);
}

/**
 * The chance that a rating is above the k-th level is sigmoid(slope s - c_k), slope and c learnt;
 * the rating the lowest level and for each chance a step of the scale.
 */
function ordinal(
  tape: Tape,
  name: string,
  score: Tensor,
  ratings: Tensor,
  range: Scale,
  { levels, weighting }: RatingLoss,
): ModuleOutputs {
  const { graph } = tape;
  const steps = levelCount(range, levels) - 1;
  const step = (range.maximum - range.minimum) / steps;
  const between = Array.from({ length: steps }, (_, level) => range.minimum + (level + 0.5) * step);
  const slope = tape.weight(`${name}/slope`, [1], filled(firstSlope));
  const first: Initialiser = () => Float32Array.from(between, (threshold) => -firstSlope * threshold);
  const offsets = tape.weight(`${name}/thresholds`, [steps], first);
  const spread = graph.real(new Array<number>(steps).fill(1), [1, steps]);
  const logits = dense(tape, scale(tape, score, slope), spread, offsets);
  const chances = sigmoid(tape, logits);
  const column = graph.real(new Array<number>(steps).fill(step), [steps, 1]);
  const output = dense(tape, chances, column, graph.real([range.minimum], [1]));
  const above = graph.emit('Greater', [ratings, graph.real(between, [1, steps])], ['batch', steps], {}, 'bool');
  const weights = weighting === 0 ? ones(tape, ratings) : weightsOf(tape);
  return { output, loss: binaryCrossEntropy(tape, logits, graph.cast(above, 'real'), weights) };
}

/** Of a logistic curve whose deviation is about 0.9 of a rating. */
const firstSlope = 2;

/** The weight of each rating: (1 / share of its value) ^ weighting, 1 on average. */
export function ratingWeights(values: Float32Array, weighting: number): Float32Array {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const raw = Float64Array.from(values, (value) => (values.length / (counts.get(value) as number)) ** weighting);
  const mean = raw.reduce((sum, weight) => sum + weight, 0) / raw.length;
  return Float32Array.from(raw, (weight) => weight / mean);
}

/**
 * Of all pairs of different ratings of one user, the share that is predicted in the wrong order
 * (ties count one half).
 *
 * @returns undefined when there is no such pair.
 */
export function misorderedShare(
  users: ArrayLike<number>,
  ratings: Float32Array,
  scores: Float32Array,
): number | undefined {
  const byUser = new Map<number, number[]>();
  for (let row = 0; row < users.length; row++) {
    const user = users[row] as number;
    const own = byUser.get(user);
    if (own) own.push(row);
    else byUser.set(user, [row]);
  }
  let [pairs, wrong] = [0, 0];
  for (const own of byUser.values()) {
    for (const a of own) {
      for (const b of own) {
        if (!((ratings[a] as number) > (ratings[b] as number))) continue;
        pairs++;
        const lead = (scores[a] as number) - (scores[b] as number);
        wrong += lead < 0 ? 1 : lead === 0 ? 0.5 : 0;
      }
    }
  }
  return pairs === 0 ? undefined : wrong / pairs;
}
