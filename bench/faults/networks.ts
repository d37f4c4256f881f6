import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, type OnnxGraph, ownOpset } from '../../src/models/onnx/onnx-graph.ts';
import { writeModel } from '../../src/models/onnx/write.ts';

/** Seconds of sound per patch of the sound network, without overlap. */
export const PATCH_SECONDS = 0.05;

/**
 * Writes a network whose 12 values are the mean colour (RGB, 0 to 255) of each quarter of the
 * centre crop: upper left, upper right, lower left, lower right, channel by channel.
 */
export function writeQuarters(directory: string): string {
  const graph = single({
    nodes: [
      node('AveragePool', ['picture'], ['pooled'], { kernel_shape: [112, 112], strides: [112, 112] }),
      node('Flatten', ['pooled'], ['features'], { axis: 1 }),
    ],
    inputs: [{ name: 'picture', elementType: 1, shape: ['N', 3, 224, 224] }],
    outputs: [{ name: 'features', elementType: 1, shape: ['N', 12] }],
  });
  return write(directory, 'quarters', graph, {
    modality: 'visual',
    input: { kind: 'frames', width: 224, height: 224, layout: 'NCHW', dtype: 'float32' },
    preprocess: { resize: 'crop', channels: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
    output: { name: 'features', dimension: 12 },
  });
}

/**
 * Writes a network whose single value is the mean loudness of 0.05 s of sound, so that patches
 * count its length.
 */
export function writeLoudness(directory: string): string {
  const samples = PATCH_SECONDS * 16_000;
  const graph = single({
    nodes: [
      node('Abs', ['sound'], ['loud']),
      node('AveragePool', ['loud'], ['pooled'], { kernel_shape: [samples], strides: [samples] }),
      node('Flatten', ['pooled'], ['features'], { axis: 1 }),
    ],
    inputs: [{ name: 'sound', elementType: 1, shape: ['N', 1, samples] }],
    outputs: [{ name: 'features', elementType: 1, shape: ['N', 1] }],
  });
  return write(directory, 'loudness', graph, {
    modality: 'audio',
    input: { kind: 'pcm', sampleRate: 16_000, layout: 'N1S', patchSamples: samples, hopSamples: samples },
    output: { name: 'features', dimension: 1 },
  });
}

function single(parts: Pick<OnnxGraph, 'nodes' | 'inputs' | 'outputs'>): OnnxGraph {
  return { ...parts, initializers: [], opsets: { '': ownOpset }, irVersion: 8, functions: [] };
}

function write(directory: string, name: string, graph: OnnxGraph, card: object): string {
  writeModel(graph, join(directory, `${name}.onnx`), join(directory, `${name}.data`));
  const path = join(directory, `${name}.json`);
  writeFileSync(path, JSON.stringify({ name, file: `${name}.onnx`, ...card }));
  return path;
}
