/**
 * A dataflow whose consumer takes one embedding per second: `node slow-consumer.js CLIP MEMORY`.
 * Runs until interrupted, then prints what it held.
 */
import { lastValueFrom, merge, Subject, takeUntil } from 'rxjs';
import { chooseNetworks } from '../src/graphs/choose-networks.ts';
import { extractionGraph } from '../src/graphs/extraction.ts';
import { planRun } from '../src/graphs/plan.ts';
import { audio } from '../src/io/media/audio.ts';
import { frames } from '../src/io/media/frames.ts';
import { Video } from '../src/io/media/video.ts';
import { embed } from '../src/operators/embed.ts';
import { Flow } from '../src/operators/flow.ts';

const [clip = '', memory = '1GiB'] = process.argv.slice(2);
const networks = chooseNetworks({ weights: 'random:1' });
if (networks.visual === undefined || networks.audio === undefined) throw new Error('both networks are needed');
const video = new Video(clip);
const plan = await planRun(extractionGraph(networks), [video], { memory });
const look = await networks.visual.open(plan.networks[0]?.workers);
const listen = await networks.audio.open(plan.networks[1]?.workers);
const flow = new Flow(plan.memory.budget);
const scope = flow.scope(video.id);
const stopped = new Subject<void>();
process.on('SIGINT', () => stopped.next());

let consumed = 0;
const slowly = scope.mapAsync(
  () =>
    new Promise<void>((resolve) => {
      consumed += 1;
      setTimeout(resolve, 1000);
    }),
  { name: 'slow', concurrency: 1, cost: (embedding: { vector: Float32Array }) => embedding.vector.byteLength },
);
await lastValueFrom(
  merge(
    frames(video, { scope }).pipe(embed(look, { scope })),
    audio(video, { scope }).pipe(embed(listen, { scope })),
  ).pipe(slowly, takeUntil(stopped)),
  { defaultValue: undefined },
);
await look.close();
await listen.close();
console.log(
  JSON.stringify({
    consumed,
    heldMiB: +(flow.peakHeld / 2 ** 20).toFixed(1),
    budgetMiB: +(flow.budget / 2 ** 20).toFixed(1),
  }),
);
