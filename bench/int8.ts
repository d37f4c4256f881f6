import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lastValueFrom, map, take, toArray } from 'rxjs';
import { frames } from '../src/io/media/frames.ts';
import { Video } from '../src/io/media/video.ts';
import { alexnetDescription } from '../src/models/networks/alexnet.ts';
import { architectureGraph, architectureTo } from '../src/models/networks/architecture.ts';
import { network, type UnopenedNetwork } from '../src/models/networks/network.ts';
import { collect } from '../src/models/onnx/write.ts';
import { calibrate } from '../src/models/quantisation/calibrate.ts';
import { cosine } from '../src/models/quantisation/cosine.ts';
import { randomTensor } from '../src/models/weights/random-weights.ts';
import { Flow } from '../src/operators/flow.ts';
import { benchOptions, makeClip } from './clips.ts';
import { scratchDirectory } from './scratch.ts';

/**
 * Inference alone, on the same decoded frames and with the same AlexNet weights: reelflow in
 * float32 and in int8, and PyTorch (the interpreter's own `torch`). reelflow runs with one
 * single-threaded worker per core, as in an extraction; PyTorch with as many threads. The rounds
 * alternate; medians are printed.
 * `node dist/bench/int8.js [--clip CLIP] [--frames 512] [--batch 64] [--cores 2] [--rounds 3] [--python /usr/bin/python3]`
 */
const options = benchOptions({
  clip: '',
  dir: '.bench',
  frames: '512',
  batch: '64',
  cores: '2',
  rounds: '3',
  python: '/usr/bin/python3',
});
const [count, batch, cores] = [Number(options.frames), Number(options.batch), Number(options.cores)];
const execute = promisify(execFile);
const folder = scratchDirectory('int8');

interface Timing {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly first: ArrayLike<number>;
}

async function time(plan: UnopenedNetwork<Uint8Array>, pictures: readonly Uint8Array[]): Promise<Timing> {
  const network = await plan.open({ workers: cores, threads: 1, batch });
  const batches = Array.from({ length: Math.ceil(count / batch) }, (_, index) =>
    pictures.slice(index * batch, (index + 1) * batch),
  );
  const [first] = await network.embed(pictures.slice(0, batch));
  await Promise.all(batches.slice(0, cores).map((rows) => network.embed(rows)));
  const [started, before] = [performance.now(), process.cpuUsage()];
  await Promise.all(batches.map((rows) => network.embed(rows)));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  await network.close();
  return { seconds, cpuSeconds: (user + system) / 1e6, first: first as Float32Array };
}

async function pytorch(pictures: readonly Uint8Array[]): Promise<Timing> {
  const graph = architectureGraph(architectureTo(alexnetDescription), (name, shape, role) =>
    randomTensor(1, name, shape, role),
  );
  const [framesPath, weightsPath] = [join(folder, 'frames'), join(folder, 'weights')];
  await writeFile(framesPath, Buffer.concat(pictures));
  await writeFile(weightsPath, Buffer.concat(graph.initializers.map(collect)));
  const script = join('bench', 'int8-pytorch.py');
  const { stdout } = await execute(
    options.python as string,
    [script, framesPath, weightsPath, String(pictures.length), String(batch), String(cores)],
    { maxBuffer: 1 << 24 },
  );
  return JSON.parse(stdout);
}

try {
  const clip = options.clip || (await makeClip(join(options.dir as string, 'clip-120s.mp4'), 120));
  const video = new Video(clip);
  const decoded = frames(video, { scope: new Flow('64MiB').scope(video.id), resize: 'crop' });
  const pictures = await lastValueFrom(
    decoded.pipe(
      take(count),
      map((frame) => frame.data.slice()),
      toArray(),
    ),
  );
  const plan = network('alexnet', { weights: 'random:1', cacheDirectory: join(folder, 'cache') });
  const ranging = pictures.filter((_, index) => index % 4 === 0);
  const heldOut = pictures.filter((_, index) => index % 4 === 2);
  const { ranges, similarity } = await calibrate(plan, { ranging, heldOut }, { rows: 8, threads: cores });
  const runs: { readonly [name: string]: Timing[] } = { 'reelflow float32': [], 'reelflow int8': [], PyTorch: [] };
  const quantised = plan.quantised(ranges);
  for (let round = 0; round < Number(options.rounds); round++) {
    runs['reelflow float32']?.push(await time(plan, pictures));
    runs['reelflow int8']?.push(await time(quantised, pictures));
    runs.PyTorch?.push(await pytorch(pictures));
  }
  const reference = Float32Array.from(runs['reelflow float32']?.[0]?.first ?? []);
  for (const [name, timings] of Object.entries(runs)) {
    const rates = timings.map(({ seconds }) => count / seconds);
    const cpu = timings.map(({ cpuSeconds }) => (1000 * cpuSeconds) / count);
    const alike = cosine(reference, Float32Array.from(timings[0]?.first ?? []));
    console.log(
      `${name.padEnd(18)} ${median(rates).toFixed(1).padStart(7)} frames/s (${rates.map((rate) => rate.toFixed(0)).join(', ')})  ${median(cpu).toFixed(2).padStart(6)} CPU-ms/frame  cosine of the first frame to float32 ${alike.toFixed(6)}`,
    );
  }
  console.log(
    `held-out frames: cosine of int8 to float32 ${similarity.mean.toFixed(5)} (minimum ${similarity.least.toFixed(5)})`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] as number;
}
