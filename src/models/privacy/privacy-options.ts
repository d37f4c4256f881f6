import { randomBytes } from 'node:crypto';
import { checkInteger, checkOneOf, checkPositive, shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { epsilonOf } from './accountant.ts';
import { keyBytes, keyedIntegers } from './keyed-noise.js';

/** Whose presence in the data a private training hides. */
const privacyUnits = ['user', 'rating'] as const;

/** Whose presence in the data a private training hides: a user with all ratings, or one rating. */
export type PrivacyUnit = 'user' | 'rating';

/**
 * How a training is made differentially private.
 *
 * @example
 * const privacy: PrivacyOptions = { noise: 1.1, clip: 1, delta: 1e-4 };
 */
export interface PrivacyOptions {
  /** Standard deviation of the noise, in units of `clip`; above 0. */
  readonly noise: number;
  /** Length to which the gradient of one unit is shortened. Default 1. */
  readonly clip?: number | undefined;
  /** Default 1e-5. Must be below 1 / number of units. */
  readonly delta?: number | undefined;
  /** Default `user`. */
  readonly unit?: PrivacyUnit | undefined;
  /**
   * Noise and sampling follow from the seed, so that a training can be repeated to the last bit;
   * whoever knows the seed can then take the noise away. Default: a key that is drawn once and
   * forgotten when the training is over.
   */
  readonly repeatable?: boolean | undefined;
  /** 32 secret bytes that noise and sampling follow from. Default: drawn. */
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
 * declare const files: { ratings: string; out: string };
 * const { privacy } = await trainRecommender({ recommender: 'gmf', options: { dp: { noise: 1.1 } }, ...files });
 * console.log(`(${privacy?.epsilon}, ${privacy?.delta})`);
 */
export interface PrivacyGuarantee {
  /** Whose presence is hidden; `client`: that of a group of users of a federated training. */
  readonly unit: PrivacyUnit | 'client';
  readonly epsilon: number;
  readonly delta: number;
  readonly noise: number;
  readonly clip: number;
  /** Chance of each unit to be in a step. */
  readonly rate: number;
  readonly steps: number;
  /** Whether noise and sampling follow from the seed. */
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

/** Steps of an epoch: so many that a unit is in one of them, on average. */
export function stepsPerEpochOf({ units, batchSize }: Pick<PrivateCourse, 'units' | 'batchSize'>): number {
  return Math.ceil(units / Math.min(batchSize, units));
}

/**
 * What a training guarantees when all its epochs are made.
 *
 * @throws UsageError where delta is so large that it would allow to publish a unit.
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

/** Asserts that delta is below the share of one unit. @throws UsageError. */
export function checkDelta(delta: number, units: number, unit: string): void {
  if (delta * units < 1) return;
  throw new UsageError(
    `\`delta\` must be below 1 / ${units}, the share of one ${unit}, but is ${delta}: one of them could be published whole`,
    { option: 'dp', remedy: `Give a \`delta\` of at most ${(0.1 / units).toPrecision(1)}.` },
  );
}

/**
 * The units of a step: each with the same chance, independently of all others (Poisson sampling),
 * so that a step may have any number of them, none included.
 */
export function poissonSample(units: number, rate: number, key: Uint8Array, step: number): Int32Array {
  const next = keyedIntegers(key, `sample ${step}`);
  const most = rate * 2 ** 32;
  const taken: number[] = [];
  for (let unit = 0; unit < units; unit++) if (next() < most) taken.push(unit);
  return Int32Array.from(taken);
}
