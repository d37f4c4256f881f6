import { checkInteger } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { Device } from '../onnx/device-name.ts';
import type { OnnxGraph } from '../onnx/onnx-graph.ts';
import { worthSecondSession } from '../onnx/rehearse.ts';
import type { BatchTimes, Place, SessionPlan } from '../onnx/session.ts';
import { rowSizes } from '../onnx/shapes.ts';
import { claimWebgpu } from '../onnx/webgpu-claim.ts';
import { type PoolOptions, WorkerPool } from '../onnx/worker-pool.ts';

/**
 * Rows per run on a device when nothing else is asked for: more gained little on a card of today,
 * and each batch waits in host memory too.
 */
export const deviceBatch = 64;

/** Memory of a device, in bytes. */
export interface DeviceMemory {
  /** What one session takes beside the driver's own memory. */
  readonly session: number;
  /** All of it, the driver's included. */
  readonly total: number;
}

const mebibyte = 1024 * 1024;
/**
 * The driver's context, ONNX Runtime's kernels, cuBLAS and cuDNN with their work space. Measured,
 * see docs/devices.md.
 */
const contextBytes = 1024 * mebibyte;
/**
 * Memory of activations by the widest operation's: the arena grows by powers of two, and
 * convolutions have work space beside their results.
 */
const activationFactor = 4;

/**
 * What a network takes of a device's memory: its weights and the activations of one run for every
 * session, and what the driver takes once. An estimate from the graph's shapes; cards say more
 * exactly what is used (see `readCards`).
 *
 * @param settings.valueBytes - of one value of an activation.
 */
export function deviceMemory(
  graph: OnnxGraph,
  { sessions, rows, valueBytes }: { readonly sessions: number; readonly rows: number; readonly valueBytes: 2 | 4 },
): DeviceMemory {
  const weights = graph.initializers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const session = weights + activationFactor * valueBytes * rowSizes(graph).widestOperation * rows;
  return { session, total: contextBytes + sessions * session };
}

/** What decides which sessions a network has on a device. */
export interface DeviceSessions {
  readonly device: Exclude<Device, 'cpu'>;
  /** Which of its kind. */
  readonly numbers: readonly number[];
  /** Sessions altogether. Default: one at each place. */
  readonly workers?: number | undefined;
}

/**
 * Where the sessions of a network on a device are: in turn on its cards. Of WebGPU a process has
 * one session at most: several bring its driver down.
 *
 * @throws UsageError for several sessions of WebGPU.
 */
export function placesOf({ device, numbers, workers }: DeviceSessions): readonly Place[] {
  const length = workers === undefined ? numbers.length : checkInteger('workers', workers, 1, 256);
  if (device === 'webgpu' && length > 1) {
    throw new UsageError(`\`workers\` of a network on webgpu must be 1, but is ${length}`, {
      option: 'workers',
      remedy: 'Leave `workers` out: several sessions in one process bring its driver down.',
    });
  }
  return Array.from({ length }, (_, index) => ({ device, number: numbers[index % numbers.length] as number }));
}

/**
 * Opens the sessions of a network on a device: `workers` of them, or one at each place, and there a
 * second one where bringing batches together takes long beside computing them.
 *
 * @throws UsageError for several sessions of WebGPU; SystemError `session` while it has another
 * network's; else as `WorkerPool.open`.
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
