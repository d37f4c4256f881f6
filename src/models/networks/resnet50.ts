import type { Layer, NetworkDescription } from './architecture.ts';
import { imagenet, type VisualNetwork } from './network-entry.ts';
import { torchvision } from './published-weights.ts';

/** Blocks and channels of the four stages. */
const stages = [
  { name: 'layer1', blocks: 3, channels: 64 },
  { name: 'layer2', blocks: 4, channels: 128 },
  { name: 'layer3', blocks: 6, channels: 256 },
  { name: 'layer4', blocks: 3, channels: 512 },
];

const blocks = stages.flatMap(({ name, blocks: count, channels }, stage) =>
  Array.from({ length: count }, (_, index): Layer => {
    const block = { kind: 'bottleneck', name: `${name}.${index}`, channels } as const;
    return index === 0 ? { ...block, stride: stage === 0 ? 1 : 2, projection: true } : block;
  }),
);

/**
 * ResNet-50 (He et al., "Deep residual learning for image recognition", 2015) in the layout of
 * torchvision, which strides in a block's 3x3 convolution: float32 [N, 3, 224, 224] to logits [N,
 * 1000]; by default to the global average pool [N, 2048]. Batch normalisation is folded into the
 * convolutions when the network is written.
 */
const resnet50Description: NetworkDescription = {
  name: 'resnet50',
  input: { name: 'pixels', shape: [3, 224, 224] },
  layers: [
    {
      kind: 'convolution',
      name: 'conv1',
      channels: 64,
      kernel: 7,
      stride: 2,
      padding: 3,
      batchNorm: 'bn1',
      activation: 'relu',
      activationName: 'relu',
    },
    { kind: 'max-pool', kernel: 3, stride: 2, padding: 1, name: 'maxpool' },
    ...blocks,
    { kind: 'global-average-pool', name: 'avgpool' },
    { kind: 'flatten', order: 'channels-first' },
    { kind: 'dense', name: 'fc', units: 1000, activation: 'linear' },
  ],
  defaultLayer: 'pool',
  aliases: {
    pool: 'avgpool',
    logits: 'fc',
    layer1: 'layer1.2',
    layer2: 'layer2.3',
    layer3: 'layer3.5',
    layer4: 'layer4.2',
  },
};

/** ResNet-50, as a named network. */
export const resnet50: VisualNetwork = {
  title: 'ResNet-50',
  reads: 'frames',
  batch: 32,
  describe: () => resnet50Description,
  pixels: imagenet,
  weights: torchvision('resnet50-0676ba61.pth'),
};
