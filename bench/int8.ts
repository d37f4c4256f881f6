import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lastValueFrom, map, take, toArray } from 'rxjs';
import { frames } from '../src/io/media/frames.ts';
import { Video } from '../src/io/media/video.ts';
import { alexnetDescription } from '../src/models/networks/alexnet.ts';
import { architectureGraph, architectureTo } from '../src/models/networks/architecture.ts';
import { alexnet, type NetworkPlan } from '../src/models/networks/network.ts';
import { collect } from '../src/models/onnx/write.ts';
import { calibrate } from '../src/models/quantisation/calibrate.ts';
import { cosine } from '../src/models/quantisation/cosine.ts';
import { randomTensor } from '../src/models/weights/random.ts';
import { Flow } from '../src/operators/flow.ts';
import { benchOptions } from './clips.ts';

/**
 * Inference alone, the same decoded frames and the same AlexNet weights for all: reelflow in float32, in int8, and PyTorch (the interpreter's own `torch`).
 * `node dist/bench/int8.js --clip CLIP [--frames 256] [--batch 32] [--threads 2] [--python /usr/bin/python3]`
 */
const options = benchOptions({ clip: '', frames: '256', batch: '32', threads: '2', python: '/usr/bin/python3' });
const [count, batch, threads] = [Number(options.frames), Number(options.batch), Number(options.threads)];
const execute = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'reelflow-int8-'));

interface Timing {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly first: ArrayLike<number>;
}

async function time(plan: NetworkPlan<Uint8Array>, pictures: readonly Uint8Array[]): Promise<Timing> {
  const network = await plan.open({ workers: 1, threads, batch });
  const [first] = await network.embed(pictures.slice(0, batch));
  const [started, before] = [performance.now(), process.cpuUsage()];
  for (let start = 0; start < pictures.length; start += batch)
    await network.embed(pictures.slice(start, start + batch));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  await network.close();
  return { seconds, cpuSeconds: (user + system) / 1e6, first: first as Float32Array };
}

async function pytorch(pictures: readonly Uint8Array[]): Promise<Timing & { readonly version: string }> {
  const graph = architectureGraph(architectureTo(alexnetDescription), (name, shape, role) =>
    randomTensor(1, name, shape, role),
  );
  const [framesPath, weightsPath] = [join(folder, 'frames'), join(folder, 'weights')];
  await writeFile(framesPath, Buffer.concat(pictures));
  await writeFile(weightsPath, Buffer.concat(graph.initializers.map(collect)));
  const script = join('bench', 'int8-pytorch.py');
  const { stdout } = await execute(
    options.python as string,
    [script, framesPath, weightsPath, String(pictures.length), String(batch), String(threads)],
    { maxBuffer: 1 << 24 },
  );
  return JSON.parse(stdout);
}

try {
  const video = new Video(options.clip as string);
  const decoded = frames(video, { scope: new Flow('64MiB').scope(video.id), resize: 'crop' });
  const pictures = await lastValueFrom(
    decoded.pipe(
      take(count),
      map((frame) => frame.data.slice()),
      toArray(),
    ),
  );
  const plan = alexnet({ weights: 'random:1', cacheDirectory: join(folder, 'cache') });
  const ranging = pictures.filter((_, index) => index % 4 === 0);
  const heldOut = pictures.filter((_, index) => index % 4 === 2);
  const { ranges, similarity } = await calibrate(plan, { ranging, heldOut }, { rows: 8, threads });
  const float32 = await time(plan, pictures);
  const int8 = await time(plan.quantised(ranges), pictures);
  const torch = await pytorch(pictures);
  const rows = { 'reelflow float32': float32, 'reelflow int8': int8, [`PyTorch ${torch.version}`]: torch };
  for (const [name, { seconds, cpuSeconds, first }] of Object.entries(rows)) {
    const alike = cosine(Float32Array.from(float32.first), Float32Array.from(first));
    console.log(
      `${name.padEnd(18)} ${(count / seconds).toFixed(1).padStart(7)} frames/s  ${((1000 * cpuSeconds) / count).toFixed(2).padStart(6)} CPU-ms/frame  cosine of the first frame to float32 ${alike.toFixed(6)}`,
    );
  }
  console.log(
    `held-out frames: cosine of int8 to float32 ${similarity.mean.toFixed(5)} (least ${similarity.least.toFixed(5)})`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
