/**
 * What a frame costs on the main thread, and in the whole process, in CPU-milliseconds: an
 * extraction with a trivial network (a pixel times a RANDOM matrix, 4,096 values), so that almost
 * everything is decoding and other work than inference. It uses small clips that decode fast,
 * several at once.
 *
 *   node dist/bench/main-thread.js [--clips 8] [--seconds 80] [--concurrency 4] [--dir .bench] [--rounds 2]
 */
import { execFile } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extract } from '../src/graphs/extract.ts';
import { findFfmpeg } from '../src/io/media/ffmpeg.ts';
import { constant, elementTypes, node, ownOpset } from '../src/models/onnx/onnx-graph.ts';
import { writeModel } from '../src/models/onnx/write.ts';
import { benchOptions } from './clips.ts';

const execute = promisify(execFile);
const options = benchOptions({ clips: '8', seconds: '80', concurrency: '4', dir: '.bench', rounds: '2' });
const { dir = '.bench' } = options;
const dimension = 4096;

/** A card of a network that reads one pixel. */
function trivialCard(): string {
  const home = join(dir, 'trivial');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const weights = Float32Array.from({ length: 3 * dimension }, (_, index) => Math.sin(index));
  const integers = (name: string, values: readonly number[]) => ({
    ...constant(name, [values.length], new Float32Array(values.length)),
    elementType: elementTypes.int64,
    byteLength: 8 * values.length,
    pieces: () => [new Uint8Array(BigInt64Array.from(values, BigInt).buffer)],
  });
  writeModel(
    {
      nodes: [
        node('Slice', ['pixels', 'starts', 'ends', 'axes'], ['corner']),
        node('Cast', ['corner'], ['values'], { to: elementTypes.float32 }),
        node('Flatten', ['values'], ['flat'], { axis: 1 }),
        node('MatMul', ['flat', 'matrix'], ['output']),
      ],
      initializers: [
        constant('matrix', [3, dimension], weights),
        integers('starts', [0, 0]),
        integers('ends', [1, 1]),
        integers('axes', [1, 2]),
      ],
      inputs: [{ name: 'pixels', elementType: elementTypes.uint8, shape: ['N', 224, 224, 3] }],
      outputs: [{ name: 'output', elementType: elementTypes.float32, shape: ['N', dimension] }],
      opsets: { '': ownOpset },
      irVersion: 8,
      functions: [],
    },
    join(home, 'trivial.onnx'),
    join(home, 'trivial.data'),
  );
  const input = { kind: 'frames', name: 'pixels', width: 224, height: 224, layout: 'NHWC', dtype: 'uint8' };
  const preprocess = { resize: 'stretch', channels: 'RGB' };
  const output = { name: 'output', dimension };
  const card = { name: 'trivial', modality: 'visual', file: 'trivial.onnx', input, preprocess, output };
  writeFileSync(join(home, 'card.json'), JSON.stringify(card));
  return join(home, 'card.json');
}

async function clip(): Promise<string> {
  const path = join(dir, `fast-${options.seconds}s.mp4`);
  if (existsSync(path)) return path;
  const source = `testsrc2=s=320x180:r=25:d=${options.seconds},hue=h=30`;
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'fastdecode', '-pix_fmt', 'yuv420p'];
  const args = ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', source, ...encoder, `${path}.part.mp4`];
  await execute(findFfmpeg().path, args);
  renameSync(`${path}.part.mp4`, path);
  return path;
}

/** CPU-milliseconds of the main thread. */
function mainThread(): number {
  const fields = readFileSync(`/proc/self/task/${process.pid}/stat`, 'latin1').split(') ')[1]?.split(' ').map(Number);
  return 10 * ((fields?.[11] ?? 0) + (fields?.[12] ?? 0));
}

mkdirSync(dir, { recursive: true });
const card = trivialCard();
const file = await clip();
const folder = join(dir, 'main-thread-corpus');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
for (let index = 0; index < Number(options.clips); index++) linkSync(file, join(folder, `${index}.mp4`));
for (let round = 0; round < Number(options.rounds); round++) {
  const out = join(dir, 'main-thread-out');
  rmSync(out, { recursive: true, force: true });
  const main = mainThread();
  const whole = process.cpuUsage();
  const summary = await extract({
    ...{ inputs: [folder], out, visual: card, audio: 'none', device: 'cpu', workers: 1, threads: 1 },
    ...{ concurrency: Number(options.concurrency), compact: false, memory: '4GiB' },
  });
  const { user, system } = process.cpuUsage(whole);
  const { frames, wallSeconds } = summary;
  console.log(
    JSON.stringify({
      ...{ frames, perSecond: Math.round(frames / wallSeconds) },
      ...{ mainThreadMs: (mainThread() - main) / frames, processMs: (user + system) / 1000 / frames },
    }),
  );
}
rmSync(folder, { recursive: true, force: true });
