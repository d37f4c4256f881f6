import type { Network } from '../models/networks/embedder.ts';
import type { UnopenedNetwork } from '../models/networks/network.ts';
import type { Embedder } from '../operators/embed.ts';
import type { WorkerPlan } from './memory-plan.ts';

/**
 * A network that is still being opened. Its plan knows what `embed` needs to know, and a batch
 * waits until the network is open.
 */
export class LazyNetwork<T extends Uint8Array | Float32Array> implements Embedder<T> {
  readonly name: string;
  readonly dimension: number;
  readonly maxBatch: number;
  readonly concurrency: number;
  readonly #opened: Promise<Network>;

  constructor(plan: UnopenedNetwork, workers: WorkerPlan, opened: Promise<Network>) {
    this.name = plan.name;
    this.dimension = plan.dimension;
    this.maxBatch = workers.batch;
    // One batch for each session, and one more ready to run.
    this.concurrency = workers.workers + 1;
    this.#opened = opened;
  }

  async embed(inputs: readonly T[]): Promise<readonly Float32Array[]> {
    return (await this.#opened).embed(inputs);
  }
}
