import { elementTypes, type GraphNode, type Initializer, node, type OnnxGraph, ownOpset } from '../onnx/graph.ts';

/** One layer of a plain feed-forward network, in order. Convolutions and dense layers have a bias. */
export type Layer =
  | {
      readonly kind: 'convolution';
      /** Name of its tensors: `<name>.weight`, `<name>.bias`. */
      readonly name: string;
      readonly channels: number;
      readonly kernel: number;
      readonly stride?: number;
      readonly padding?: number;
      readonly activation: 'relu';
    }
  | { readonly kind: 'max-pool'; readonly kernel: number; readonly stride: number }
  /** To one vector per row; `channels-last` puts the channels of a position together first, as TensorFlow does. */
  | { readonly kind: 'flatten'; readonly order: 'channels-first' | 'channels-last' }
  | { readonly kind: 'dense'; readonly name: string; readonly units: number; readonly activation: 'relu' | 'linear' };

/** A network as a description, from which its ONNX graph is written. */
export interface Architecture {
  readonly name: string;
  /** Name and shape of its float32 input, channels first, without the batch. */
  readonly input: { readonly name: string; readonly shape: readonly [channels: number, height: number, width: number] };
  readonly layers: readonly Layer[];
  /** Name of its output. */
  readonly output: string;
}

/** Makes the tensor of a layer; `fanIn` is the number of inputs that one unit sums up. */
export type TensorMaker = (name: string, shape: readonly number[], fanIn: number | 'bias') => Initializer;

/**
 * The graph of a feed-forward architecture: float32 [N, C, H, W] in, float32 [N, D] out.
 *
 * @example
 * architectureGraph(alexnetArchitecture, (name, shape, fanIn) => randomTensor(1, name, shape, fanIn))
 */
export function architectureGraph(architecture: Architecture, tensor: TensorMaker): OnnxGraph {
  const nodes: GraphNode[] = [];
  const initializers: Initializer[] = [];
  let [channels, height, width] = architecture.input.shape;
  let features = channels * height * width;
  let last = architecture.input.name;
  const isEnd = (index: number) => index === architecture.layers.length - 1;

  const weighted = (name: string, shape: readonly number[], fanIn: number): readonly [string, string] => {
    initializers.push(tensor(`${name}.weight`, shape, fanIn), tensor(`${name}.bias`, [shape[0] as number], 'bias'));
    return [`${name}.weight`, `${name}.bias`];
  };
  const append = (
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, number | readonly number[]>> = {},
  ): void => {
    nodes.push(node(operator, inputs, [output], attributes));
    last = output;
  };
  for (const [index, layer] of architecture.layers.entries()) {
    const end = isEnd(index) ? architecture.output : undefined;
    switch (layer.kind) {
      case 'convolution': {
        const { kernel, stride = 1, padding = 0 } = layer;
        const tensors = weighted(layer.name, [layer.channels, channels, kernel, kernel], channels * kernel * kernel);
        append('Conv', [last, ...tensors], `${layer.name}.sum`, {
          kernel_shape: [kernel, kernel],
          strides: [stride, stride],
          pads: [padding, padding, padding, padding],
        });
        append('Relu', [last], end ?? `${layer.name}.relu`);
        channels = layer.channels;
        height = Math.floor((height + 2 * padding - kernel) / stride) + 1;
        width = Math.floor((width + 2 * padding - kernel) / stride) + 1;
        break;
      }
      case 'max-pool':
        append('MaxPool', [last], end ?? `pool${index}`, {
          kernel_shape: [layer.kernel, layer.kernel],
          strides: [layer.stride, layer.stride],
        });
        height = Math.floor((height - layer.kernel) / layer.stride) + 1;
        width = Math.floor((width - layer.kernel) / layer.stride) + 1;
        break;
      case 'flatten':
        if (layer.order === 'channels-last')
          append('Transpose', [last], `channelsLast${index}`, { perm: [0, 2, 3, 1] });
        append('Flatten', [last], end ?? `flat${index}`, { axis: 1 });
        features = channels * height * width;
        break;
      case 'dense': {
        const tensors = weighted(layer.name, [layer.units, features], features);
        const isLinear = layer.activation === 'linear';
        append('Gemm', [last, ...tensors], isLinear && end ? end : `${layer.name}.sum`, { transB: 1 });
        if (!isLinear) append('Relu', [last], end ?? `${layer.name}.relu`);
        features = layer.units;
        break;
      }
    }
  }
  return {
    nodes,
    initializers,
    inputs: [
      { name: architecture.input.name, elementType: elementTypes.float32, shape: ['N', ...architecture.input.shape] },
    ],
    outputs: [{ name: architecture.output, elementType: elementTypes.float32, shape: ['N', features] }],
    opsets: { '': ownOpset },
    irVersion: 8,
    functions: [],
  };
}
