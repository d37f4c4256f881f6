import type { Layer, NetworkDescription } from './architecture.ts';
import { imagenet, type VisualNetwork } from './network-entry.ts';
import { torchvision } from './published-weights.ts';

const pool: Layer = { kind: 'max-pool', kernel: 3, stride: 2, ceil: true };

const fire = (index: number, squeeze: number, expand: number): Layer => ({
  kind: 'fire',
  name: `features.${index}`,
  squeeze,
  expand,
});

const features: Readonly<Record<'1_0' | '1_1', readonly Layer[]>> = {
  '1_0': [
    { kind: 'convolution', name: 'features.0', channels: 96, kernel: 7, stride: 2, activation: 'relu' },
    pool,
    fire(3, 16, 64),
    fire(4, 16, 64),
    fire(5, 32, 128),
    pool,
    fire(7, 32, 128),
    fire(8, 48, 192),
    fire(9, 48, 192),
    fire(10, 64, 256),
    pool,
    fire(12, 64, 256),
  ],
  '1_1': [
    { kind: 'convolution', name: 'features.0', channels: 64, kernel: 3, stride: 2, activation: 'relu' },
    pool,
    fire(3, 16, 64),
    fire(4, 16, 64),
    pool,
    fire(6, 32, 128),
    fire(7, 32, 128),
    pool,
    fire(9, 48, 192),
    fire(10, 48, 192),
    fire(11, 64, 256),
    fire(12, 64, 256),
  ],
};

/**
 * SqueezeNet 1.0 or 1.1 (Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer
 * parameters", 2016) in the layout of torchvision: float32 [N, 3, 224, 224] to logits [N, 1000]; by
 * default to the global average pool of the last fire module, [N, 512], which torchvision does not
 * compute.
 */
function squeezenetDescription(version: '1_0' | '1_1'): NetworkDescription {
  return {
    name: `squeezenet${version}`,
    input: { name: 'pixels', shape: [3, 224, 224] },
    layers: [
      ...features[version],
      { kind: 'global-average-pool', name: 'pool', aside: true },
      { kind: 'convolution', name: 'classifier.1', channels: 1000, kernel: 1, activation: 'relu' },
      { kind: 'global-average-pool', name: 'classifier.3' },
    ],
    defaultLayer: 'pool',
    aliases: { logits: 'classifier.3' },
  };
}

/** SqueezeNet 1.0, as a named network. */
export const squeezenet1_0: VisualNetwork = {
  title: 'SqueezeNet 1.0',
  reads: 'frames',
  batch: 32,
  describe: () => squeezenetDescription('1_0'),
  pixels: imagenet,
  weights: torchvision('squeezenet1_0-b66bff10.pth'),
};

/** SqueezeNet 1.1, as a named network. */
export const squeezenet1_1: VisualNetwork = {
  title: 'SqueezeNet 1.1',
  reads: 'frames',
  batch: 32,
  describe: () => squeezenetDescription('1_1'),
  pixels: imagenet,
  weights: torchvision('squeezenet1_1-b8a52dc0.pth'),
};
