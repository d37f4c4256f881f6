import { describe, expect, it } from 'vitest';
import { alexnetDescription } from '../../../src/models/networks/alexnet.ts';
import { architectureGraph, architectureTo, type TensorMaker } from '../../../src/models/networks/architecture.ts';
import { assemble } from '../../../src/models/networks/assemble.ts';
import { namedNetwork } from '../../../src/models/networks/network-registry.ts';
import { cutAtDense } from '../../../src/models/onnx/cut-network.ts';
import { rowSizes } from '../../../src/models/onnx/infer-shapes.ts';
import { constant, node, type OnnxGraph } from '../../../src/models/onnx/onnx-graph.ts';
import { randomTensor } from '../../../src/models/weights/random-weights.ts';
import { smallNetwork } from '../networks/helpers.ts';

const tensor: TensorMaker = (name, shape, role) => randomTensor(1, name, shape, role);

describe('the sizes of activations', () => {
  it('of a small network are counted per row', () => {
    const { widestOperation, outputs } = rowSizes(smallNetwork());
    expect(widestOperation).toBe(3 * 16 + 5 * 16);
    expect(outputs.get('mean')).toBe(5);
  });

  it('of AlexNet are widest at its first convolution', () => {
    const { widestOperation, outputs } = rowSizes(architectureGraph(architectureTo(alexnetDescription), tensor));
    expect(widestOperation).toBe(3 * 224 * 224 + 64 * 55 * 55);
    expect(outputs.get('fc7')).toBe(4096);
  });

  it('of VGGish are followed through its log-mel prefix, and are widest at its first pooling', () => {
    const vggish = namedNetwork('vggish');
    if (!vggish) throw new Error('vggish is missing');
    const { parts } = assemble(vggish.card, architectureGraph(vggish.architecture, tensor), 'vggish');
    expect(parts).toHaveLength(2);
    const [convolutions] = parts;
    const sizes = rowSizes(convolutions as (typeof parts)[number]);
    expect(sizes.widestOperation).toBe(64 * 96 * 64 + 64 * 48 * 32);
    expect([...sizes.outputs.values()]).toEqual([12_288]);
  });

  it('of a branched network count what waits beside an operation', () => {
    const resnet50 = namedNetwork('resnet50');
    if (!resnet50) throw new Error('resnet50 is missing');
    const { widestOperation, outputs } = rowSizes(architectureGraph(resnet50.architecture, tensor));
    // The first block's last two convolutions: 64 channels in, 256 out, beside the 64 channels that
    // the projection reads ...
    const position = 56 * 56;
    expect(widestOperation).toBeGreaterThanOrEqual(2 * 256 * position + 64 * position);
    expect(widestOperation).toBeLessThanOrEqual(3 * 256 * position + 128 * position);
    expect(outputs.get('pool')).toBe(2048);
  });
});

describe('what is made of constants alone', () => {
  const graph: OnnxGraph = {
    nodes: [
      node('DequantizeLinear', ['w', 'scale'], ['floats']),
      node('Flatten', ['x'], ['flat'], { axis: 1 }),
      node('MatMul', ['flat', 'floats'], ['y']),
    ],
    initializers: [constant('w', [8, 6], new Int8Array(48)), constant('scale', [], Float32Array.of(1))],
    inputs: [{ name: 'x', elementType: 1, shape: ['N', 2, 2, 2] }],
    outputs: [{ name: 'y', elementType: 1 }],
    opsets: { '': 17 },
    irVersion: 8,
    functions: [],
  };

  it('is not counted for each row', () => {
    const { widestOperation, madeOfConstants } = rowSizes(graph);
    expect(widestOperation).toBe(8 + 6);
    expect(madeOfConstants).toBe(48);
  });
});

describe('a network with a heavy dense layer', () => {
  /** A flattening, and a dense layer of 16 MiB behind it. */
  const heavy = (shape: readonly number[], elementType: number, width: number): OnnxGraph => ({
    nodes: [
      node('Cast', ['x'], ['cast'], { to: elementType }),
      node('Relu', ['cast'], ['r']),
      node('Reshape', ['r', 'shape'], ['flat']),
      node('MatMul', ['flat', 'w'], ['y']),
    ],
    initializers: [
      constant('shape', [shape.length], BigInt64Array.from(shape, BigInt)),
      {
        ...{ name: 'w', shape: [shape.at(-1) as number, (16 * 1024 * 1024) / width / (shape.at(-1) as number)] },
        ...{ elementType, byteLength: 16 * 1024 * 1024, pieces: () => [] },
      },
    ],
    inputs: [{ name: 'x', elementType: 1, shape: ['N', 4, 1024] }],
    outputs: [{ name: 'y', elementType: 1 }],
    opsets: { '': 17 },
    irVersion: 8,
    functions: [],
  });

  it('is cut before it', () => {
    expect(cutAtDense(heavy([-1, 4096], 1, 4))).toHaveLength(2);
  });

  it('is not cut where half precision continues, nor where a row becomes several', () => {
    expect(cutAtDense(heavy([-1, 4096], 10, 2))).toHaveLength(1);
    expect(cutAtDense(heavy([-1, 1024], 1, 4))).toHaveLength(1);
  });
});
