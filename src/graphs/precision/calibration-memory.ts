import { UsageError } from '../../core/errors.ts';
import { availableCores } from '../../io/media/container-limits.ts';
import { decoderMemory } from '../../io/media/process-memory.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import type { CalibrationSettings } from '../../models/quantisation/calibrate.ts';
import { formatBytes } from '../../operators/budget.ts';
import type { Bytes } from '../../operators/payload.ts';
import { calibrationFrameCount } from './calibration-frames.ts';
import { placeholderRanges } from './placeholder-ranges.ts';

const MiB = 1024 * 1024;
/** The process with its garbage, before frames and sessions. */
const processBytes = 96 * MiB;
/** Pixels of a picture that decoders are sized for while the corpus has not been probed: 1080p. */
const pixels = 1920 * 1080;

/**
 * Rows at a time with which a calibration stays within a memory limit. Decoders, sessions of the
 * observed network and those of the quantised one do not run at the same time in it; its frames,
 * and vectors once there are any, are held throughout.
 *
 * @throws UsageError `memory-too-small` naming the least limit that would do.
 */
export function planCalibration(plan: UnopenedNetwork, limit: Bytes): Pick<CalibrationSettings, 'rows' | 'threads'> {
  const needed = calibrationNeeds(plan);
  const rows = [8, 4, 2, 1].find((count) => needed(count) <= limit);
  if (rows !== undefined) return { rows, threads: availableCores() };
  const least = minCalibrationMemory(plan) / MiB;
  throw new UsageError(
    `\`memory\` is ${formatBytes(limit)}, but calibrating ${plan.name} for int8 needs at least ${formatBytes(least * MiB)}`,
    {
      code: 'memory-too-small',
      option: 'memory',
      remedy: `Give \`memory: '${least}MiB'\` or more at the first run; later runs do not calibrate.`,
    },
  );
}

/** The least limit with which `planCalibration` finds a way: whole MiB, in bytes. */
export function minCalibrationMemory(plan: UnopenedNetwork): Bytes {
  return Math.ceil(calibrationNeeds(plan)(1) / MiB) * MiB;
}

/**
 * What a calibration leaves behind for the run after it: its frames, those of one item beside them,
 * and vectors, collected or not. Measured with AlexNet on 128 frames: 40-47 MiB.
 */
export function calibrationRemains(plan: UnopenedNetwork): Bytes {
  return 2 * calibrationFrameCount * plan.inputBytes + vectorsBytes(plan.observed(''));
}

const vectorsBytes = (observing: UnopenedNetwork): Bytes => 2 * 4 * observing.dimension * calibrationFrameCount;

/** What a calibration takes at its peak, by rows at a time. */
function calibrationNeeds(plan: UnopenedNetwork): (rows: number) => Bytes {
  const threads = availableCores();
  const frames = calibrationFrameCount * plan.inputBytes;
  const decoding = processBytes + 2 * frames + decoderMemory({ pixels, audio: false });
  const observing = plan.observed('');
  const quantised = plan.quantised(placeholderRanges(plan));
  return (rows) => {
    const running = { workers: 1, threads, batch: rows };
    const ranging = observing.memory(running).creationPeak + rows * plan.rangedBytesPerRow;
    const measuring = quantised.memory(running).creationPeak;
    return Math.max(decoding, processBytes + frames + vectorsBytes(observing) + Math.max(ranging, measuring));
  };
}
