import type { NetworkDescription } from './architecture.ts';
import { imagenet, type VisualNetwork } from './network-entry.ts';
import { torchvision } from './published-weights.ts';

/**
 * AlexNet in the layout of torchvision (Krizhevsky, "One weird trick for parallelizing
 * convolutional neural networks", 2014): float32 [N, 3, 224, 224] to logits [N, 1000]; by default
 * to the second 4096-unit layer after its ReLU ("fc7"). Tensor names are torchvision's. The
 * adaptive average pool to 6x6 is the identity at this input size, and dropout is the identity in
 * inference.
 */
export const alexnetDescription: NetworkDescription = {
  name: 'alexnet',
  input: { name: 'pixels', shape: [3, 224, 224] },
  layers: [
    { kind: 'convolution', name: 'features.0', channels: 64, kernel: 11, stride: 4, padding: 2, activation: 'relu' },
    { kind: 'max-pool', kernel: 3, stride: 2 },
    { kind: 'convolution', name: 'features.3', channels: 192, kernel: 5, padding: 2, activation: 'relu' },
    { kind: 'max-pool', kernel: 3, stride: 2 },
    { kind: 'convolution', name: 'features.6', channels: 384, kernel: 3, padding: 1, activation: 'relu' },
    { kind: 'convolution', name: 'features.8', channels: 256, kernel: 3, padding: 1, activation: 'relu' },
    { kind: 'convolution', name: 'features.10', channels: 256, kernel: 3, padding: 1, activation: 'relu' },
    { kind: 'max-pool', kernel: 3, stride: 2 },
    { kind: 'flatten', order: 'channels-first' },
    { kind: 'dense', name: 'classifier.1', units: 4096, activation: 'relu' },
    { kind: 'dense', name: 'classifier.4', units: 4096, activation: 'relu' },
    { kind: 'dense', name: 'classifier.6', units: 1000, activation: 'linear' },
  ],
  defaultLayer: 'fc7',
  aliases: {
    pool5: 'features.12',
    avgpool: 'features.12',
    fc6: 'classifier.2',
    fc7: 'classifier.5',
    logits: 'classifier.6',
  },
};

/** AlexNet, as a named network. */
export const alexnet: VisualNetwork = {
  title: 'AlexNet',
  reads: 'frames',
  batch: 64,
  describe: () => alexnetDescription,
  pixels: imagenet,
  weights: torchvision('alexnet-owt-7be5be79.pth'),
};
