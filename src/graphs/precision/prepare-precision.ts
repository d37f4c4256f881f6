import { FlowError, UsageError } from '../../core/errors.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { ChosenDevice } from '../../models/onnx/device.ts';
import type { ChosenNetworks } from '../choose-networks.ts';
import { type ExtractionOptions, extractionGraph } from '../extraction.ts';
import { type ExecutionOptions, memoryLimit, planRun } from '../plan.ts';
import { minCalibrationMemory, planCalibration } from './calibration-memory.ts';
import { choosePrecision, explainPrecision, type PreciseNetworks, type PrecisionOptions } from './choose-precision.ts';

/** What determines the precision of an extraction's networks. */
export interface PreparationOptions
  extends Omit<ExtractionOptions, 'visual' | 'audio'>,
    Omit<ExecutionOptions, 'device'>,
    PrecisionOptions {
  readonly device: ChosenDevice;
  /** The dataset's directory; undefined for a stream. */
  readonly directory: string | undefined;
  readonly say: (sentence: string) => void;
  /** Either signal stops a calibration; nothing is lost by that. */
  readonly drain?: AbortSignal | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * `choosePrecision` for an extraction. Before a calibration, the memory limit is checked for both
 * the calibration and the extraction.
 *
 * @returns undefined if `drain` or `signal` stopped the calibration.
 * @throws what `choosePrecision` throws; UsageError `memory-too-small` naming the smallest limit
 * that suffices for both.
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
    // Comparing float16 takes seconds, and its device is planned afterwards.
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
 * If a limit suffices for only one of the two, or for neither, the message names the larger of
 * their needs.
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
