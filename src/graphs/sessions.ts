import { SystemError } from '../core/errors.ts';
import type { Network } from '../models/networks/embedder.ts';
import type { UnopenedNetwork } from '../models/networks/network.ts';
import { readCards } from '../models/onnx/cards.ts';
import type { Device } from '../models/onnx/device-name.ts';
import type { NetworkServices } from './dataflow/running-scope.ts';
import { LazyNetwork } from './lazy-network.ts';
import type { WorkerPlan } from './memory-plan.ts';
import { type DeviceUse, deviceName, type NetworkPlacement } from './placement.ts';
import type { Plan, PlannedNetwork } from './plan.ts';

/** A device's memory, planned and actually used. */
export interface MeasuredDeviceUse extends DeviceUse {
  /**
   * What the run took from it, if the driver reports it; this includes changes caused by other
   * programs.
   */
  readonly usedBytes?: number | undefined;
}

/**
 * Opens the sessions when the first unit needs them, one network after another, so a run with
 * nothing to do opens none. Sessions on a device open while the first frames are decoded.
 */
export class Sessions {
  /** Seconds spent creating sessions. */
  creationSeconds = 0;
  #opening: Promise<NetworkServices> | undefined;
  readonly #open: Promise<Network>[] = [];
  #isClosed = false;

  /** @param networks those of the plan, in its order. */
  constructor(
    private readonly networks: readonly UnopenedNetwork[],
    private readonly plan: Plan,
    private readonly say: (sentence: string) => void,
  ) {}

  /** Where the first network is computed. */
  get device(): Device {
    return this.plan.networks[0]?.placement.device ?? 'cpu';
  }

  open(): Promise<NetworkServices> {
    this.#opening ??= this.#create();
    return this.#opening;
  }

  async #create(): Promise<NetworkServices> {
    const started = performance.now();
    const opening = this.networks.map((network, index) => {
      const { workers, placement } = this.plan.networks[index] as PlannedNetwork;
      const earlier = this.#open.at(-1);
      const opened = (async () => {
        await earlier;
        if (this.#isClosed) throw new SystemError('session', `${network.name} was closed`);
        return this.#session(network, workers, placement);
      })();
      this.#open.push(opened);
      return { network, workers, opened };
    });
    const all = Promise.all(opening.map(({ opened }) => opened)).then(() => {
      this.creationSeconds = (performance.now() - started) / 1000;
    });
    // Whoever asks for a vector receives the failure.
    all.catch(() => {});
    if (!this.plan.memory.opensWhileDecoding) await all;
    return new Map(opening.map(({ network, workers, opened }) => [network, new LazyNetwork(network, workers, opened)]));
  }

  #session(network: UnopenedNetwork, workers: WorkerPlan, placement: NetworkPlacement): Promise<Network> {
    const device = deviceName(placement);
    return network.open({
      ...workers,
      device,
      onRowsHalved: (rows) =>
        this.say(`${device} has no memory for ${workers.batch} rows of ${network.name} in one run: it runs ${rows}`),
    });
  }

  /** The memory of the devices, while the sessions are open. */
  async deviceUse(): Promise<readonly MeasuredDeviceUse[]> {
    const { devices } = this.plan;
    if (!devices.some(({ usedBefore }) => usedBefore !== undefined)) return devices;
    const cards = await readCards();
    return devices.map((device) => {
      const used = cards[device.number]?.usedBytes;
      if (device.usedBefore === undefined || used === undefined) return device;
      return { ...device, usedBytes: Math.max(0, used - device.usedBefore) };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const opening of this.#open.splice(0)) {
      // A network that did not open has nothing to close; whoever asked for its vectors received
      // the error.
      const opened = await opening.catch(() => undefined);
      await opened?.close();
    }
  }
}
