import { ModelError } from '../errors.ts';
import type { Network } from '../models/networks/embedder.ts';
import type { NetworkPlan } from '../models/networks/network.ts';
import type { Device } from '../models/onnx/device.ts';
import type { ExtractionServices } from './extraction.ts';
import type { WorkerPlan } from './memory-plan.ts';
import type { ChosenNetworks } from './networks.ts';
import type { Plan } from './plan.ts';

/** Opens the sessions when the first unit needs them, one network after another, so that a run with nothing to do opens none. */
export class Sessions {
  /** Seconds spent on creating sessions. */
  creationSeconds = 0;
  #opening: Promise<ExtractionServices> | undefined;
  readonly #open: Network[] = [];
  readonly #devices = new Set<Device>();

  constructor(
    private readonly networks: ChosenNetworks,
    private readonly plan: Plan,
    private readonly wanted: { readonly name: Device; readonly say: (sentence: string) => void },
  ) {}

  /** Where the networks are computed: the wanted device unless every session had to be created on the CPU. */
  get device(): Device {
    return this.#devices.size === 0 || this.#devices.has(this.wanted.name) ? this.wanted.name : 'cpu';
  }

  open(): Promise<ExtractionServices> {
    this.#opening ??= this.#create();
    return this.#opening;
  }

  async #create(): Promise<ExtractionServices> {
    const started = performance.now();
    const services: { visual?: ExtractionServices['visual']; audio?: ExtractionServices['audio'] } = {};
    if (this.networks.visual !== undefined && this.plan.visual !== undefined) {
      const opened = await this.#session(this.networks.visual, this.plan.visual);
      this.#open.push(opened);
      services.visual = opened as ExtractionServices['visual'];
    }
    if (this.networks.audio !== undefined && this.plan.audio !== undefined) {
      const opened = await this.#session(this.networks.audio, this.plan.audio);
      this.#open.push(opened);
      services.audio = opened as ExtractionServices['audio'];
    }
    this.creationSeconds = (performance.now() - started) / 1000;
    return services as ExtractionServices;
  }

  /** A device that took the small network of the probe may still refuse this one: then the CPU takes it. */
  async #session(network: NetworkPlan, workers: WorkerPlan): Promise<Network> {
    // Integer kernels are the CPU's.
    const device = network.precision === 'int8' ? 'cpu' : this.wanted.name;
    try {
      const opened = await network.open({ ...workers, device });
      this.#devices.add(device);
      return opened;
    } catch (error) {
      if (device === 'cpu' || !(error instanceof ModelError) || error.code !== 'session') throw error;
      this.wanted.say(`${device} cannot run ${network.name} (${error.message}): computing it on the CPU`);
      const opened = await network.open(workers);
      this.#devices.add('cpu');
      return opened;
    }
  }

  async close(): Promise<void> {
    for (const opened of this.#open.splice(0)) await opened.close();
  }
}
