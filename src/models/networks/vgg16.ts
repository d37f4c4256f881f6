import type { Layer, NetworkDescription } from './architecture.ts';
import { imagenet, type VisualNetwork } from './network-entry.ts';
import { torchvision } from './published-weights.ts';

/** Channels of the convolutions between one pooling and the next. */
const groups = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];

function features(): Layer[] {
  const layers: Layer[] = [];
  let index = 0;
  for (const group of groups) {
    for (const channels of group) {
      const name = `features.${index}`;
      layers.push({ kind: 'convolution', name, channels, kernel: 3, padding: 1, activation: 'relu' });
      index += 2;
    }
    layers.push({ kind: 'max-pool', kernel: 2, stride: 2 });
    index += 1;
  }
  return layers;
}

/**
 * VGG16, configuration D (Simonyan and Zisserman, "Very deep convolutional networks for large-scale
 * image recognition", 2014), in the layout of torchvision: float32 [N, 3, 224, 224] to logits [N,
 * 1000]; by default to the second 4096-unit layer after its ReLU. The adaptive average pool to 7x7
 * is the identity at this input size.
 */
const vgg16Description: NetworkDescription = {
  name: 'vgg16',
  input: { name: 'pixels', shape: [3, 224, 224] },
  layers: [
    ...features(),
    { kind: 'flatten', order: 'channels-first' },
    { kind: 'dense', name: 'classifier.0', units: 4096, activation: 'relu' },
    { kind: 'dense', name: 'classifier.3', units: 4096, activation: 'relu' },
    { kind: 'dense', name: 'classifier.6', units: 1000, activation: 'linear' },
  ],
  defaultLayer: 'fc7',
  aliases: {
    pool5: 'features.30',
    avgpool: 'features.30',
    fc6: 'classifier.1',
    fc7: 'classifier.4',
    logits: 'classifier.6',
  },
};

/** VGG16, as a named network. */
export const vgg16: VisualNetwork = {
  title: 'VGG16',
  reads: 'frames',
  batch: 32,
  describe: () => vgg16Description,
  pixels: imagenet,
  weights: torchvision('vgg16-397923af.pth'),
};
