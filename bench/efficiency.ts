/**
 * Efficiency = floor / wall. Floor = (CPU-seconds of decoding alone + CPU-seconds of inference
 * alone on the same number of frames and patches, at the best batch) / cores. Decoding alone is
 * `frames` and `audio` without a consumer, ffmpeg and our reading together; `strictEfficiency` uses
 * ffmpeg writing to /dev/null instead. Wall = the steady state of `extract`, without process start
 * and session creation. Everything happens in one run, with the parts before and after each
 * extraction.
 *
 *   node dist/bench/efficiency.js [--seconds 180] [--dir .bench] [--memory 2GiB] [--repeat 3]
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ignoreElements, lastValueFrom, merge } from 'rxjs';
import { extract } from '../src/graphs/extract.ts';
import { audio } from '../src/io/media/audio.ts';
import { findFfmpeg } from '../src/io/media/ffmpeg.ts';
import { frames } from '../src/io/media/frames.ts';
import { resizeFilters } from '../src/io/media/resize.ts';
import { Video } from '../src/io/media/video.ts';
import { network, type UnopenedNetwork } from '../src/models/networks/network.ts';
import { Flow } from '../src/operators/flow.ts';
import { benchOptions, makeClip } from './clips.ts';

const execute = promisify(execFile);
const options = benchOptions({ seconds: '180', dir: '.bench', memory: '2GiB', repeat: '3' });
const cores = availableParallelism();
const clip = await makeClip(join(options.dir as string, `clip-${options.seconds}s.mp4`), Number(options.seconds));

/** CPU-seconds of this process and of its children that have ended. */
function cpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ').map(Number) ?? [];
  return ((fields[11] ?? 0) + (fields[12] ?? 0) + (fields[13] ?? 0) + (fields[14] ?? 0)) / 100;
}

/** CPU-seconds of decoding picture and sound into this process. */
async function decodeStageAlone(): Promise<number> {
  const before = cpuSeconds();
  const video = new Video(clip);
  const scope = new Flow('256MiB').scope(video.id);
  await lastValueFrom(merge(frames(video, { scope, resize: 'crop' }), audio(video, { scope })).pipe(ignoreElements()), {
    defaultValue: undefined,
  });
  return cpuSeconds() - before;
}

/** CPU-seconds of one ffmpeg writing to nowhere, as it reports them. */
async function decodeAlone(output: readonly string[]): Promise<number> {
  const { stderr } = await execute(
    findFfmpeg().path,
    ['-benchmark', '-nostdin', '-v', 'info', '-threads', '1', '-i', `file:${clip}`, ...output, '-y', '/dev/null'],
    { maxBuffer: 1 << 26 },
  );
  const bench = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr);
  if (bench === null) throw new Error('ffmpeg printed no benchmark line');
  return Number(bench[1]) + Number(bench[2]);
}

const info = await new Video(clip).probe();
if (info.video === undefined) throw new Error('the clip has no picture');
const scale = resizeFilters(info.video, 224, 224, 'crop').join(',');
const picture = [
  ...['-map', '0:v:0', '-filter_threads', '1', '-vf', scale],
  ...['-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24'],
];
const sound = ['-map', '0:a:0', '-ac', '1', '-ar', '16000', '-f', 's16le'];

/** CPU-seconds per element of a network alone: each core has a worker with one thread. */
async function inferenceAlone(plan: UnopenedNetwork, batch: number): Promise<number> {
  const opened = await plan.open({ workers: cores, threads: 1, batch });
  const bytes = plan.inputBytes;
  const inputs = Array.from({ length: batch }, (_, index) => {
    if (plan.card.modality === 'visual')
      return Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + index * 17) & 255);
    return Float32Array.from({ length: bytes / 4 }, (_, at) => Math.sin(at * 0.05 * (index + 1)) * 0.3);
  });
  const run = opened.embed.bind(opened) as (batch: readonly (Uint8Array | Float32Array)[]) => Promise<unknown>;
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) await Promise.all(Array.from({ length: cores }, () => run(inputs)));
  };
  await rounds(2);
  const count = Math.max(2, Math.ceil(256 / batch));
  const before = process.cpuUsage();
  await rounds(count);
  const { user, system } = process.cpuUsage(before);
  await opened.close();
  return (user + system) / 1e6 / (count * cores * batch);
}

async function bestBatch(plan: UnopenedNetwork, batches: readonly number[]): Promise<number> {
  let found = { batch: 0, seconds: Number.POSITIVE_INFINITY };
  for (const batch of batches) {
    const seconds = await inferenceAlone(plan, batch);
    console.error(`${plan.name} alone, batch ${batch}: ${(1000 * seconds).toFixed(2)} CPU-ms each`);
    if (seconds < found.seconds) found = { batch, seconds };
  }
  return found.batch;
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const visual = network('alexnet', { weights: 'random:1' });
const hearing = network('vggish', { weights: 'random:1' });

const visualBatch = await bestBatch(visual, [16, 32, 64]);
const audioBatch = await bestBatch(hearing, [8, 16, 32]);

/**
 * CPU-seconds of the parts alone. The machine's speed drifts, so it is measured before and after
 * each run.
 */
async function partsAlone() {
  const decodes = await Promise.all(Array.from({ length: cores }, () => decodeAlone(picture)));
  return {
    strictDecode: decodes.reduce((sum, seconds) => sum + seconds, 0) / cores + (await decodeAlone(sound)),
    decode: await decodeStageAlone(),
    alexnet: await inferenceAlone(visual, visualBatch),
    vggish: await inferenceAlone(hearing, audioBatch),
  };
}

const mean = (a: number, b: number) => (a + b) / 2;
const efficiencies: number[] = [];
let before = await partsAlone();
for (let round = 0; round < Number(options.repeat); round++) {
  const out = join(options.dir as string, 'efficiency');
  await rm(out, { recursive: true, force: true });
  const summary = await extract({
    ...{ inputs: [clip], out, weights: 'random:1', memory: options.memory as string, compact: false },
  });
  const after = await partsAlone();
  const decode = mean(before.decode, after.decode);
  const strictDecode = mean(before.strictDecode, after.strictDecode);
  const alexnet = mean(before.alexnet, after.alexnet);
  const vggish = mean(before.vggish, after.vggish);
  const inference = alexnet * summary.frames + vggish * summary.patches;
  const floor = (decode + inference) / cores;
  const wall = summary.phases.run;
  efficiencies.push(floor / wall);
  console.log(
    JSON.stringify({
      efficiency: floor / wall,
      strictEfficiency: (strictDecode + inference) / cores / wall,
      floorSeconds: floor,
      wallSeconds: wall,
      framesPerSecond: summary.frames / wall,
      frames: summary.frames,
      patches: summary.patches,
      decodeCpuSeconds: decode,
      strictDecodeCpuSeconds: strictDecode,
      inferenceCpuSeconds: inference,
      alexnetMs: 1000 * alexnet,
      vggishMs: 1000 * vggish,
      batches: { alexnet: visualBatch, vggish: audioBatch },
      peakMiB: summary.memory.peakRssBytes / 2 ** 20,
      execution: summary.execution,
      load: loadavg()[0],
    }),
  );
  before = after;
}
console.log(JSON.stringify({ medianEfficiency: median(efficiencies), cores, seconds: Number(options.seconds) }));
