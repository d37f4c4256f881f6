import type { UnopenedNetwork } from '../models/networks/network.ts';
import type { Device } from '../models/onnx/device-name.ts';
import type { Bytes } from '../operators/payload.ts';
import { memoryLimit } from './plan.ts';
import type { Precision } from './precision/choose-precision.ts';
import type { RunSummary } from './run-summary.ts';

/**
 * Stands for the id of a graph whose calibration, which determines its ranges and so its id, has
 * not run yet.
 */
export const uncalibratedId = 'not-calibrated-yet';

/**
 * The summary of an extraction that was interrupted while it calibrated or planned: nothing was
 * computed, and the graph has no id without its calibration.
 */
export function interruptedSummary(
  networks: readonly UnopenedNetwork[],
  run: {
    readonly memory: Bytes | string | undefined;
    readonly peak: Bytes;
    readonly device: Device;
    /** Known if the run was interrupted while planning. */
    readonly graphId?: string | undefined;
    readonly precision?: Precision | undefined;
    /** Items of the corpus. */
    readonly items: number;
  },
): RunSummary {
  const limitBytes = memoryLimit(run);
  return {
    graphId: run.graphId ?? uncalibratedId,
    videos: { committed: 0, partial: 0, cached: 0, renamed: 0, alreadyDone: 0, skipped: 0, dead: 0 },
    frames: 0,
    patches: 0,
    videoSeconds: 0,
    duplicates: { frames: 0, patches: 0 },
    wallSeconds: 0,
    memory: { limitBytes, budgetBytes: 0, peakHeldBytes: 0, peakRssBytes: run.peak },
    operators: [],
    dead: [],
    skipped: [],
    notes: [],
    randomWeights: networks.flatMap(({ random, name }) => (random ? [name] : [])),
    execution: {
      workers: 0,
      threads: 0,
      batch: 0,
      concurrency: 0,
      device: run.device,
      precision: run.precision ?? 'int8',
    },
    phases: { sessions: 0, run: 0, compaction: 0 },
    tables: [],
    rowTables: [],
    interrupted: true,
    left: run.items,
    readerGone: false,
  };
}
