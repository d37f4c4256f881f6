import { ModelError } from '../../core/errors.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { calibrate } from '../../models/quantisation/calibrate.ts';
import { memoryLimit } from '../plan.ts';
import type { Calibration } from './calibration-file.ts';
import { type CalibrationFrames, calibrationFrames } from './calibration-frames.ts';
import { planCalibration } from './calibration-memory.ts';
import type { PrecisionSetting } from './choose-precision.ts';

/** Results from fewer frames than this are meaningless. */
const minFrames = 4;
/** A similarity measured on fewer frames than this is unreliable. */
const minMeasuring = 16;

/**
 * Takes frames of the corpus to calibrate a precision on.
 *
 * @throws ModelError `precision` if there are too few; FlowError `aborted`.
 */
export async function framesFor(
  precision: Calibration['precision'],
  plan: UnopenedNetwork<Uint8Array>,
  corpus: readonly Video[],
  { signal, say }: PrecisionSetting,
): Promise<CalibrationFrames> {
  const found = await calibrationFrames(corpus, plan, signal);
  const { frames, tried } = found;
  if (frames.length < minFrames) {
    throw new ModelError(
      'precision',
      `the corpus has only ${frames.length} frames to calibrate ${precision} on; ${minFrames} are needed (${tried} of its ${corpus.length} videos were tried)`,
      {
        remedy: "Use `precision: 'float32'`, or give videos that can be decoded.",
      },
    );
  }
  const measuring = precision === 'int8' ? Math.floor(frames.length / 2) : frames.length;
  if (measuring < minMeasuring) {
    say(`${precision}: only ${measuring} frames measure how close it is; fewer than ${minMeasuring} are unreliable`);
  }
  return found;
}

/**
 * Finds the ranges of a network's activations on frames of a corpus, and how close int8 comes to
 * float32.
 */
export async function newCalibration(
  plan: UnopenedNetwork<Uint8Array>,
  corpus: readonly Video[],
  options: PrecisionSetting,
): Promise<Calibration> {
  const settings = planCalibration(plan, memoryLimit(options));
  options.say(`int8: calibrating ${plan.name} on frames of the corpus`);
  const { items, frames } = await framesFor('int8', plan, corpus, options);
  const ranging = frames.filter((_, index) => index % 2 === 0);
  const heldOut = frames.filter((_, index) => index % 2 === 1);
  options.say(
    `int8: ${frames.length} frames of ${items.length} videos decoded; running ${plan.name} on them in float32, then in int8: this takes minutes for a large network`,
  );
  const { ranges, similarity } = await calibrate(plan, { ranging, heldOut }, { ...settings, signal: options.signal });
  const { cardHash, weightsHash } = plan;
  return {
    precision: 'int8',
    cardHash,
    weightsHash,
    frames: { ranging: ranging.length, heldOut: heldOut.length },
    items,
    cosine: similarity,
    ranges,
  };
}
