import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { architectureGraph, wantedTensors } from '../../../src/models/networks/architecture.ts';
import { network } from '../../../src/models/networks/network.ts';
import type { NamedOptions } from '../../../src/models/networks/network-entry.ts';
import { namedNetwork } from '../../../src/models/networks/network-registry.ts';
import { rowSizes } from '../../../src/models/onnx/infer-shapes.ts';
import { randomTensor } from '../../../src/models/weights/random-weights.ts';
import { temporaryFolder } from './helpers.ts';

const cacheDirectory = temporaryFolder();

function named(name: string, options: NamedOptions = {}) {
  const found = namedNetwork(name, options);
  if (!found) throw new Error(`${name} is missing`);
  return found;
}

const graphOf = (name: string, layer?: string) =>
  architectureGraph(named(name, layer === undefined ? {} : { layer }).architecture, (...tensor) =>
    randomTensor(1, ...tensor),
  );

describe('the layers of named networks', () => {
  it.each([
    ['alexnet', undefined, 4096],
    ['alexnet', 'fc6', 4096],
    ['alexnet', 'logits', 1000],
    ['alexnet', 'pool5', 9216],
    ['alexnet', 'features.8', 256 * 13 * 13],
    ['vgg16', undefined, 4096],
    ['vgg16', 'pool5', 25_088],
    ['vgg16', 'logits', 1000],
    ['resnet50', undefined, 2048],
    ['resnet50', 'layer3', 1024 * 14 * 14],
    ['resnet50', 'layer1.0.relu_1', 64 * 56 * 56],
    ['resnet50', 'logits', 1000],
    ['squeezenet1_0', undefined, 512],
    ['squeezenet1_0', 'features.5', 256 * 54 * 54],
    ['squeezenet1_1', undefined, 512],
    ['squeezenet1_1', 'logits', 1000],
    ['vggish', undefined, 128],
    ['vggish', 'fc2', 4096],
    ['vggish', 'postprocessed', 128],
  ] as const)('%s to %s has as many values as its graph gives', (name, layer, dimension) => {
    const { card } = named(name, layer === undefined ? {} : { layer });
    const graph = graphOf(name, layer);
    expect(card.output.dimension).toBe(dimension);
    expect(graph.outputs).toEqual([{ name: card.output.name, elementType: 1, shape: ['N', dimension] }]);
    expect(rowSizes(graph).outputs.get(card.output.name)).toBe(dimension);
  });

  it('are the same network under an alias and under the name that it stands for', () => {
    for (const [name, alias, tensor] of [
      ['alexnet', 'fc7', 'classifier.5'],
      ['vgg16', 'fc6', 'classifier.1'],
      ['resnet50', 'pool', 'avgpool'],
      ['squeezenet1_0', 'logits', 'classifier.3'],
      ['vggish', 'embedding', 'embeddings.5'],
    ] as const) {
      expect(named(name, { layer: tensor })).toEqual(named(name, { layer: alias }));
    }
  });

  it('need only the weights before them', () => {
    const names = (name: string, layer: string) =>
      wantedTensors(named(name, { layer }).architecture).map((tensor) => tensor.name);
    expect(names('alexnet', 'features.2')).toEqual(['features.0.weight', 'features.0.bias']);
    expect(names('resnet50', 'conv1')).toEqual(['conv1.weight']);
    expect(names('resnet50', 'bn1')).toEqual([
      'conv1.weight',
      'bn1.weight',
      'bn1.running_var',
      'bn1.bias',
      'bn1.running_mean',
    ]);
    expect(names('squeezenet1_0', 'pool').some((name) => name.startsWith('classifier'))).toBe(false);
    expect(names('squeezenet1_1', 'features.3.squeeze')).toHaveLength(4);
    expect(names('vggish', 'embedding').some((name) => name.startsWith('pca'))).toBe(false);
  });

  it('that do not exist are answered with those that do', () => {
    expect(() => named('resnet50', { layer: 'layer1.3' })).toThrow(UsageError);
    expect(() => named('resnet50', { layer: 'layer1.3' })).toThrow(
      /no layer 'layer1\.3'; it has pool, logits, .*layer1\.0/,
    );
    expect(() => named('alexnet', { layer: 'toString' })).toThrow(/no layer/);
  });

  it('are other networks for the graph id', () => {
    const options = { weights: 'random:1', cacheDirectory };
    const [fc7, fc6] = [network('alexnet', options), network('alexnet', { ...options, layer: 'fc6' })];
    expect(fc6.cardHash).not.toBe(fc7.cardHash);
    expect(fc6.weightsHash).not.toBe(fc7.weightsHash);
    expect(network('alexnet', { ...options, layer: 'classifier.1' }).cardHash).not.toBe(fc6.cardHash);
  });
});

describe('random weights', () => {
  it('keep the scale of activations through all of ResNet-50', async () => {
    for (const layer of ['relu', 'layer2', 'pool']) {
      const open = await network('resnet50', { weights: 'random:3', layer, cacheDirectory }).open();
      const [vector] = await open.embed([
        Uint8Array.from({ length: 150_528 }, (_, index) => (index * 2_654_435_761) >>> 24),
      ]);
      await open.close();
      const values = vector as Float32Array;
      const rootMeanSquare = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
      expect(rootMeanSquare, layer).toBeGreaterThan(0.05);
      expect(rootMeanSquare, layer).toBeLessThan(20);
    }
  });

  it('have variances above 0', () => {
    const values = [...randomTensor(1, 'bn1.running_var', [512], 'variance').pieces()].flatMap((piece) => [
      ...new Float32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4),
    ]);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0.75);
    expect(Math.max(...values)).toBeLessThanOrEqual(1.25);
  });
});
