/**
 * What a device achieves: rows per second of networks through the product's own `Network.embed`,
 * compared with ONNX Runtime alone (whole batches, one thread of JavaScript); how far its vectors
 * are from the CPU's in float32; memory of the device and of this process; and whole extractions
 * compared with the decoding floor: ffmpeg with the product's own filters writing to nowhere, as
 * many at once as there are cores, for the pictures alone and with the sound. All weights are
 * RANDOM, all clips synthetic.
 *
 *   node dist/bench/devices.js [--device cuda] [--networks alexnet,vggish,resnet50] [--batches 64,128,256] [--seconds 3] [--parts operators,extraction]
 *     [--precision float32,float16]
 *     [--extractions alexnet+vggish,resnet50] [--clips 48] [--clip-seconds 20] [--dir .bench] [--memory 32GiB] [--rounds 2] [--concurrency N] [--workers N] [--batch N]
 */
import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ort from 'onnxruntime-node';
import { sharedMemory } from '../src/core/shared-memory.ts';
import { extract } from '../src/graphs/extract.ts';
import type { Precision } from '../src/graphs/precision/choose-precision.ts';
import { findFfmpeg } from '../src/io/media/ffmpeg.ts';
import { resizeFilters } from '../src/io/media/resize.ts';
import { Video } from '../src/io/media/video.ts';
import { network, type UnopenedNetwork } from '../src/models/networks/network.ts';
import { readCards } from '../src/models/onnx/cards.ts';
import { benchOptions, makeClip } from './clips.ts';

const options = benchOptions({
  ...{
    device: 'cuda',
    networks: 'alexnet,vggish,resnet50',
    batches: '64,128,256',
    seconds: '3',
    parts: 'operators,extraction',
  },
  ...{ extractions: 'alexnet+vggish,resnet50', clips: '48', 'clip-seconds': '20', dir: '.bench', memory: '32GiB' },
  ...{ concurrency: '', workers: '', batch: '', rounds: '2', precision: 'float32' },
}) as Record<string, string>;
const list = (name: string) => (options[name] as string).split(',').filter((word) => word !== '');
const { device = 'cuda', dir = '.bench' } = options;
const seconds = Number(options.seconds);
const MiB = 1024 * 1024;
const execute = promisify(execFile);
const tell = (line: Record<string, unknown>) => console.log(JSON.stringify(line));

const pss = () => Number(/^Pss:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]) / 1024;
const deviceUsed = async () => Math.round(((await readCards())[0]?.usedBytes ?? 0) / MiB);

/** CPU-milliseconds of the main thread. */
function mainThread(): number {
  const fields = readFileSync(`/proc/self/task/${process.pid}/stat`, 'latin1').split(') ')[1]?.split(' ').map(Number);
  return 10 * ((fields?.[11] ?? 0) + (fields?.[12] ?? 0));
}

type Row = Uint8Array | Float32Array;

/** Rows where a flow keeps its frames: each in its own shared memory. */
function rowsFor(plan: UnopenedNetwork, count: number): Row[] {
  return Array.from({ length: count }, (_, at) => {
    const memory = sharedMemory(plan.inputBytes);
    if (plan.card.input.kind === 'frames') return randomFillSync(new Uint8Array(memory));
    return new Float32Array(memory).map((_, index) => Math.sin(index * 0.05 * (at + 1)) * 0.3);
  });
}

/** Minimum cosine, and largest difference relative to the largest value. */
function compare(found: readonly Float32Array[], expected: readonly Float32Array[]) {
  let [cosine, difference, greatest] = [1, 0, 0];
  for (const [index, vector] of found.entries()) {
    let [dot, left, right] = [0, 0, 0];
    for (const [at, value] of vector.entries()) {
      const other = expected[index]?.[at] ?? Number.NaN;
      dot += value * other;
      left += value * value;
      right += other * other;
      difference = Math.max(difference, Math.abs(value - other));
      greatest = Math.max(greatest, Math.abs(other));
    }
    cosine = Math.min(cosine, dot / Math.sqrt(left * right));
  }
  return { cosine, relativeDifference: difference / greatest };
}

