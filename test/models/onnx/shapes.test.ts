import { describe, expect, it } from 'vitest';
import { alexnetDescription } from '../../../src/models/networks/alexnet.ts';
import { architectureGraph, architectureTo, type TensorMaker } from '../../../src/models/networks/architecture.ts';
import { assemble } from '../../../src/models/networks/assemble.ts';
import { namedNetwork } from '../../../src/models/networks/registry.ts';
import { rowSizes } from '../../../src/models/onnx/shapes.ts';
import { randomTensor } from '../../../src/models/weights/random.ts';
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
    // The first block's last two convolutions: 64 channels in, 256 out, beside the 64 channels that the projection reads ...
    const position = 56 * 56;
    expect(widestOperation).toBeGreaterThanOrEqual(2 * 256 * position + 64 * position);
    expect(widestOperation).toBeLessThanOrEqual(3 * 256 * position + 128 * position);
    expect(outputs.get('pool')).toBe(2048);
  });
});
