import { ModelError } from '../../core/errors.ts';
import type { Video } from '../../io/media/video.ts';
import type { UnopenedNetwork } from '../../models/networks/network.ts';
import { computeApart } from '../../models/onnx/rehearse.ts';
import { vectorsOf } from '../../models/quantisation/calibrate.ts';
import { similarity } from '../../models/quantisation/cosine.ts';
import { deviceName, placeNetworks, refuseOnCpu } from '../placement.ts';
import { memoryLimit } from '../plan.ts';
import type { Calibration } from './calibration-file.ts';
import { planComparison } from './calibration-memory.ts';
import type { PrecisionSetting } from './choose-precision.ts';
import { framesFor } from './new-calibration.ts';

/**
 * How close a network in float16, computed on the device, comes to float32 on the CPU, on frames of
 * a corpus. It is measured on the device because some kernels accumulate in float16 and others in
 * float32. This runs in a separate process, whose memory is freed when it ends.
 *
 * @throws UsageError if the device cannot run it; ModelError `precision` when its activations
 * leave the range of float16; FlowError `aborted`.
 */
export async function measureFloat16(
  plan: UnopenedNetwork<Uint8Array>,
  corpus: readonly Video[],
  options: PrecisionSetting,
): Promise<Calibration> {
  const half = plan.float16();
  const placement = await placeNetworks([half], options.device, options);
  const [place] = placement.networks;
  if (place === undefined) throw new RangeError('one network has one place');
  const settings = planComparison(plan, memoryLimit(options), placement.networks);
  const device = deviceName(place);
  options.say(`float16: comparing ${plan.name} on ${device} with float32 on frames of the corpus`);
  const { items, frames } = await framesFor('float16', plan, corpus, options);
  const exact = await vectorsOf(plan, frames, { ...settings, signal: options.signal });
  const found = await computeApart(half.rehearsed({ device, batch: place.batch }), frames);
  if ('reason' in found) {
    refuseOnCpu(half, found.reason);
    throw new RangeError('a network in float16 is refused on the CPU');
  }
  const { vectors } = found;
  const infinite = vectors.filter((vector) => !vector.every(Number.isFinite)).length;
  if (infinite > 0) {
    throw new ModelError(
      'precision',
      `${plan.name} in float16 gives infinite values for ${infinite} of ${vectors.length} frames: its activations exceed 65,504`,
      { remedy: "Use `precision: 'float32'`." },
    );
  }
  const { cardHash, weightsHash } = plan;
  return {
    precision: 'float16',
    cardHash,
    weightsHash,
    frames: { ranging: 0, heldOut: frames.length },
    items,
    cosine: similarity(exact, vectors),
    ranges: {},
  };
}
