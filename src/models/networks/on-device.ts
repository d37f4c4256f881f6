import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { Device } from '../onnx/device-name.ts';
import { rowSizes } from '../onnx/infer-shapes.ts';
import type { OnnxGraph } from '../onnx/onnx-graph.ts';
import { worthSecondSession } from '../onnx/rehearse.ts';
import type { BatchTimes, Place, SessionPlan } from '../onnx/session.ts';
import { claimWebgpu } from '../onnx/webgpu-claim.ts';
import { type PoolOptions, WorkerPool } from '../onnx/worker-pool.ts';

/**
 * Default rows per run on a device: more gained little on a current card, and each batch occupies
 * host memory too.
 */
export const deviceBatch = 64;

/** Memory of a device, in bytes. */
export interface DeviceMemory {
  /** Memory of one session, apart from the driver's own. */
  readonly session: number;
  /** Everything, including the driver's. */
  readonly total: number;
}

const mebibyte = 1024 * 1024;
/**
 * The driver's context, ONNX Runtime's kernels, cuBLAS and cuDNN with their workspaces. Measured,
 * see docs/devices.md.
 */
const contextBytes = 1024 * mebibyte;
/**
 * Memory of activations by the widest operation's: the arena grows by powers of two, and
 * convolutions need workspace besides their results.
 */
const activationFactor = 4;

/**
 * What a network takes of a device's memory: its weights and the activations of one run per
 * session, and the driver's memory once. An estimate from the graph's shapes; the cards report
 * actual usage more exactly (see `readCards`).
 *
 * @param settings.valueBytes - bytes of one value of an activation.
 */
export function deviceMemory(
  graph: OnnxGraph,
  { sessions, rows, valueBytes }: { readonly sessions: number; readonly rows: number; readonly valueBytes: 2 | 4 },
): DeviceMemory {
  const weights = graph.initializers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const session = weights + activationFactor * valueBytes * rowSizes(graph).widestOperation * rows;
  return { session, total: contextBytes + sessions * session };
}

/** What determines a network's sessions on a device. */
export interface DeviceSessions {
  readonly device: Exclude<Device, 'cpu'>;
  /** The index among devices of its kind. */
  readonly numbers: readonly number[];
  /** Number of sessions in total. Default: one on each device. */
  readonly workers?: number | undefined;
}

/**
 * The devices that a network's sessions run on: its cards in turn. A process can have only one
 * WebGPU session: several crash its driver.
 *
 * @throws UsageError for several WebGPU sessions.
 */
export function placesOf({ device, numbers, workers }: DeviceSessions): readonly Place[] {
  const length = workers === undefined ? numbers.length : checkInteger('workers', workers, 1, 256);
  if (device === 'webgpu' && length > 1) {
    throw new UsageError(`\`workers\` of a network on webgpu must be 1, but is ${length}`, {
      option: 'workers',
      remedy: 'Leave `workers` out: several sessions in one process crash its driver.',
    });
  }
  return Array.from({ length }, (_, index) => ({ device, number: numbers[index % numbers.length] as number }));
}

/**
 * Opens a network's sessions on a device: `workers` of them, or one per device, plus a second one
 * if assembling batches takes long compared with computing them.
 *
 * @throws UsageError for several WebGPU sessions; SystemError `session` while it has another
 * network's; otherwise as `WorkerPool.open`.
 */
export async function openOnDevice(
  plan: SessionPlan,
  inputBytes: number,
  sessions: DeviceSessions & Pick<PoolOptions, 'onRowsHalved'>,
): Promise<WorkerPool> {
  const { device, onRowsHalved } = sessions;
  const places = placesOf(sessions);
  const release = device === 'webgpu' ? claimWebgpu(plan.name) : undefined;
  const pool = await WorkerPool.open(plan, inputBytes, [], { onRowsHalved, onClosed: release });
  try {
    const times: (BatchTimes | undefined)[] = [];
    for (const place of places) times.push(await pool.add(place));
    const [first] = times;
    const paysTwice = first !== undefined && first.copy > worthSecondSession * first.run;
    if (sessions.workers === undefined && device !== 'webgpu' && paysTwice) {
      for (const place of places) await pool.add(place);
    }
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }
}
