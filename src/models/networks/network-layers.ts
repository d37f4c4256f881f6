import { constant } from '../onnx/onnx-graph.ts';
import type { ConvolutionLayer, Layer } from './architecture.ts';
import { foldedBias, foldedWeight } from './batch-norm.ts';
import type { GraphDraft, WantedTensor } from './graph-draft.ts';

/** The next module of a `Sequential`: `features.3` after `features.2`. */
function nextName(name: string): string {
  const match = /^(.*\.)(\d+)$/.exec(name);
  if (!match) throw new RangeError(`the layer after '${name}' must be named, because '${name}' has no number`);
  return `${match[1]}${Number(match[2]) + 1}`;
}

const square = (size: number) => [size, size];
const onAllSides = (size: number) => [size, size, size, size];

/** Adds one layer to a graph under construction. */
export function draftLayer(draft: GraphDraft, layer: Layer): void {
  switch (layer.kind) {
    case 'convolution':
      convolution(draft, layer);
      return;
    case 'max-pool':
      maxPool(draft, layer);
      return;
    case 'global-average-pool': {
      const source = draft.last;
      draft.append('GlobalAveragePool', [source], layer.name, [draft.shapeOf(source)[0] as number, 1, 1]);
      if (layer.aside) draft.last = source;
      return;
    }
    case 'fire':
      fire(draft, layer);
      return;
    case 'bottleneck':
      bottleneck(draft, layer);
      return;
    case 'flatten':
      flatten(draft, layer.order);
      return;
    case 'dense':
      dense(draft, layer);
      return;
    case 'whiten-quantise':
      whitenAndQuantise(draft, layer.name);
      return;
  }
}

interface ConvolutionOptions extends Omit<ConvolutionLayer, 'kind'> {
  /** Whether it ends a branch that is added to another; random weights make it small. */
  readonly isAdded?: boolean | undefined;
}

function convolution(draft: GraphDraft, layer: ConvolutionOptions): string {
  const { name, channels, kernel, stride = 1, padding = 0, batchNorm } = layer;
  const source = draft.last;
  const [depth, height, width] = draft.shapeOf(source) as [number, number, number];
  const size = (length: number) => Math.floor((length + 2 * padding - kernel) / stride) + 1;
  const shape = [channels, size(height), size(width)];
  const attributes = { kernel_shape: square(kernel), strides: square(stride), pads: onAllSides(padding) };
  const weight: WantedTensor = {
    name: `${name}.weight`,
    shape: [channels, depth, kernel, kernel],
    role: depth * kernel * kernel,
  };
  const wanted = draft.weight(weight.name, weight.shape, weight.role);
  if (batchNorm === undefined) {
    draft.append('Conv', [source, wanted, draft.weight(`${name}.bias`, [channels], 'bias')], name, shape, attributes);
  } else {
    // The convolution's output before normalisation is available as a layer; nothing else reads it.
    draft.append('Conv', [source, wanted], name, shape, attributes);
    const norm = {
      scale: { name: `${batchNorm}.weight`, shape: [channels], role: layer.isAdded ? 'small-scale' : 'scale' },
      shift: { name: `${batchNorm}.bias`, shape: [channels], role: 'bias' },
      mean: { name: `${batchNorm}.running_mean`, shape: [channels], role: 'bias' },
      variance: { name: `${batchNorm}.running_var`, shape: [channels], role: 'variance' },
    } as const;
    const folded = [draft.derived(foldedWeight(batchNorm, weight, norm)), draft.derived(foldedBias(batchNorm, norm))];
    draft.append('Conv', [source, ...folded], batchNorm, shape, attributes);
  }
  if (layer.activation === 'linear') return draft.last;
  return draft.append('Relu', [draft.last], layer.activationName ?? nextName(name), shape);
}

