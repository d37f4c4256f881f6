import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FlowError, UsageError } from '../../core/errors.ts';
import type { UnopenedNetwork } from '../networks/network.ts';
import { type Similarity, similarity } from './cosine.ts';
import type { Range, Ranges } from './range.ts';

/** Inputs of a network, in two halves that share none. */
export interface CalibrationInputs<T extends Uint8Array | Float32Array> {
  /** Those whose activations decide the ranges. */
  readonly ranging: readonly T[];
  /** Those on which the result is compared with float32. */
  readonly heldOut: readonly T[];
}

/** What a calibration found. */
export interface Calibrated {
  readonly ranges: Ranges;
  /** Cosine similarity of int8 to float32 on the held-out inputs. */
  readonly similarity: Similarity;
}

/** How a calibration runs. */
export interface CalibrationSettings {
  /** Rows that are computed at once, of which all activations may be in memory. */
  readonly rows: number;
  /** Threads inside one operation. */
  readonly threads: number;
  /** Stops it before the next batch. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the ranges of a network's activations by running it in float32 over some inputs, and
 * measures on others how close int8 comes. The range of a tensor is its least and greatest value.
 * Measured on AlexNet and SqueezeNet against narrower ranges, see docs/decisions.md.
 *
 * Runs one network after the other in a worker thread; the ranges are found inside the network, so
 * that activations never leave it. Cancellation: before each batch, and before a network is
 * prepared.
 *
 * @throws UsageError when a half is empty; ModelError `precision` when nothing of the network can
 * take int8, or what `open` throws; FlowError `aborted`.
 */
export async function calibrate<T extends Uint8Array | Float32Array>(
  plan: UnopenedNetwork<T>,
  inputs: CalibrationInputs<T>,
  settings: CalibrationSettings,
): Promise<Calibrated> {
  if (inputs.ranging.length === 0 || inputs.heldOut.length === 0) {
    throw new UsageError('a calibration needs inputs in both halves, but one is empty');
  }
  const names = plan.rangedTensors;
  // Named as unfinished folders of the cache are: if this process is killed, another one removes
  // it.
  const aside = join(
    plan.cacheDirectory,
    'models',
    `.making-observed-${process.pid}-${randomBytes(4).toString('hex')}`,
  );
  let ranging: readonly Float32Array[];
  let heldOut: readonly Float32Array[];
  try {
    const observing = plan.observed(aside);
    ranging = await vectorsOf(observing, inputs.ranging, settings);
    heldOut = await vectorsOf(observing, inputs.heldOut, settings);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  const ranges = Object.fromEntries(
    names.map((name, index) => [name, rangeAt(ranging, plan.dimension + 2 * index)] as const),
  );
  const rounded = await vectorsOf(plan.quantised(ranges), inputs.heldOut, settings);
  const exact = heldOut.map((row) => row.subarray(0, plan.dimension));
  return { ranges, similarity: similarity(exact, rounded) };
}

/**
 * The vectors of some inputs, computed on the CPU. Cancellation: before each batch, and before the
 * network is prepared.
 *
 * @throws FlowError `aborted`; what `open` throws.
 */
export async function vectorsOf<T extends Uint8Array | Float32Array>(
  plan: UnopenedNetwork<T>,
  inputs: readonly T[],
  { rows, threads, signal }: CalibrationSettings,
): Promise<readonly Float32Array[]> {
  await goOn(signal);
  const network = await plan.open({ workers: 1, threads, batch: rows });
  try {
    const vectors: Float32Array[] = [];
    for (let start = 0; start < inputs.length; start += rows) {
      await goOn(signal);
      vectors.push(...(await network.embed(inputs.slice(start, start + rows))));
    }
    return vectors;
  } finally {
    await network.close();
  }
}

/** Lets signals of the system be heard, which a network that is being prepared keeps waiting. */
async function goOn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal?.aborted) throw new FlowError('aborted', 'the calibration was stopped', { cause: signal.reason });
}

/** The widest of the ranges that all rows have at a position. */
function rangeAt(rows: readonly Float32Array[], position: number): Range {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    least = Math.min(least, row[position] as number);
    greatest = Math.max(greatest, row[position + 1] as number);
  }
  return [least, greatest];
}
