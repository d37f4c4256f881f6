import { checkOneOf } from '../../core/check.ts';
import { ModelError, UsageError } from '../../core/errors.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { ChosenDevice } from '../../models/onnx/device.ts';
import type { Bytes } from '../../operators/payload.ts';
import type { ChosenNetworks } from '../choose-networks.ts';
import { placeNetworks } from '../placement.ts';
import type { ExecutionOptions } from '../plan.ts';
import { type Calibration, keepCalibration, readCalibration } from './calibration-file.ts';
import { calibrationRemains } from './calibration-memory.ts';
import { measureFloat16 } from './measure-float16.ts';
import { newCalibration } from './new-calibration.ts';
import { placeholderRanges } from './placeholder-ranges.ts';

/**
 * The precisions in which the layers of the visual network can be computed.
 *
 * @example
 * precisions.includes('int8'); // true
 */
export const precisions = ['float32', 'float16', 'int8'] as const;

/** One of `precisions`. */
export type Precision = (typeof precisions)[number];

/** How to choose the precision. */
export interface PrecisionOptions {
  /**
   * `int8` computes the visual network in 8-bit integers, calibrated on frames of the corpus;
   * `float16`, for cuda and webgpu, computes its layers in float16. Default `float32`.
   */
  readonly precision?: Precision | undefined;
  /**
   * Accepts int8 even if the similarity of its vectors to float32 is below 0.99, and float16 if
   * below 0.999.
   */
  readonly forcePrecision?: boolean | undefined;
}

/** Networks in the requested precision. */
export interface PreciseNetworks extends ChosenNetworks {
  /** The calibration of a visual network in int8 or float16. */
  readonly calibration?: Calibration | undefined;
  /** Bytes that a calibration in this run leaves behind. */
  readonly remains?: Bytes | undefined;
}

/**
 * The smallest mean cosine similarity to float32 at which a precision is accepted without
 * `forcePrecision`. The mean decides, because features are statistics over many frames; the minimum
 * is reported.
 */
export const minCosine = { int8: 0.99, float16: 0.999 } as const;

/** What determines how a precision is set up. */
export interface PrecisionSetting extends PrecisionOptions, Pick<ExecutionOptions, 'memory' | 'batch'> {
  readonly directory: string | undefined;
  /** Where networks run; float16 is compared with float32 there. */
  readonly device: ChosenDevice;
  readonly signal?: AbortSignal | undefined;
  readonly say: (sentence: string) => void;
}

/**
 * Converts the visual network to 8-bit integers or float16 if requested, with the calibration that
 * the dataset in `directory` was started with, else with a new one on frames of the corpus, which
 * is stored there so that later runs compute the same. The audio network stays in float32.
 *
 * @throws UsageError without a visual network, for a calibration file that is invalid, or for
 * float16 on the CPU; `memory-too-small`.
 * @throws ModelError `precision` when the precision is too far from float32, or cannot be
 * calibrated; FlowError `aborted`.
 */
export async function choosePrecision(
  networks: ChosenNetworks,
  corpus: readonly Video[],
  options: PrecisionSetting,
): Promise<PreciseNetworks> {
  const wanted = wantedPrecision(networks, options);
  if (wanted === undefined) return networks;
  const { plan, precision } = wanted;
  const { directory, say } = options;
  const kept = directory === undefined ? undefined : readCalibration(directory, plan, precision);
  if (precision === 'float16') await placeNetworks([plan.float16()], options.device, options);
  const measure = precision === 'int8' ? newCalibration : measureFloat16;
  const calibration = kept ?? (await measure(plan, corpus, options));
  const { mean, least } = calibration.cosine;
  const held = calibration.frames.heldOut;
  const frames = precision === 'int8' ? `${held} frames not used for calibration` : `${held} frames`;
  const measured = `${precision} ${plan.name}: cosine similarity to float32 ${mean.toFixed(5)} on average, ${least.toFixed(5)} at worst, on ${frames}`;
  const isClose = mean >= minCosine[precision];
  if (!isClose && options.forcePrecision !== true) {
    throw new ModelError('precision', `${measured}: the mean is below ${minCosine[precision]}`, {
      remedy: "Use `precision: 'float32'`, or take it all the same with `forcePrecision: true`.",
    });
  }
  const when = precision === 'int8' ? ' (calibrated by an earlier run)' : ' (measured by an earlier run)';
  say(`${measured}${kept === undefined ? '' : when}${isClose ? '' : '; FORCED'}`);
  if (networks.audio !== undefined)
    say(`${networks.audio.name} stays float32: \`precision: '${precision}'\` is for the visual network`);
  const standing =
    kept !== undefined || directory === undefined ? calibration : await keepCalibration(directory, plan, calibration);
  return {
    ...networks,
    visual: inPrecision(plan, standing),
    calibration: standing,
    remains: kept === undefined ? calibrationRemains(plan) : undefined,
  };
}

