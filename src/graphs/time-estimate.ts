import { randomFillSync } from 'node:crypto';
import type { Network } from '../models/networks/embedder.ts';
import type { UnopenedNetwork } from '../models/networks/network.ts';
import type { Plan } from './plan.ts';

/** How long the networks of a plan take for the plan's corpus. */
export interface TimeEstimate {
  /** For each network: rows per second with all its workers, and seconds for its rows. */
  readonly networks: readonly { readonly name: string; readonly rowsPerSecond: number; readonly seconds: number }[];
  /**
   * The longest of these times, since the networks run in parallel. So does decoding; if it is
   * slower, it sets the pace.
   */
  readonly seconds: number;
}

/**
 * Runs one worker of each network of a plan on a batch of noise, twice, and uses the second time:
 * what the machine can do at the moment. Nothing is decoded.
 *
 * @param networks the networks of the plan's graph, in its order.
 * @throws ModelError when a network cannot be run.
 */
export async function timeEstimate(plan: Plan, networks: readonly UnopenedNetwork[]): Promise<TimeEstimate> {
  const found: TimeEstimate['networks'][number][] = [];
  for (const [index, network] of networks.entries()) {
    const planned = plan.networks[index];
    if (planned === undefined) continue;
    const { workers, batch, threads } = planned.workers;
    const isOfPictures = network.card.modality === 'visual';
    const length = network.inputLength;
    const rows = Array.from({ length: batch }, () =>
      isOfPictures ? randomFillSync(new Uint8Array(length)) : new Float32Array(length).map((_, at) => Math.sin(at)),
    );
    const { device } = planned.placement;
    const opened = (await network.open({ workers: 1, threads, batch, device })) as Network;
    try {
      await opened.embed(rows);
      const started = performance.now();
      await opened.embed(rows);
      const rowsPerSecond = (1000 * workers * batch) / (performance.now() - started);
      found.push({ name: network.name, rowsPerSecond, seconds: rowsOf(network, plan) / rowsPerSecond });
    } finally {
      await opened.close();
    }
  }
  return { networks: found, seconds: Math.max(0, ...found.map(({ seconds }) => seconds)) };
}

/** About how many rows the whole corpus gives a network. */
function rowsOf({ card: { input } }: UnopenedNetwork, { estimate }: Plan): number {
  if (input.kind === 'frames') return estimate.frames;
  return (estimate.videoHours * 3600 * input.sampleRate) / input.hopSamples;
}