function maxPool(draft: GraphDraft, layer: Extract<Layer, { kind: 'max-pool' }>): void {
  const { kernel, stride, padding = 0, ceil = false } = layer;
  const [channels, height, width] = draft.shapeOf(draft.last) as [number, number, number];
  const size = (length: number) => {
    const steps = (length + 2 * padding - kernel) / stride;
    return (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  };
  draft.append('MaxPool', [draft.last], layer.name ?? nextName(draft.last), [channels, size(height), size(width)], {
    kernel_shape: square(kernel),
    strides: square(stride),
    pads: padding > 0 ? onAllSides(padding) : undefined,
    ceil_mode: ceil ? 1 : undefined,
  });
}

function fire(draft: GraphDraft, { name, squeeze, expand }: Extract<Layer, { kind: 'fire' }>): void {
  const branch = (module: string, channels: number, kernel: number) =>
    convolution(draft, {
      name: `${name}.${module}`,
      channels,
      kernel,
      padding: (kernel - 1) / 2,
      activation: 'relu',
      activationName: `${name}.${module}_activation`,
    });
  const squeezed = branch('squeeze', squeeze, 1);
  const narrow = branch('expand1x1', expand, 1);
  draft.last = squeezed;
  const wide = branch('expand3x3', expand, 3);
  const [, height, width] = draft.shapeOf(wide) as [number, number, number];
  draft.append('Concat', [narrow, wide], name, [2 * expand, height, width], { axis: 1 });
}

function bottleneck(draft: GraphDraft, layer: Extract<Layer, { kind: 'bottleneck' }>): void {
  const { name, channels, stride = 1 } = layer;
  const part = (index: 1 | 2 | 3, options: Pick<ConvolutionOptions, 'channels' | 'kernel' | 'stride' | 'padding'>) =>
    convolution(draft, {
      ...options,
      name: `${name}.conv${index}`,
      batchNorm: `${name}.bn${index}`,
      activation: index === 3 ? 'linear' : 'relu',
      activationName: `${name}.relu${index === 1 ? '' : '_1'}`,
      isAdded: index === 3,
    });
  const source = draft.last;
  part(1, { channels, kernel: 1 });
  part(2, { channels, kernel: 3, stride, padding: 1 });
  const sum = part(3, { channels: 4 * channels, kernel: 1 });
  draft.last = source;
  const shortcut = layer.projection
    ? convolution(draft, {
        name: `${name}.downsample.0`,
        batchNorm: `${name}.downsample.1`,
        channels: 4 * channels,
        kernel: 1,
        stride,
        activation: 'linear',
      })
    : source;
  const shape = draft.shapeOf(sum);
  draft.append('Add', [sum, shortcut], `${name}.add`, shape);
  draft.append('Relu', [`${name}.add`], name, shape);
}

function flatten(draft: GraphDraft, order: 'channels-first' | 'channels-last'): void {
  const [channels, height, width] = draft.shapeOf(draft.last) as [number, number, number];
  if (order === 'channels-last')
    draft.append('Transpose', [draft.last], 'channelsLast', [height, width, channels], { perm: [0, 2, 3, 1] });
  draft.append('Flatten', [draft.last], 'flatten', [channels * height * width], { axis: 1 });
}

function dense(draft: GraphDraft, { name, units, activation }: Extract<Layer, { kind: 'dense' }>): void {
  const features = draft.shapeOf(draft.last)[0] as number;
  const tensors = [
    draft.weight(`${name}.weight`, [units, features], features),
    draft.weight(`${name}.bias`, [units], 'bias'),
  ];
  draft.append('Gemm', [draft.last, ...tensors], name, [units], { transB: 1 });
  if (activation === 'relu') draft.append('Relu', [name], nextName(name), [units]);
}

/**
 * VGGish's post-processing, as its TensorFlow release does it: PCA with whitening, values clipped
 * to +-2.0, then `(value + 2) * 255 / 4` with the fraction dropped. The PyTorch port rounds
 * instead, so about half of its integers are larger by 1.
 */
function whitenAndQuantise(draft: GraphDraft, name: string): void {
  const shape = draft.shapeOf(draft.last);
  const size = shape[0] as number;
  const number = (label: string, value: number) =>
    draft.derived({
      name: `${name}.${label}`,
      needs: [],
      make: () => constant(`${name}.${label}`, [], Float32Array.of(value)),
    });
  const vectors = draft.weight('pca_eigen_vectors', [size, size], size);
  const means = draft.weight('pca_means', [size], 'bias');
  const centred = draft.append('Sub', [draft.last, means], `${name}.centred`, shape);
  const whitened = draft.append('Gemm', [centred, vectors], `${name}.whitened`, shape, { transB: 1 });
  const limits = [number('lowest', -2), number('highest', 2)];
  const clipped = draft.append('Clip', [whitened, ...limits], `${name}.clipped`, shape);
  const raised = draft.append('Add', [clipped, number('offset', 2)], `${name}.raised`, shape);
  const scaled = draft.append('Mul', [raised, number('scale', 255 / 4)], `${name}.scaled`, shape);
  draft.append('Floor', [scaled], name, shape);
}