const inPrecision = (plan: UnopenedNetwork<Uint8Array>, { precision, ranges }: Calibration) =>
  precision === 'int8' ? plan.quantised(ranges) : plan.float16();

/**
 * What `choosePrecision` would do, without doing it: networks for a plan, and a sentence about the
 * calibration. Before a calibration for int8, the ranges and therefore the graph's id are unknown,
 * but the plan's memory is known.
 *
 * @throws what `choosePrecision` throws for options and files.
 */
export function explainPrecision(
  networks: ChosenNetworks,
  options: PrecisionOptions & { readonly directory: string | undefined },
): {
  readonly networks: PreciseNetworks;
  readonly says?: string | undefined;
  /** Whether `choosePrecision` has nothing left to measure. */
  readonly isCalibrated: boolean;
  /** Whether the graph's id is known. */
  readonly isIdentified: boolean;
} {
  const wanted = wantedPrecision(networks, options);
  if (wanted === undefined) return { networks, isCalibrated: true, isIdentified: true };
  const { plan, precision } = wanted;
  const kept = options.directory === undefined ? undefined : readCalibration(options.directory, plan, precision);
  const isCalibrated = kept !== undefined;
  const alike = `cosine similarity to float32 ${kept?.cosine.mean.toFixed(5)}`;
  const remains = isCalibrated ? {} : { remains: calibrationRemains(plan) };
  if (precision === 'float16') {
    const says = isCalibrated
      ? `float16: ${plan.name} as measured by an earlier run, ${alike}`
      : `float16: ${plan.name} will be compared with float32 on up to 128 frames of the corpus in the first extraction`;
    return { networks: { ...networks, visual: plan.float16(), ...remains }, says, isCalibrated, isIdentified: true };
  }
  const says = isCalibrated
    ? `int8: ${plan.name} as calibrated by an earlier run, ${alike}`
    : `int8: ${plan.name} will be calibrated on up to 128 frames of the corpus in the first extraction, which determines the graph's id`;
  const visual = plan.quantised(kept?.ranges ?? placeholderRanges(plan));
  return { networks: { ...networks, visual, ...remains }, says, isCalibrated, isIdentified: isCalibrated };
}

function wantedPrecision(
  networks: ChosenNetworks,
  options: PrecisionOptions,
): { readonly plan: UnopenedNetwork<Uint8Array>; readonly precision: 'int8' | 'float16' } | undefined {
  const precision = checkOneOf('precision', options.precision ?? 'float32', precisions);
  if (precision === 'float32' && options.forcePrecision === true) {
    throw new UsageError("`forcePrecision` is for `precision: 'int8'` and 'float16', but that is float32", {
      option: 'forcePrecision',
      remedy: "Add `precision: 'int8'`, or leave `forcePrecision` out.",
    });
  }
  if (precision === 'float32') return undefined;
  if (networks.visual === undefined) {
    throw new UsageError(`\`precision: '${precision}'\` is for the visual network, but there is none`, {
      option: 'precision',
      remedy: 'Name one as `visual`, or leave `precision` out.',
    });
  }
  return { plan: networks.visual as UnopenedNetwork<Uint8Array>, precision };
}
