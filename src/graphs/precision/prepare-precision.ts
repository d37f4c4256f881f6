import { FlowError, UsageError } from '../../core/errors.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { ChosenDevice } from '../../models/onnx/device.ts';
import type { ChosenNetworks } from '../choose-networks.ts';
import { type ExtractionOptions, extractionGraph } from '../extraction.ts';
import { type ExecutionOptions, memoryLimit, planRun } from '../plan.ts';
import { minCalibrationMemory, planCalibration } from './calibration-memory.ts';
import { choosePrecision, explainPrecision, type PreciseNetworks, type PrecisionOptions } from './choose-precision.ts';

/** What decides the precision of an extraction's networks. */
export interface PreparationOptions
  extends Omit<ExtractionOptions, 'visual' | 'audio'>,
    Omit<ExecutionOptions, 'device'>,
    PrecisionOptions {
  readonly device: ChosenDevice;
  /** The dataset's; undefined for a stream. */
  readonly directory: string | undefined;
  readonly say: (sentence: string) => void;
  /** Either of them stops a calibration: nothing is lost by that. */
  readonly drain?: AbortSignal | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * `choosePrecision` for an extraction. Where that calibrates, the memory limit is checked first for
 * both, the calibration and the extraction.
 *
 * @returns undefined when `drain` or `signal` stopped the calibration.
 * @throws as `choosePrecision`; UsageError `memory-too-small` naming the least limit that does for
 * both.
 */
export async function preparePrecision(
  networks: ChosenNetworks,
  corpus: readonly Video[],
  options: PreparationOptions,
): Promise<PreciseNetworks | undefined> {
  const expected = explainPrecision(networks, options);
  if (expected.isCalibrated) return choosePrecision(networks, corpus, options);
  const signal = AbortSignal.any([options.drain, options.signal].filter((stop) => stop !== undefined));
  try {
    // float16 takes seconds to compare, and is planned for its device after that.
    if (options.precision === 'int8')
      await checkMemory(networks.visual as UnopenedNetwork, expected.networks, corpus, { ...options, signal });
    const chosen = await choosePrecision(networks, corpus, { ...options, signal });
    return signal.aborted ? undefined : chosen;
  } catch (error) {
    if (signal.aborted && error instanceof FlowError && error.code === 'aborted') return undefined;
    throw error;
  }
}

/**
 * Of a limit that does for one of the two only, or for neither, the message names the greater of
 * what they need.
 */
async function checkMemory(
  visual: UnopenedNetwork,
  expected: PreciseNetworks,
  corpus: readonly Video[],
  { device: _, ...options }: PreparationOptions,
): Promise<void> {
  const graph = extractionGraph({ ...options, ...expected });
  const limit = memoryLimit(options);
  try {
    await planRun(graph, corpus, { ...options, remains: expected.remains });
  } catch (error) {
    const least = minCalibrationMemory(visual);
    if (!isTooSmall(error) || least <= limit || !(await fits(least))) throw error;
  }
  planCalibration(visual, limit);

  async function fits(memory: number): Promise<boolean> {
    try {
      await planRun(graph, corpus, { ...options, memory, remains: expected.remains });
      return true;
    } catch (error) {
      if (isTooSmall(error)) return false;
      throw error;
    }
  }
}

const isTooSmall = (error: unknown) => error instanceof UsageError && error.code === 'memory-too-small';
