import { UsageError } from '../../core/errors.ts';

/**
 * Steps that each add Gaussian noise to a sum over a random part of the units (users, ratings).
 *
 * @example
 * const steps: GaussianSteps = { rate: 256 / 60_000, noise: 1.12, steps: 14_063 };
 */
export interface GaussianSteps {
  /** Probability that a unit is in a step (Poisson sampling); above 0, at most 1. */
  readonly rate: number;
  /** Standard deviation of the noise divided by the most that one unit can add to the sum. */
  readonly noise: number;
  readonly steps: number;
}

/**
 * Orders of the divergence, of which the best is taken: up to 1024, and close together where few
 * steps or much noise require it.
 */
export const privacyOrders: readonly number[] = [
  ...Array.from({ length: 99 }, (_, at) => 1.1 + at / 10),
  ...Array.from({ length: 54 }, (_, at) => 11 + at),
  ...[72, 80, 96, 112, 128, 160, 192, 256, 384, 512, 768, 1024],
];

/** The least noise of which the divergence is summed. */
const leastSummed = 0.1;

/**
 * The Rényi divergence of order `order` of one step of the sampled Gaussian mechanism
 * (Mironov, Talwar and Zhang 2019): log A / (order - 1), where A is the mean, over z from Normal(0,
 * noise^2), of (1 - rate + rate exp((2 z - 1) / (2 noise^2)))^order. A is summed over z in steps of
 * noise / 32, which is exact to rounding: the integrand is smooth and falls like exp(-z^2).
 *
 * Below a noise of 0.1 the sum would have millions of terms. There it is order / (2 noise^2), the
 * divergence without sampling, which is never less.
 *
 * @throws UsageError when a number is out of range.
 * @example
 * sampledGaussianDivergence({ rate: 1, noise: 10 }, 20); // 20 / (2 * 10^2)
 */
export function sampledGaussianDivergence(
  { rate, noise }: Pick<GaussianSteps, 'rate' | 'noise'>,
  order: number,
): number {
  checkRange('rate', rate, rate > 0 && rate <= 1, 'above 0 and at most 1');
  checkRange('noise', noise, noise > 0 && Number.isFinite(noise), 'above 0');
  checkRange('order', order, order > 1 && Number.isFinite(order), 'above 1');
  if (rate === 1 || noise < leastSummed) return order / (2 * noise ** 2);
  const [inside, outside] = [Math.log(rate), Math.log1p(-rate)];
  const width = noise / 32;
  const first = Math.floor((-14 * noise) / width);
  const last = Math.ceil((order + 14 * noise) / width);
  const logs = new Float64Array(last - first + 1);
  let greatest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < logs.length; at++) {
    const z = (first + at) * width;
    const mixed = logSum(outside, inside + (2 * z - 1) / (2 * noise ** 2));
    const log = order * mixed - z ** 2 / (2 * noise ** 2);
    logs[at] = log;
    greatest = Math.max(greatest, log);
  }
  let sum = 0;
  for (const log of logs) sum += Math.exp(log - greatest);
  const logA = greatest + Math.log((sum * width) / (noise * Math.sqrt(2 * Math.PI)));
  return Math.max(0, logA) / (order - 1);
}

/**
 * The epsilon for which these steps together are (epsilon, delta)-differentially private, even if
 * each step is chosen after seeing the previous ones. Divergences of steps add up; epsilon is the
 * minimum over the orders of
 * divergence + log((order - 1) / order) - log(delta order) / (order - 1)
 * (Canonne, Kamath and Steinke 2020, proposition 12; Balle et al. 2020, theorem 21). Neighbouring
 * data sets differ by the presence of one unit.
 *
 * The accountant covers only Poisson sampling: batches of a shuffled list are another mechanism.
 *
 * @returns Infinity if there is no noise.
 * @throws UsageError when a number is out of range.
 * @example
 * epsilonOf([{ rate: 256 / 60_000, noise: 1.12, steps: 14_063 }], 1e-5);
 */
export function epsilonOf(spent: readonly GaussianSteps[], delta: number): number {
  checkRange('delta', delta, delta > 0 && delta < 1, 'above 0 and below 1');
  if (spent.some(({ noise, steps }) => noise === 0 && steps > 0)) return Number.POSITIVE_INFINITY;
  const made = spent.filter(({ steps }) => steps > 0);
  if (made.length === 0) return 0;
  let least = Number.POSITIVE_INFINITY;
  for (const order of privacyOrders) {
    const divergence = made.reduce((sum, step) => sum + step.steps * sampledGaussianDivergence(step, order), 0);
    const epsilon = divergence + Math.log((order - 1) / order) - Math.log(delta * order) / (order - 1);
    least = Math.min(least, epsilon);
  }
  return Math.max(0, least);
}

/** log(exp(a) + exp(b)). */
function logSum(a: number, b: number): number {
  const [less, more] = a < b ? [a, b] : [b, a];
  return more + Math.log1p(Math.exp(less - more));
}

function checkRange(name: string, value: number, fits: boolean, words: string): void {
  if (!fits) throw new UsageError(`\`${name}\` must be a number ${words}, but is ${value}`);
}
