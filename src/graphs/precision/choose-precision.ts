import { checkOneOf } from '../../core/check.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { calibrate } from '../../models/quantisation/calibrate.ts';
import type { Bytes } from '../../operators/payload.ts';
import type { ChosenNetworks } from '../choose-networks.ts';
import { memoryLimit } from '../plan.ts';
import { type Calibration, keepCalibration, readCalibration } from './calibration-file.ts';
import { calibrationFrames } from './calibration-frames.ts';
import { calibrationRemains, planCalibration } from './calibration-memory.ts';
import { placeholderRanges } from './placeholder-ranges.ts';

/** What the layers of the visual network are computed in. */
export type Precision = 'float32' | 'int8';

/** How the precision is chosen. */
export interface PrecisionOptions {
  /**
   * `int8` puts the visual network on 8-bit integers, calibrated on frames of the corpus. Default
   * `float32`.
   */
  readonly precision?: Precision | undefined;
  /** Takes int8 also where its vectors are less alike to float32 than 0.99. */
  readonly forcePrecision?: boolean | undefined;
}

/** Networks in the precision that was asked for. */
export interface PreciseNetworks extends ChosenNetworks {
  /** Of a visual network in int8. */
  readonly calibration?: Calibration;
  /** Bytes that a calibration in this run leaves behind. */
  readonly remains?: Bytes;
}

/**
 * The least mean cosine similarity to float32 at which int8 is taken unasked. The mean decides,
 * because features are statistics over many frames; the least is reported.
 */
export const minCosine = 0.99;

/** Fewer frames than this tell nothing. */
const minFrames = 4;
/** A similarity measured on fewer frames than this tells little. */
const minMeasuring = 16;

/**
 * Puts the visual network on 8-bit integers where that is asked for: with the calibration that the
 * dataset in `directory` was begun with, else with a new one on frames of the corpus, which is kept
 * there, so that later runs compute the same. The audio network stays float32.
 *
 * @throws UsageError without a visual network, or for a calibration file that is invalid;
 * `memory-too-small`.
 * @throws ModelError `precision` when int8 is too far from float32, or cannot be calibrated;
 * FlowError `aborted`.
 */
export async function choosePrecision(
  networks: ChosenNetworks,
  corpus: readonly Video[],
  options: PrecisionOptions & {
    readonly directory: string | undefined;
    readonly memory?: Bytes | string | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly say: (sentence: string) => void;
  },
): Promise<PreciseNetworks> {
  const plan = wantsInt8(networks, options);
  if (plan === undefined) return networks;
  const { directory, say } = options;
  const kept = directory === undefined ? undefined : readCalibration(directory, plan);
  const calibration = kept ?? (await newCalibration(plan, corpus, options));
  const quantised = plan.quantised(calibration.ranges);
  const { mean, least } = calibration.cosine;
  const measured = `int8 ${plan.name}: cosine similarity to float32 ${mean.toFixed(5)} on average, ${least.toFixed(5)} at worst, on ${calibration.frames.heldOut} frames not used for calibration`;
  if (!(mean >= minCosine) && options.forcePrecision !== true) {
    throw new ModelError('precision', `${measured}: the mean is below ${minCosine}`, {
      remedy: "Use `precision: 'float32'`, or take it all the same with `forcePrecision: true`.",
    });
  }
  say(
    `${measured}${kept === undefined ? '' : ' (calibrated by an earlier run)'}${mean >= minCosine ? '' : '; FORCED'}`,
  );
  if (networks.audio !== undefined)
    say(`${networks.audio.name} stays float32: \`precision: 'int8'\` is for the visual network`);
  const standing =
    kept !== undefined || directory === undefined ? calibration : await keepCalibration(directory, plan, calibration);
  return {
    ...networks,
    visual: standing === calibration ? quantised : plan.quantised(standing.ranges),
    calibration: standing,
    ...(kept === undefined ? { remains: calibrationRemains(plan) } : {}),
  };
}

/**
 * What `choosePrecision` would do, without doing it: networks for a plan, and a sentence about the
 * calibration. Before a calibration the ranges, and with them the graph's id, are not known; the
 * plan's memory is.
 *
 * @throws as `choosePrecision` for options and files.
 */
export function explainPrecision(
  networks: ChosenNetworks,
  options: PrecisionOptions & { readonly directory: string | undefined },
): { readonly networks: PreciseNetworks; readonly says?: string; readonly isCalibrated: boolean } {
  const plan = wantsInt8(networks, options);
  if (plan === undefined) return { networks, isCalibrated: true };
  const kept = options.directory === undefined ? undefined : readCalibration(options.directory, plan);
  const ranges = kept?.ranges ?? placeholderRanges(plan);
  const says =
    kept === undefined
      ? `int8: ${plan.name} will be calibrated on up to 128 frames of the corpus in the first extraction, which determines the graph's id`
      : `int8: ${plan.name} as calibrated by an earlier run, cosine similarity to float32 ${kept.cosine.mean.toFixed(5)}`;
  const remains = kept === undefined ? { remains: calibrationRemains(plan) } : {};
  return {
    networks: { ...networks, visual: plan.quantised(ranges), ...remains },
    says,
    isCalibrated: kept !== undefined,
  };
}

function wantsInt8(networks: ChosenNetworks, options: PrecisionOptions): UnopenedNetwork<Uint8Array> | undefined {
  const precision = checkOneOf('precision', options.precision ?? 'float32', ['float32', 'int8']);
  if (precision === 'float32' && options.forcePrecision === true) {
    throw new UsageError("`forcePrecision` is for `precision: 'int8'`, but that is float32", {
      option: 'forcePrecision',
      remedy: "Add `precision: 'int8'`, or leave `forcePrecision` out.",
    });
  }
  if (precision === 'float32') return undefined;
  if (networks.visual === undefined) {
    throw new UsageError("`precision: 'int8'` is for the visual network, but there is none", {
      option: 'precision',
      remedy: 'Name one as `visual`, or leave `precision` out.',
    });
  }
  return networks.visual as UnopenedNetwork<Uint8Array>;
}

async function newCalibration(
  plan: UnopenedNetwork<Uint8Array>,
  corpus: readonly Video[],
  options: Parameters<typeof choosePrecision>[2],
): Promise<Calibration> {
  const limit = memoryLimit(options);
  const settings = planCalibration(plan, limit);
  options.say(`int8: calibrating ${plan.name} on frames of the corpus`);
  const { items, frames, tried } = await calibrationFrames(corpus, plan, options.signal);
  if (frames.length < minFrames) {
    throw new ModelError(
      'precision',
      `the corpus has only ${frames.length} frames to calibrate int8 on; ${minFrames} are needed (${tried} of its ${corpus.length} videos were tried)`,
      {
        remedy: "Use `precision: 'float32'`, or give videos that can be decoded.",
      },
    );
  }
  const ranging = frames.filter((_, index) => index % 2 === 0);
  const heldOut = frames.filter((_, index) => index % 2 === 1);
  options.say(
    `int8: ${frames.length} frames of ${items.length} videos decoded; running ${plan.name} on them in float32, then in int8: this takes minutes for a large network`,
  );
  if (heldOut.length < minMeasuring) {
    options.say(`int8: only ${heldOut.length} frames measure how close it is; fewer than ${minMeasuring} say little`);
  }
  const { ranges, similarity } = await calibrate(plan, { ranging, heldOut }, { ...settings, signal: options.signal });
  const { cardHash, weightsHash } = plan;
  return {
    cardHash,
    weightsHash,
    frames: { ranging: ranging.length, heldOut: heldOut.length },
    items,
    cosine: similarity,
    ranges,
  };
}
