import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { architectureGraph } from '../src/models/networks/architecture.ts';
import { namedWeights } from '../src/models/networks/named-weights.ts';
import { network } from '../src/models/networks/network.ts';
import { namedNetwork } from '../src/models/networks/network-registry.ts';
import { writeModel } from '../src/models/onnx/write.ts';

/** Relative to the root of the repository, where tests and benches run. */
const script = join('test', 'models', 'networks', 'torchvision-reference.py');

/** Repeatable numbers from 0 to 1 (Park and Miller's generator), the same as the script's. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/**
 * The first of these that has PyTorch and torchvision: another Python may precede the system's in
 * the path.
 */
const findPython = () =>
  ['python3', '/usr/bin/python3'].find(
    (command) => spawnSync(command, ['-c', 'import torch, torchvision, numpy'], { stdio: 'ignore' }).status === 0,
  );

/** Whether there is a Python with PyTorch and torchvision. */
export const hasTorchvision = () => findPython() !== undefined;

/** Runs the reference script and returns what it prints. */
export function reference(...args: string[]): string {
  const python = findPython();
  if (python === undefined) throw new Error('no python3 has torch, torchvision and numpy');
  const { status, stdout, stderr } = spawnSync(python, [script, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  if (status !== 0) throw new Error(`torchvision-reference.py ${args.join(' ')} failed:\n${stderr}`);
  return stdout;
}

/** The result of the script's `inputs`: pixels of two frames, or two log-mel patches. */
export function referenceInput(name: string): Uint8Array | Float32Array {
  const random = uniform(7);
  return name === 'vggish'
    ? Float32Array.from({ length: 2 * 96 * 64 }, () => 6 * random() - 4)
    : Uint8Array.from({ length: 2 * 224 * 224 * 3 }, () => 256 * random());
}

/**
 * Vectors of two rows at a layer, one after another, through the network in the form written for
 * extraction.
 */
export async function vectorsAt(
  folder: string,
  name: string,
  layer: string,
  weights: string,
  input = referenceInput(name),
): Promise<Float32Array> {
  if (name === 'vggish') return vectorsOfLogMel(folder, layer, weights, input as Float32Array);
  const cacheDirectory = mkdtempSync(join(folder, 'cache-'));
  const open = await network(name, { weights, layer, cacheDirectory }).open({ batch: 2 });
  try {
    const pixels = input as Uint8Array;
    const rows = await open.embed([pixels.subarray(0, pixels.length / 2), pixels.subarray(pixels.length / 2)]);
    return Float32Array.from(rows.flatMap((row) => [...row]));
  } finally {
    await open.close();
    rmSync(cacheDirectory, { recursive: true });
  }
}

/** VGGish without the spectrogram, because the reference starts after it. */
async function vectorsOfLogMel(folder: string, layer: string, weights: string, logMel: Float32Array) {
  const named = namedNetwork('vggish', { layer });
  if (!named) throw new Error('vggish is missing');
  const cacheDirectory = mkdtempSync(join(folder, 'cache-'));
  try {
    const { tensor } = namedWeights(named.architecture, weights, undefined, cacheDirectory);
    const model = join(cacheDirectory, 'vggish.onnx');
    writeModel(architectureGraph(named.architecture, tensor), model, join(cacheDirectory, 'vggish.data'));
    const session = await ort.InferenceSession.create(model);
    const results = await session.run({ logMel: new ort.Tensor('float32', logMel, [2, 1, 96, 64]) });
    await session.release();
    return results[named.card.output.name]?.data as Float32Array;
  } finally {
    rmSync(cacheDirectory, { recursive: true });
  }
}

/** What the script wrote for a layer. */
export function expectedAt(folder: string, name: string, layer: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(join(folder, `${name}.${layer}.f32`))).buffer);
}

/**
 * How much two vectors differ: the largest difference relative to the largest expected value, and
 * the cosine between them.
 */
export function difference(
  given: Float32Array,
  expected: Float32Array,
): { relative: number; absolute: number; cosine: number } {
  if (given.length !== expected.length) throw new Error(`${given.length} values instead of ${expected.length}`);
  let [largest, absolute, product, givenSquares, expectedSquares] = [0, 0, 0, 0, 0];
  for (const [index, value] of expected.entries()) {
    const other = given[index] as number;
    largest = Math.max(largest, Math.abs(value));
    absolute = Math.max(absolute, Math.abs(value - other));
    product += value * other;
    givenSquares += other * other;
    expectedSquares += value * value;
  }
  return { relative: absolute / largest, absolute, cosine: product / Math.sqrt(givenSquares * expectedSquares) };
}
