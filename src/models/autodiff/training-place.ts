import { checkOneOf } from '../../core/check.ts';
import { ReelflowError } from '../../core/errors.ts';
import { chooseDevice } from '../onnx/device.ts';
import { readDevice } from '../onnx/device-name.ts';
import type { Place } from '../onnx/session.ts';
import type { ThreadStart } from './thread-messages.ts';
import type { PlannedTraining } from './training-plan.ts';
import { TrainingThread } from './training-thread.ts';

/** Where a module should be trained. */
export interface WantedPlace {
  readonly device?: string | undefined;
  readonly inLoop?: boolean | undefined;
  /** The key of the noise, for a private training. */
  readonly noiseKey?: Uint8Array | undefined;
  readonly onMessage?: ((sentence: string) => void) | undefined;
}

const cpu: Place = { device: 'cpu', number: 0 };

/**
 * Opens a training thread: on a card with several steps per run, or else on the CPU, saying why.
 *
 * @throws UsageError for a device that cannot train; SystemError `session` as
 * `TrainingThread.open`.
 */
export async function openTraining(
  name: string,
  planned: PlannedTraining,
  seed: number,
  wanted: WantedPlace,
): Promise<TrainingThread> {
  const start = { plan: planned.plan, seed, noiseKey: wanted.noiseKey };
  const { loop, says } = await loopOf(name, planned, wanted);
  if (says !== undefined) wanted.onMessage?.(says);
  if (loop === undefined) return TrainingThread.open(name, start);
  try {
    return await TrainingThread.open(name, { ...start, loop });
  } catch (error) {
    if (loop.place.device === 'cpu' || !(error instanceof ReelflowError)) throw error;
    wanted.onMessage?.(`${error.message}: ${name} is trained on the CPU`);
    return TrainingThread.open(name, start);
  }
}

async function loopOf(
  name: string,
  planned: PlannedTraining,
  { device: asked = 'cpu', inLoop = false, noiseKey }: WantedPlace,
): Promise<{ readonly loop?: ThreadStart['loop'] | undefined; readonly says?: string | undefined }> {
  checkOneOf('device', readDevice(asked).device, ['cpu', 'cuda']);
  const { device, numbers, says } = await chooseDevice(asked);
  if (device === 'cpu' && !inLoop) return { says };
  const loop = planned.loop();
  if (loop === undefined) {
    if (noiseKey) return { says: `${name} is trained on the CPU, as all private training is` };
    const why = 'its embeddings are learnt sparsely, outside the graph; `sparse: false` learns them in it';
    return { says: `${name} is trained on the CPU: ${why}` };
  }
  return { loop: { ...loop, place: device === 'cpu' ? cpu : { device, number: numbers[0] ?? 0 } }, says };
}
