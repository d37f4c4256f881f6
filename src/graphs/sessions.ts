import type { Network } from '../models/networks/embedder.ts';
import type { ExtractionServices } from './extraction.ts';
import type { ChosenNetworks } from './networks.ts';
import type { Plan } from './plan.ts';

/** Opens the sessions when the first unit needs them, one network after another, so that a run with nothing to do opens none. */
export class Sessions {
  /** Seconds spent on creating sessions. */
  creationSeconds = 0;
  #opening: Promise<ExtractionServices> | undefined;
  readonly #open: Network[] = [];

  constructor(
    private readonly networks: ChosenNetworks,
    private readonly plan: Plan,
  ) {}

  open(): Promise<ExtractionServices> {
    this.#opening ??= this.#create();
    return this.#opening;
  }

  async #create(): Promise<ExtractionServices> {
    const started = performance.now();
    const services: { visual?: ExtractionServices['visual']; audio?: ExtractionServices['audio'] } = {};
    if (this.networks.visual !== undefined && this.plan.visual !== undefined) {
      const opened = await this.networks.visual.open(this.plan.visual);
      this.#open.push(opened);
      services.visual = opened as ExtractionServices['visual'];
    }
    if (this.networks.audio !== undefined && this.plan.audio !== undefined) {
      const opened = await this.networks.audio.open(this.plan.audio);
      this.#open.push(opened);
      services.audio = opened as ExtractionServices['audio'];
    }
    this.creationSeconds = (performance.now() - started) / 1000;
    return services as ExtractionServices;
  }

  async close(): Promise<void> {
    for (const opened of this.#open.splice(0)) await opened.close();
  }
}
