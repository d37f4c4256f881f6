/**
 * Which numbers of sessions and threads use the cores of a machine without a graphics card best:
 * rows per second of each arrangement of sessions and threads whose product is the number of cores,
 * network by network, with RANDOM weights. With several rounds the arrangements take turns, so that
 * a machine that slows down slows all of them down.
 *
 *   node dist/bench/cores.js [--networks alexnet,vggish,resnet50] [--cores 16] [--seconds 2]
 *     [--rounds 1] [--batch N]
 *
 * Three networks with four arrangements of 2 s each take 24 s, and as long again for sessions and
 * first runs.
 */
import { availableParallelism, loadavg } from 'node:os';
import { network, type UnopenedNetwork } from '../src/models/networks/network.ts';
import { benchOptions } from './clips.ts';

const options = benchOptions({
  ...{ networks: 'alexnet,vggish,resnet50', cores: String(availableParallelism()) },
  ...{ seconds: '2', rounds: '1', batch: '' },
}) as Record<string, string>;
const cores = Number(options.cores);
/** As in a run, unless another is requested. */
const batchOf = (plan: UnopenedNetwork) => (options.batch === '' ? plan.defaultBatch : Number(options.batch));

function rowsFor(plan: UnopenedNetwork): (Uint8Array | Float32Array)[] {
  return Array.from({ length: batchOf(plan) }, (_, at) =>
    plan.card.input.kind === 'frames'
      ? Uint8Array.from({ length: plan.inputLength }, (_, index) => (index * 31 + at * 17) & 255)
      : Float32Array.from({ length: plan.inputLength }, (_, index) => Math.sin(index * 0.05 * (at + 1)) * 0.3),
  );
}

/** Rows per second, and CPU-milliseconds of each, with every session busy. */
async function measure(plan: UnopenedNetwork, rows: readonly (Uint8Array | Float32Array)[], sessions: number) {
  const threads = Math.max(1, Math.floor(cores / sessions));
  const batch = batchOf(plan);
  const opened = await plan.open({ workers: sessions, threads, batch });
  const embed = () => opened.embed(rows);
  // The first run of a session allocates memory.
  await Promise.all(Array.from({ length: sessions }, embed));
  const started = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  const busy = async () => {
    while (performance.now() - started < 1000 * Number(options.seconds)) {
      await embed();
      count += batch;
    }
  };
  await Promise.all(Array.from({ length: opened.concurrency }, busy));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  await opened.close();
  const planned = plan.memory({ workers: sessions, threads, batch }).resident;
  return {
    ...{ network: plan.name, sessions, threads, batch, perSecond: Number((count / seconds).toFixed(1)) },
    ...{ cpuMs: Number(((user + system) / 1000 / count).toFixed(2)), plannedMiB: Math.round(planned / 2 ** 20) },
  };
}

/**
 * From one session per core, with one thread each, to two sessions; on two cores also one session.
 */
const arrangements: number[] = [];
for (let sessions = cores; sessions >= Math.min(2, Math.ceil(cores / 2)); sessions = Math.floor(sessions / 2))
  arrangements.push(sessions);

console.log(JSON.stringify({ cores, available: availableParallelism(), load: loadavg()[0] }));
for (const name of (options.networks as string).split(',')) {
  const plan = network(name, { weights: 'random:1' });
  const rows = rowsFor(plan);
  const best = new Map<number, number>();
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const sessions of arrangements) {
      const found = await measure(plan, rows, sessions);
      console.log(JSON.stringify({ round, ...found }));
      best.set(sessions, Math.max(best.get(sessions) ?? 0, found.perSecond));
    }
  }
  const single = best.get(cores) ?? Number.NaN;
  const ofSingle = [...best].map(([sessions, rate]) => [`${sessions}x${cores / sessions}`, (rate / single).toFixed(3)]);
  const megabytes = Math.round(plan.weightsBytes / 2 ** 20);
  console.log(JSON.stringify({ network: name, weightsMiB: megabytes, ofOneThreadEach: Object.fromEntries(ofSingle) }));
}
