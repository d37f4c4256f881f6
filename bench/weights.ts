/**
 * Reads a weight file of AlexNet's size through `pieces()`: seconds and peak resident memory (the
 * kernel's high-water mark) for every layout, each in its own process, compared with plain
 * `readSync` of the same file into a 1 MiB buffer in the same run; and seconds and peak memory of
 * `reelflow weights import` of the two `.pth` layouts, which reads, checks, hashes and copies,
 * compared with `reelflow --version`. The files are written here, piece by piece; their values are
 * RANDOM.
 *
 *   node dist/bench/weights.js [--dir .bench] [--rounds 3] [--only zip.pth]
 */
import { closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWeights } from '../src/models/weights/weight-file.ts';
import { npyHeader } from '../test/fixtures/weights/npy-writer.ts';
import { pthLegacy, pthZip, type StorageContent, stateDict } from '../test/fixtures/weights/pth-writer.ts';
import { writeZip, type ZipContent } from '../test/fixtures/weights/zip-writer.ts';
import { benchOptions } from './clips.ts';
import { runMeasured } from './run-measured.ts';

const MiB = 2 ** 20;
const options = benchOptions({ dir: '.bench', rounds: '3', only: '', child: '', file: '' });
const directory = options.dir as string;
/** torchvision's AlexNet: 61,100,840 values. */
const shapes: readonly (readonly [string, readonly number[]])[] = [
  ['features.0', [64, 3, 11, 11]],
  ['features.3', [192, 64, 5, 5]],
  ['features.6', [384, 192, 3, 3]],
  ['features.8', [256, 384, 3, 3]],
  ['features.10', [256, 256, 3, 3]],
  ['classifier.1', [4096, 9216]],
  ['classifier.4', [4096, 4096]],
  ['classifier.6', [1000, 4096]],
];

interface Outcome {
  readonly seconds: number;
  readonly structureSeconds: number;
  readonly bytes: number;
}

function tensors(): { name: string; shape: readonly number[]; storage: StorageContent }[] {
  const parts = shapes.flatMap(([name, shape]) => [
    [`${name}.weight`, shape] as const,
    [`${name}.bias`, shape.slice(0, 1)] as const,
  ]);
  return parts.map(([name, shape], index) => {
    const elements = shape.reduce((product, size) => product * size, 1);
    return {
      name,
      shape,
      storage: { key: String(index), type: 'F32', elements, pieces: () => randomPieces(index, elements) },
    };
  });
}

/** Values of about +-0.05 whose low bits are random, like those of trained weights. */
function* randomPieces(seed: number, elements: number): Generator<Uint8Array> {
  const values = new Float32Array(MiB / 4);
  let state = seed + 1;
  for (let done = 0; done < elements; done += values.length) {
    const count = Math.min(values.length, elements - done);
    for (let index = 0; index < count; index++) {
      state = (state * 48271) % 2147483647;
      values[index] = (state / 2147483647 - 0.5) / 10;
    }
    yield new Uint8Array(values.buffer, 0, 4 * count);
  }
}

const contents: Readonly<Record<string, () => Iterable<Uint8Array>>> = {
  'zip.pth': () =>
    pthZip(
      stateDict(tensors(), 'zip'),
      tensors().map(({ storage }) => storage),
    ),
  'legacy.pth': () =>
    pthLegacy(
      stateDict(tensors(), 'legacy'),
      tensors().map(({ storage }) => storage),
    ),
  'weights.safetensors': safetensors,
  'stored.npz': () => writeZip(tensors().map((tensor) => array(tensor, false))),
  'compressed.npz': () => writeZip(tensors().map((tensor) => array(tensor, true))),
  'transposed.pth': () => {
    const turned = tensors().map(({ name, shape, storage }) =>
      shape.length === 2
        ? { name, storage, shape: [...shape].reverse(), strides: [1, shape[1] as number] }
        : { name, storage, shape },
    );
    return pthZip(
      stateDict(turned, 'zip'),
      turned.map(({ storage }) => storage),
    );
  },
};

function* safetensors(): Generator<Uint8Array> {
  let end = 0;
  const header: Record<string, object> = {};
  for (const { name, shape, storage } of tensors()) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + 4 * storage.elements] };
    end += 4 * storage.elements;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.byteLength));
  yield Buffer.concat([length, text]);
  for (const { storage } of tensors()) yield* storage.pieces();
}

function array({ name, shape, storage }: ReturnType<typeof tensors>[number], deflate: boolean): ZipContent {
  const header = npyHeader('<f4', shape);
  function* pieces(): Generator<Uint8Array> {
    yield header;
    yield* storage.pieces();
  }
  return { name: `${name}.npy`, byteLength: header.byteLength + 4 * storage.elements, pieces, deflate };
}

