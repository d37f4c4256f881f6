import { randomBytes } from 'node:crypto';
import { checkInteger, checkOneOf, checkPositive, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { epsilonOf } from './accountant.ts';
import { keyBytes, keyedUniform } from './keyed-noise.js';

/** What a private training hides the presence of. */
const privacyUnits = ['user', 'rating'] as const;

/** What a private training hides the presence of: a user with all ratings, or one rating. */
export type PrivacyUnit = 'user' | 'rating';

/**
 * How to make a training differentially private.
 *
 * @example
 * const privacy: PrivacyOptions = { noise: 1.1, clip: 1, delta: 1e-4 };
 */
export interface PrivacyOptions {
  /** Standard deviation of the noise, in units of `clip`; above 0. */
  readonly noise: number;
  /** Maximum length of the gradient of one unit. Default 1. */
  readonly clip?: number | undefined;
  /** Default 1e-5. Must be below 1 / number of units. */
  readonly delta?: number | undefined;
  /** Default `user`. */
  readonly unit?: PrivacyUnit | undefined;
  /**
   * Derives noise and sampling from the seed, so that a training can be reproduced to the last bit;
   * whoever knows the seed can then subtract the noise. Default: they are derived from a random key
   * that is deleted when the training is over.
   */
  readonly repeatable?: boolean | undefined;
  /** 32 secret bytes that noise and sampling are derived from. Default: random. */
  readonly key?: Uint8Array | undefined;
}

/** Checked options, with their defaults. */
export interface Privacy {
  readonly noise: number;
  readonly clip: number;
  readonly delta: number;
  readonly unit: PrivacyUnit;
  readonly repeatable: boolean;
  readonly key: Uint8Array;
}

/**
 * What a private training guarantees.
 *
 * @example
 * declare const files: { ratings: string; out: string }; const { privacy } = await
 * trainRecommender({ recommender: 'gmf', options: { dp: { noise: 1.1 } }, ...files });
 * console.log(`(${privacy?.epsilon}, ${privacy?.delta})`);
 */
export interface PrivacyGuarantee {
  /** What is hidden; `client`: a group of users in a federated training. */
  readonly unit: PrivacyUnit | 'client';
  readonly epsilon: number;
  readonly delta: number;
  readonly noise: number;
  readonly clip: number;
  /** Probability that a unit is in a step. */
  readonly rate: number;
  readonly steps: number;
  /** Whether noise and sampling are derived from the seed. */
  readonly repeatable: boolean;
}

/** Less noise hides nothing, and its epsilon would have no number. */
const leastNoise = 1e-6;

/** Checks options and fills in their defaults. @throws UsageError naming what is wrong. */
export function privacyOf(options: PrivacyOptions, seed: number): Privacy {
  const { clip = 1, delta = 1e-5, unit = 'user', repeatable = false, key } = options;
  if (key !== undefined && (!(key instanceof Uint8Array) || key.length !== keyBytes)) {
    throw new UsageError(`\`privacy.key\` must have ${keyBytes} bytes, but is ${shown(key)}`);
  }
  if (!(delta > 0 && delta < 1)) {
    throw new UsageError(`\`privacy.delta\` must be above 0 and below 1, but is ${shown(delta)}`);
  }
  if (typeof repeatable !== 'boolean') {
    throw new UsageError(`\`privacy.repeatable\` must be true or false, but is ${shown(repeatable)}`, { option: 'dp' });
  }
  const noise = checkPositive('privacy.noise', options.noise);
  if (noise < leastNoise) {
    throw new UsageError(`\`privacy.noise\` must be at least ${leastNoise}, but is ${noise}`, {
      option: 'dp',
      remedy: 'Give about 1, or leave out `dp`.',
    });
  }
  return {
    noise,
    clip: checkPositive('privacy.clip', clip),
    delta,
    unit: checkOneOf('privacy.unit', unit, privacyUnits),
    repeatable,
    key: repeatable ? seedKey(seed) : (key ?? randomBytes(keyBytes)),
  };
}

function seedKey(seed: number): Uint8Array {
  return Buffer.from(sha256(`reelflow-noise-1:${seed}`), 'hex');
}

/** How often each unit takes part in a training. */
export interface PrivateCourse {
  readonly units: number;
  readonly batchSize: number;
  readonly epochs: number;
}

/** Steps of an epoch: enough for a unit to be in one of them, on average. */
export function stepsPerEpochOf({ units, batchSize }: Pick<PrivateCourse, 'units' | 'batchSize'>): number {
  return Math.ceil(units / Math.min(batchSize, units));
}

/**
 * What a training guarantees after all its epochs.
 *
 * @throws UsageError if delta is so large that it would allow publishing a unit.
 */
export function guaranteeOf(
  { noise, clip, delta, unit, repeatable }: Omit<Privacy, 'key'>,
  { units, batchSize, epochs }: PrivateCourse,
): PrivacyGuarantee {
  checkDelta(delta, units, unit);
  const rate = Math.min(1, batchSize / units);
  const steps = checkInteger('epochs', epochs) * stepsPerEpochOf({ units, batchSize });
  return { unit, epsilon: epsilonOf([{ rate, noise, steps }], delta), delta, noise, clip, rate, steps, repeatable };
}

/** Asserts that delta is below one unit's share. @throws UsageError. */
export function checkDelta(delta: number, units: number, unit: string): void {
  if (delta * units < 1) return;
  throw new UsageError(
    `\`delta\` must be below 1 / ${units}, the share of one ${unit}, but is ${delta}: it would allow publishing one of them whole`,
    { option: 'dp', remedy: `Give a \`delta\` of at most ${(0.1 / units).toPrecision(1)}.` },
  );
}

/**
 * The units of a step: each with the same probability, independently of all others (Poisson
 * sampling), so a step may have any number of them, even none. One random number is drawn for each
 * unit that is taken, not for each there is: the gap to the next one is geometric,
 * floor(log(u) / log(1 - rate)) with u uniform in (0, 1].
 */
export function poissonSample(units: number, rate: number, key: Uint8Array, step: number): Int32Array {
  if (rate >= 1) return Int32Array.from({ length: units }, (_, unit) => unit);
  const uniform = keyedUniform(key, `sample ${step}`);
  const perGap = 1 / Math.log1p(-rate);
  const gap = () => Math.floor(Math.log(1 - uniform()) * perGap);
  const taken: number[] = [];
  for (let unit = gap(); unit < units; unit += 1 + gap()) taken.push(unit);
  return Int32Array.from(taken);
}
