import { UsageError } from '../../core/errors.ts';
import { availableCores } from '../../io/media/container-limits.ts';
import { decoderMemory } from '../../io/media/process-memory.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { deviceBatch } from '../../models/networks/on-device.ts';
import type { CalibrationSettings } from '../../models/quantisation/calibrate.ts';
import { formatBytes } from '../../operators/budget.ts';
import type { Bytes } from '../../operators/payload.ts';
import { driverMemory, type NetworkPlacement } from '../placement.ts';
import { calibrationFrameCount } from './calibration-frames.ts';
import { placeholderRanges } from './placeholder-ranges.ts';

const MiB = 1024 * 1024;
/** The process and its garbage, before frames and sessions. */
const processBytes = 96 * MiB;
/** Pixels of a picture that decoders are sized for before the corpus has been probed: 1080p. */
const pixels = 1920 * 1080;

/**
 * How many rows at a time keep a calibration within a memory limit. Its decoders, the sessions of
 * the observed network and those of the quantised one never run at the same time; its frames, and
 * vectors once there are any, are held throughout.
 *
 * @throws UsageError `memory-too-small` naming the smallest sufficient limit.
 */
export function planCalibration(plan: UnopenedNetwork, limit: Bytes): Pick<CalibrationSettings, 'rows' | 'threads'> {
  return settingsWithin(limit, calibrationNeeds(plan), `calibrating ${plan.name} for int8`);
}

/**
 * The same for comparing float16 on a device with float32 on the CPU, which run one after the
 * other.
 *
 * @throws UsageError `memory-too-small` naming the smallest sufficient limit.
 */
export function planComparison(
  plan: UnopenedNetwork,
  limit: Bytes,
  placements: readonly NetworkPlacement[],
): Pick<CalibrationSettings, 'rows' | 'threads'> {
  const threads = availableCores();
  const frames = calibrationFrameCount * plan.inputBytes;
  const decoding = processBytes + 2 * frames + decoderMemory({ pixels, audio: false });
  const vectors = 2 * 4 * plan.dimension * calibrationFrameCount;
  // Frames are sent to the process that has the device, so they exist twice.
  const onDevice =
    processBytes + driverMemory(placements) + frames + plan.hostMemory({ workers: 1, batch: deviceBatch }).creationPeak;
  const needs = (rows: number) =>
    Math.max(
      decoding,
      processBytes +
        frames +
        vectors +
        Math.max(onDevice, plan.memory({ workers: 1, threads, batch: rows }).creationPeak),
    );
  return settingsWithin(limit, needs, `comparing ${plan.name} in float16 with float32`);
}

function settingsWithin(limit: Bytes, needs: (rows: number) => Bytes, what: string) {
  const rows = [8, 4, 2, 1].find((count) => needs(count) <= limit);
  if (rows !== undefined) return { rows, threads: availableCores() };
  const least = Math.ceil(needs(1) / MiB);
  throw new UsageError(`\`memory\` is ${formatBytes(limit)}, but ${what} needs at least ${formatBytes(least * MiB)}`, {
    code: 'memory-too-small',
    option: 'memory',
    remedy: `Give \`memory: '${least}MiB'\` or more at the first run; later runs do not calibrate.`,
  });
}

/** The smallest limit with which `planCalibration` succeeds: whole MiB, in bytes. */
export function minCalibrationMemory(plan: UnopenedNetwork): Bytes {
  return Math.ceil(calibrationNeeds(plan)(1) / MiB) * MiB;
}

/**
 * What a calibration leaves behind for the run after it: its frames, those of one more item, and
 * vectors, garbage-collected or not. Measured with AlexNet on 128 frames: 40-47 MiB.
 */
export function calibrationRemains(plan: UnopenedNetwork): Bytes {
  return 2 * calibrationFrameCount * plan.inputBytes + vectorsBytes(plan.observed(''));
}

const vectorsBytes = (observing: UnopenedNetwork): Bytes => 2 * 4 * observing.dimension * calibrationFrameCount;

/** Peak memory of a calibration, as a function of the rows at a time. */
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