const children: Readonly<Record<string, (path: string) => Outcome>> = {
  read(path) {
    const started = performance.now();
    const file = readWeights(path);
    const structureSeconds = (performance.now() - started) / 1000;
    let bytes = 0;
    for (const tensor of file.tensors.values()) for (const piece of tensor.pieces()) bytes += piece.byteLength;
    return { seconds: (performance.now() - started) / 1000, structureSeconds, bytes };
  },
  plain(path) {
    const started = performance.now();
    const descriptor = openSync(path, 'r');
    const buffer = new Uint8Array(MiB);
    let bytes = 0;
    for (let count = 1; count > 0; bytes += count) count = readSync(descriptor, buffer);
    closeSync(descriptor);
    return { seconds: (performance.now() - started) / 1000, structureSeconds: 0, bytes };
  },
};

async function measured(child: string, path: string): Promise<Outcome & { peakBytes: number }> {
  const program = fileURLToPath(import.meta.url);
  const runs = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const run = await runMeasured(process.execPath, [program, '--child', child, '--file', path]);
    if (run.code !== 0) throw new Error(`${child} ${path}: exit ${run.code}\n${run.stderr}`);
    runs.push(JSON.parse(run.stdout) as Outcome & { peakBytes: number });
  }
  const fastest = runs.reduce((best, run) => (run.seconds < best.seconds ? run : best));
  return { ...fastest, peakBytes: Math.max(...runs.map((run) => run.peakBytes)) };
}

/** Loaded into the measured program: prints the kernel's high-water mark at its end. */
const tellPeak = `data:text/javascript,${encodeURIComponent(
  "import { readFileSync } from 'node:fs'; process.on('exit', () => process.stderr.write(readFileSync('/proc/self/status', 'utf8')));",
)}`;

function highWaterMark(status: string): number {
  return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]);
}

/** The whole command; each run creates a new store. */
async function importing(file: string | undefined): Promise<string> {
  const store = join(directory, 'models');
  const program = fileURLToPath(new URL('../bin/reelflow.js', import.meta.url));
  const args = file === undefined ? ['--version'] : ['weights', 'import', 'alexnet', file];
  const runs = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    rmSync(store, { recursive: true, force: true });
    const run = await runMeasured(process.execPath, ['--import', tellPeak, program, ...args], {
      env: { REELFLOW_WEIGHTS_DIR: store },
    });
    if (run.code !== 0) throw new Error(`${args.join(' ')}: exit ${run.code}\n${run.stderr}`);
    runs.push(run);
  }
  rmSync(store, { recursive: true, force: true });
  const seconds = Math.min(...runs.map(({ wallSeconds }) => wallSeconds));
  const peak = Math.max(...runs.map(({ stderr }) => highWaterMark(stderr)));
  return `${seconds.toFixed(2)} s, peak ${Math.round(peak / MiB)} MiB`;
}

if (options.child !== '') {
  const outcome = children[options.child as string]?.(options.file as string);
  // Not the memory sampler, which runs every 50 ms, and not ru_maxrss, which a process inherits
  // from its parent.
  console.log(JSON.stringify({ ...outcome, peakBytes: highWaterMark(readFileSync('/proc/self/status', 'utf8')) }));
} else {
  mkdirSync(directory, { recursive: true });
  console.log(
    '| file (RANDOM values) | MB | structure ms | all values s | plain readSync s | peak MiB | plain peak MiB |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  const imports = [`reelflow --version: ${await importing(undefined)}`];
  for (const [name, make] of Object.entries(contents)) {
    if (options.only !== '' && !(options.only as string).split(',').includes(name)) continue;
    const path = join(directory, name);
    const descriptor = openSync(path, 'w');
    for (const piece of make()) writeSync(descriptor, piece);
    closeSync(descriptor);
    const floor = await measured('plain', path);
    const result = await measured('read', path);
    if (result.bytes !== 4 * 61_100_840 || floor.bytes !== statSync(path).size)
      throw new Error(`${name}: ${result.bytes} bytes were read`);
    const cells = [
      ...[name, Math.round(statSync(path).size / 1e6), (result.structureSeconds * 1000).toFixed(1)],
      ...[result.seconds.toFixed(3), floor.seconds.toFixed(3)],
      ...[Math.round(result.peakBytes / MiB), Math.round(floor.peakBytes / MiB)],
    ];
    console.log(`| ${cells.join(' | ')} |`);
    if (name === 'zip.pth' || name === 'legacy.pth')
      imports.push(`weights import alexnet ${name}: ${await importing(path)}`);
    rmSync(path);
  }
  console.log(imports.join('\n'));
}
