import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hannWindow, logMelPrefix, melMatrix, samplesOfFrames } from '../../../src/models/networks/log-mel.ts';
import { elementTypes, node } from '../../../src/models/onnx/onnx-graph.ts';
import { WorkerPool } from '../../../src/models/onnx/worker-pool.ts';
import { writeModel } from '../../../src/models/onnx/write.ts';
import { temporaryFolder, uniform } from './helpers.ts';

const reference = join(import.meta.dirname, '../../../../shared/data/reference');
const folder = temporaryFolder();
let made = 0;

/** Log-mel of patches by the graph that stands in front of audio networks. */
async function logMelOf(patches: readonly Float32Array[], frames: number): Promise<Float32Array[]> {
  const prefix = logMelPrefix(frames, 'NFB', 'logMel');
  const path = join(folder, `log-mel-${made++}.onnx`);
  const graph = {
    nodes: [...prefix.nodes, node('Identity', ['logMel'], ['out'])],
    initializers: prefix.initializers,
    inputs: [prefix.input],
    outputs: [{ name: 'out', elementType: elementTypes.float32 }],
    opsets: { '': 17 },
    irVersion: 8,
    functions: [],
  };
  writeModel(graph, path, `${path}.data`);
  const samples = samplesOfFrames(frames);
  const part = {
    model: path,
    input: prefix.input.name,
    output: 'out',
    inputType: 'float32',
    rowShape: [samples],
    rows: 4,
  } as const;
  const plan = { name: 'log-mel', parts: [part], dimension: frames * 64, batch: patches.length, threads: 1 };
  const pool = await WorkerPool.open(plan, 4 * samples, [{ device: 'cpu', number: 0 }]);
  const spectrograms: Float32Array[] = [];
  await pool.run(patches, (output) => {
    for (const index of patches.keys()) spectrograms.push(output.slice(index * frames * 64, (index + 1) * frames * 64));
  });
  await pool.close();
  return spectrograms;
}

/**
 * The definition in float64: windowed samples, sum of cosines and sines, magnitude, mel bands,
 * logarithm.
 */
function directLogMel(samples: Float32Array, frames: number): Float64Array {
  const window = hannWindow();
  const mel = melMatrix();
  const result = new Float64Array(frames * 64);
  for (let frame = 0; frame < frames; frame++) {
    const bands = new Float64Array(64);
    for (let bin = 0; bin < 257; bin++) {
      let real = 0;
      let imaginary = 0;
      for (let index = 0; index < 400; index++) {
        const value = (samples[frame * 160 + index] as number) * (window[index] as number);
        real += value * Math.cos((2 * Math.PI * bin * index) / 512);
        imaginary -= value * Math.sin((2 * Math.PI * bin * index) / 512);
      }
      const magnitude = Math.hypot(real, imaginary);
      for (let band = 0; band < 64; band++)
        bands[band] = (bands[band] as number) + magnitude * (mel[bin * 64 + band] as number);
    }
    for (let band = 0; band < 64; band++) result[frame * 64 + band] = Math.log((bands[band] as number) + 0.01);
  }
  return result;
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] as number))), 0);

describe('log-mel in the graph', () => {
  it('equals the definition in float64 on tones, noise and silence', async () => {
    const random = uniform(3);
    const length = samplesOfFrames(8);
    const patches = [
      Float32Array.from(
        { length },
        (_, index) => 0.4 * Math.sin((2 * Math.PI * 440 * index) / 16_000) + 0.1 * (random() - 0.5),
      ),
      Float32Array.from({ length }, (_, index) => Math.sin((2 * Math.PI * 3000 * index) / 16_000)),
      new Float32Array(length),
    ];
    const results = await logMelOf(patches, 8);
    for (const [index, patch] of patches.entries()) {
      expect(largestDifference(results[index] as Float32Array, directLogMel(patch, 8))).toBeLessThan(1e-4);
    }
    expect(Math.max(...(results[2] as Float32Array))).toBeCloseTo(Math.log(0.01), 5);
  });

  it('covers 15,600 samples with 96 frames', () => {
    expect(samplesOfFrames(96)).toBe(15_600);
  });
});

describe('the periodic Hann window', () => {
  it('begins at zero, is largest in the middle, and sums to half its length', () => {
    const window = hannWindow();
    expect(window[0]).toBe(0);
    expect(window[200]).toBe(1);
    expect(window.reduce((sum, value) => sum + value, 0)).toBeCloseTo(200, 9);
    expect(window[1]).toBeCloseTo(6.168375916970614e-5, 15);
  });
});

describe('the mel matrix', () => {
  it('has non-negative triangles up to 1, nothing at 0 Hz, and between neighbouring peaks columns that sum to 1', () => {
    const matrix = melMatrix();
    expect(matrix.length).toBe(257 * 64);
    expect(Math.min(...matrix)).toBe(0);
    expect(Math.max(...matrix)).toBeLessThanOrEqual(1);
    expect(matrix.subarray(0, 64).every((value) => value === 0)).toBe(true);
    const sumOfBin = (bin: number) => matrix.subarray(bin * 64, bin * 64 + 64).reduce((sum, value) => sum + value, 0);
    for (let bin = 10; bin < 230; bin++) expect(sumOfBin(bin)).toBeCloseTo(1, 9);
  });
});

describe.skipIf(!existsSync(reference))('log-mel against reference values (needs ../shared)', () => {
  const floats = (name: string) => {
    const bytes = readFileSync(join(reference, name));
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  };

  async function compare(samples: Float32Array, name: string): Promise<void> {
    const expected = floats(name);
    const patches = [];
    for (let start = 0; start + 15_600 <= samples.length && patches.length < expected.length / 6144; start += 15_360) {
      patches.push(samples.slice(start, start + 15_600));
    }
    const results = await logMelOf(patches, 96);
    const whole = Float32Array.from(results.flatMap((result) => [...result]));
    expect(whole.length).toBe(expected.length);
    expect(largestDifference(whole, expected)).toBeLessThan(1e-4);
  }

  it('equals them on a sine of 1 kHz', async () => {
    await compare(
      Float32Array.from({ length: 48_000 }, (_, index) => Math.sin((2 * Math.PI * 1000 * index) / 16_000)),
      'sine1k_3s.logmel.f32',
    );
  });

  it('equals them on the sound of a real clip', async () => {
    const bytes = readFileSync(join(reference, 'v_GGSY1Qvo990.16k.mono.s16le'));
    const samples = Float32Array.from(
      { length: bytes.length / 2 },
      (_, index) => bytes.readInt16LE(2 * index) / 32_768,
    );
    await compare(samples, 'v_GGSY1Qvo990.logmel.f32');
  });

  it('has the same mel matrix', () => {
    expect(largestDifference(melMatrix(), floats('mel_matrix_257x64.f32'))).toBeLessThan(1e-6);
  });
});
