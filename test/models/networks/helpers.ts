import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { constant, elementTypes, type Initializer, node, type OnnxGraph } from '../../../src/models/onnx/onnx-graph.ts';
import { collect } from '../../../src/models/onnx/write.ts';

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'reelflow-models-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Repeatable numbers from 0 to 1 (Park and Miller's generator). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Float32 values of an initialiser. */
export function valuesOf(initializer: Initializer): Float32Array {
  return new Float32Array(collect(initializer).buffer);
}

/**
 * A small network: float32 [N, 3, 4, 4] -> 1x1 convolution of 5 channels -> mean over positions ->
 * [N, 5, 1, 1].
 */
export function smallNetwork(rows: number | string = 'N'): OnnxGraph {
  const random = uniform(5);
  const weights = Float32Array.from({ length: 15 }, () => random() - 0.5);
  return {
    nodes: [
      node('Conv', ['image', 'weight'], ['mixed'], { kernel_shape: [1, 1] }),
      node('Relu', ['mixed'], ['active']),
      node('GlobalAveragePool', ['active'], ['mean']),
    ],
    initializers: [constant('weight', [5, 3, 1, 1], weights)],
    inputs: [{ name: 'image', elementType: elementTypes.float32, shape: [rows, 3, 4, 4] }],
    outputs: [{ name: 'mean', elementType: elementTypes.float32, shape: [rows, 5, 1, 1] }],
    opsets: { '': 17 },
    irVersion: 8,
    functions: [],
  };
}

/** The card that fits `smallNetwork`. */
export const smallCard = {
  name: 'small',
  modality: 'visual',
  file: 'small.onnx',
  input: { kind: 'frames', name: 'image', width: 4, height: 4, layout: 'NCHW', dtype: 'float32' },
  preprocess: { resize: 'stretch', channels: 'BGR', scale: 0.5, mean: [1, 2, 3], std: [2, 4, 8] },
  output: { name: 'mean', dimension: 5 },
};