async function operators(name: string, precision: string): Promise<void> {
  const inFloat32 = network(name, { weights: 'random:1' });
  const plan = precision === 'float16' ? inFloat32.float16() : inFloat32;
  const rows = rowsFor(plan, 256);
  const onCpu = await inFloat32.open({ workers: 1, threads: Math.min(8, availableParallelism()), batch: 8 });
  const expected = await onCpu.embed(rows.slice(0, 8));
  await onCpu.close();
  for (const batch of list('batches').map(Number)) {
    try {
      const hostBefore = pss();
      const deviceBefore = await deviceUsed();
      const opening = performance.now();
      const opened = await plan.open({ batch, device });
      const openSeconds = (performance.now() - opening) / 1000;
      const found = await opened.embed(rows.slice(0, 8));
      await opened.embed(rows.slice(0, batch));
      const started = performance.now();
      const cpu = process.cpuUsage();
      const main = mainThread();
      let count = 0;
      const run = async () => {
        while (performance.now() - started < 1000 * seconds) {
          await opened.embed(rows.slice(0, batch));
          count += batch;
        }
      };
      await Promise.all(Array.from({ length: opened.concurrency }, run));
      const perSecond = Math.round((1000 * count) / (performance.now() - started));
      const { user, system } = process.cpuUsage(cpu);
      tell({
        ...{ network: name, precision, device, how: 'Network.embed', batch, sessions: opened.workers, perSecond },
        ...{ mainThreadMs: (mainThread() - main) / count, processMs: (user + system) / 1000 / count },
        ...compare(found, expected),
        ...{ openSeconds, hostMiB: Math.round(pss() - hostBefore), deviceMiB: (await deviceUsed()) - deviceBefore },
        plannedDeviceMiB: Math.round(plan.deviceMemory({ sessions: opened.workers, batch }).total / MiB),
      });
      await opened.close();
    } catch (error) {
      tell({ network: name, precision, device, how: 'Network.embed', batch, error: String(error).slice(0, 300) });
    }
  }
  const batch = Number(list('batches')[0]);
  const [part] = plan.rehearsed({ device, batch }).plan.parts;
  if (part === undefined) return;
  const session = await ort.InferenceSession.create(part.model, {
    executionProviders: device === 'cpu' ? ['cpu'] : [device.split(':')[0] as string, 'cpu'],
    logSeverityLevel: 3,
  });
  const isBytes = part.inputType === 'uint8';
  const size = batch * part.rowShape.reduce((product, axis) => product * axis, 1);
  const data = isBytes
    ? randomFillSync(new Uint8Array(size))
    : Float32Array.from({ length: size }, () => Math.random() - 0.5);
  const feeds = { [part.input]: new ort.Tensor(part.inputType, data as Uint8Array, [batch, ...part.rowShape]) };
  await session.run(feeds);
  await session.run(feeds);
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < 1000 * seconds) {
    await session.run(feeds);
    count += batch;
  }
  const perSecond = Math.round((1000 * count) / (performance.now() - started));
  tell({ network: name, precision, device, how: 'ONNX Runtime alone', batch, perSecond });
  await session.release();
}

/** Clips of different content, each several times under different names. */
async function corpus(): Promise<{ folder: string; files: string[] }> {
  const folder = join(dir, 'devices-corpus');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const clip = await makeClip(join(dir, `clip-${options['clip-seconds']}s.mp4`), Number(options['clip-seconds']));
  const files = Array.from({ length: Number(options.clips) }, (_, index) => join(folder, `${index}.mp4`));
  for (const file of files) linkSync(clip, file);
  return { folder, files };
}

/**
 * Frames per second of decoding alone, with as many processes at once as there are cores. A small
 * process starts them: starting one from here, with a device's driver loaded, takes tens of
 * milliseconds, which would count as decoding.
 */
async function floor(folder: string, files: readonly string[], frames: number, sound: boolean): Promise<number> {
  const info = await new Video(files[0] as string).probe();
  if (info.video === undefined) throw new Error('the clip has no picture');
  const filters = resizeFilters(info.video, 224, 224, 'crop').join(',');
  const script = fileURLToPath(new URL('./decoding-floor.js', import.meta.url));
  const { stdout } = await execute(process.execPath, [
    script,
    findFfmpeg().path,
    filters,
    folder,
    ...(sound ? ['sound'] : []),
  ]);
  return frames / Number(stdout);
}

async function extraction(names: string, precision: string, folder: string, files: readonly string[]): Promise<void> {
  const [visual, audio = 'none'] = names.split('+');
  const out = join(dir, 'devices-out');
  const given = (name: string) => (options[name] === '' ? {} : { [name]: Number(options[name]) });
  for (let round = 0; round < Number(options.rounds); round++) {
    rmSync(out, { recursive: true, force: true });
    const main = mainThread();
    const started = performance.now();
    try {
      const summary = await extract({
        ...{
          inputs: [folder],
          out,
          device,
          memory: options.memory as string,
          compact: false,
          repeatedFrames: 'compute',
          precision: precision as Precision,
        },
        ...{ visual: visual as string, audio, weights: 'random:1', onMessage: (sentence) => console.error(sentence) },
        ...{ ...given('concurrency'), ...given('workers'), ...given('batch') },
      });
      const totalSeconds = (performance.now() - started) / 1000;
      const decoding = await floor(folder, files, summary.frames, false);
      const withSound = audio === 'none' ? decoding : await floor(folder, files, summary.frames, true);
      const perSecond = summary.frames / summary.wallSeconds;
      tell({
        ...{ extraction: names, precision, device, round, frames: summary.frames, perSecond: Math.round(perSecond) },
        ...{
          floor: Math.round(decoding),
          ofFloor: perSecond / decoding,
          ofFloorWithSound: perSecond / withSound,
          totalSeconds,
          phases: summary.phases,
        },
        ...{ mainThreadMs: (mainThread() - main) / summary.frames, execution: summary.execution },
        peakMiB: Math.round(summary.memory.peakRssBytes / MiB),
        operators: summary.operators.map(({ name, busySeconds, starvedSeconds, blockedSeconds }) =>
          [name, ...[busySeconds, starvedSeconds, blockedSeconds].map((value) => Number(value.toFixed(1)))].join(' '),
        ),
      });
    } catch (error) {
      tell({ extraction: names, precision, device, round, error: String(error).slice(0, 400) });
    }
  }
}

mkdirSync(dir, { recursive: true });
tell({ cards: (await readCards()).map(({ name }) => name), cores: availableParallelism() });
if (list('parts').includes('operators')) {
  for (const name of list('networks')) for (const precision of list('precision')) await operators(name, precision);
}
if (list('parts').includes('extraction')) {
  const { folder, files } = await corpus();
  for (const names of list('extractions')) {
    for (const precision of list('precision')) await extraction(names, precision, folder, files);
  }
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
