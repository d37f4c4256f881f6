import { availableParallelism } from 'node:os';
import { UsageError } from '../../errors.ts';
import { decoderMemory } from '../../io/media/memory.ts';
import type { NetworkPlan } from '../../models/networks/network.ts';
import type { CalibrationSettings } from '../../models/quantisation/calibrate.ts';
import { formatBytes } from '../../operators/budget.ts';
import type { Bytes } from '../../operators/payload.ts';
import { calibrationFrameCount } from './calibration-frames.ts';

const MiB = 1024 * 1024;
/** The process with its garbage, before frames and sessions. */
const processBytes = 96 * MiB;
/** Pixels of a picture that decoders are sized for while the corpus has not been probed: 1080p. */
const pixels = 1920 * 1080;

/**
 * Rows at a time with which a calibration stays within a memory limit. Sessions and decoders do not run at the same time in it; its frames are held
 * throughout.
 *
 * @throws UsageError `memory-too-small` naming the least limit that would do.
 */
export function planCalibration(plan: NetworkPlan, limit: Bytes): CalibrationSettings {
  const threads = availableParallelism();
  const frames = calibrationFrameCount * plan.inputBytes;
  const decoding = processBytes + 2 * frames + decoderMemory({ pixels, audio: false });
  const observing = plan.observed('');
  const needed = (rows: number): Bytes => {
    const sessions = observing.memory({ workers: 1, threads, batch: rows }).creationPeak;
    const vectors = 2 * 4 * observing.dimension * calibrationFrameCount;
    return Math.max(decoding, processBytes + frames + vectors + sessions + rows * plan.rangedBytesPerRow);
  };
  const rows = [8, 4, 2, 1].find((count) => needed(count) <= limit);
  if (rows !== undefined) return { rows, threads };
  const least = Math.ceil(needed(1) / MiB);
  throw new UsageError(
    `\`memory\` is ${formatBytes(limit)}, but calibrating ${plan.name} for int8 needs at least ${formatBytes(least * MiB)}`,
    {
      code: 'memory-too-small',
      remedy: `Pass --memory ${least}MiB or more at the first run; later runs do not calibrate.`,
    },
  );
}
