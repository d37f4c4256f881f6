import { UsageError } from '../../core/errors.ts';
import type { FeedBuffers } from '../autodiff/feed-buffers.ts';
import type { Feeds } from '../autodiff/feeds.ts';
import type { GradientPrivacy } from '../autodiff/private-step.ts';
import type { TrainingData } from '../autodiff/trainer-options.ts';
import { joinUnits, type UnitFeeds } from '../autodiff/unit-feeds.ts';
import { keyedUniform } from '../privacy/keyed-noise.js';
import { type Privacy, poissonSample, stepsPerEpochOf } from '../privacy/privacy-options.ts';
import type { StepDraws } from './defined-training.ts';

/** The units (users, ratings) whose presence a training hides, each a batch of its own. */
export interface PrivateUnits {
  readonly count: number;
  /** Expected number of units in a step. */
  readonly batchSize: number;
  feedsOf(unit: number, draws: StepDraws, buffers: FeedBuffers): Feeds | Promise<Feeds>;
}

/** The most units that a step of a Poisson sample has, but for one step in 100,000. */
export function mostUnits(count: number, batchSize: number): number {
  return Math.min(count, Math.ceil(batchSize + 6 * Math.sqrt(batchSize)));
}

/** Batches of a private training: each a Poisson sample of the units. */
export function privateBatches({ count, batchSize, feedsOf }: PrivateUnits, { key }: Privacy): TrainingData {
  const steps = stepsPerEpochOf({ units: count, batchSize });
  const rate = Math.min(1, batchSize / count);
  return {
    rows: count,
    async *batches(epoch, from, buffers) {
      for (let batch = from; batch < steps; batch++) {
        const step = epoch * steps + batch;
        const taken: UnitFeeds[] = [];
        for (const unit of poissonSample(count, rate, key, step)) {
          taken.push({ unit, feeds: await feedsOf(unit, drawsOfUnit(key, step, unit), buffers) });
        }
        const shape = taken[0]?.feeds ?? (await feedsOf(0, drawsOfUnit(key, step, 0), buffers));
        yield { rows: taken.length, feeds: joinUnits(taken, shape, buffers) };
      }
    },
  };
}

/**
 * The random numbers of a unit in a step. They depend on nothing else: if units drew one after
 * another, the absence of one would change the gradients of all that follow.
 */
export function drawsOfUnit(key: Uint8Array, step: number, unit: number): StepDraws {
  return { uniform: keyedUniform(key, `unit ${step} ${unit}`), step };
}

/** How the steps of a private training make their gradients private. */
export function gradientPrivacyOf(
  { clip, noise, key }: Privacy,
  { count, batchSize }: Pick<PrivateUnits, 'count' | 'batchSize'>,
): GradientPrivacy {
  return { clip, noise, key, expected: Math.min(count, batchSize) };
}

/** The refusal of something that a private training cannot do. */
export function noPrivacy(name: string, why: string, remedy: string): UsageError {
  return new UsageError(`${name} cannot be trained privately: ${why}`, { code: 'no-privacy', option: 'dp', remedy });
}

/** The refusal of ratings that would decide when a private training stops. */
export function noValidation(name: string): UsageError {
  return noPrivacy(name, 'ratings that decide when training stops cost privacy too', 'Leave out the validation.');
}
