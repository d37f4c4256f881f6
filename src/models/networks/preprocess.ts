import { constant, elementTypes, type GraphValue, type Initializer, node, type OnnxNode } from '../onnx/onnx-graph.ts';

/** Operations in front of a network that make its input from the decoders' output. */
export interface Prefix {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
  /** The input that replaces the network's own. */
  readonly input: GraphValue;
}

/** Prefix of these tensors' names, which no exported network uses. */
export const prefixed = (name: string) => `reelflow.${name}`;

/**
 * How pixels become numbers: `(value * scale - mean) / std` per channel, in the order of
 * `channels`.
 */
export interface PixelPreprocessing {
  readonly width: number;
  readonly height: number;
  readonly channels: 'RGB' | 'BGR';
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly layout: 'NCHW' | 'NHWC';
  readonly dtype: 'float32' | 'uint8';
}

/**
 * Pixels uint8 [N, H, W, 3] RGB to the network's input, in the graph, so that JavaScript never
 * touches a pixel.
 *
 * @param target - name of the tensor that the network reads.
 */
export function pixelPrefix(pixels: PixelPreprocessing, target: string): Prefix {
  const input: GraphValue = {
    name: prefixed('frames'),
    elementType: elementTypes.uint8,
    shape: ['N', pixels.height, pixels.width, 3],
  };
  const initializers: Initializer[] = [];
  const steps: {
    operator: string;
    constant?: Initializer | undefined;
    attributes?: Record<string, number | readonly number[]> | undefined;
  }[] = [];
  const isFirst = pixels.layout === 'NCHW';
  const constantShape = isFirst ? [1, 3, 1, 1] : [1, 1, 1, 3];
  // Reordering comes first, while a value is still one byte.
  if (pixels.channels === 'BGR') {
    steps.push({
      operator: 'Gather',
      constant: constant(prefixed('bgr'), [3], BigInt64Array.of(2n, 1n, 0n)),
      attributes: { axis: 3 },
    });
  }
  if (isFirst) steps.push({ operator: 'Transpose', attributes: { perm: [0, 3, 1, 2] } });
  if (pixels.dtype === 'float32') {
    steps.push({ operator: 'Cast', attributes: { to: elementTypes.float32 } });
    const shift = Float32Array.from(pixels.mean, (mean) => mean / pixels.scale);
    const factor = Float32Array.from(pixels.std, (std) => pixels.scale / std);
    if (shift.some((value) => value !== 0))
      steps.push({ operator: 'Sub', constant: constant(prefixed('mean'), constantShape, shift) });
    if (factor.some((value) => value !== 1))
      steps.push({ operator: 'Mul', constant: constant(prefixed('scale'), constantShape, factor) });
  }
  if (steps.length === 0) steps.push({ operator: 'Identity' });
  let last = input.name;
  const nodes = steps.map((step, index) => {
    const output = index === steps.length - 1 ? target : prefixed(`pixels${index}`);
    if (step.constant) initializers.push(step.constant);
    const made = node(step.operator, step.constant ? [last, step.constant.name] : [last], [output], step.attributes);
    last = output;
    return made;
  });
  return { nodes, initializers, input };
}

/**
 * Samples float32 [N, S] to a network that reads waveforms: unchanged, or with axes of length 1
 * added.
 */
export function samplePrefix(samples: number, layout: 'NS' | 'N1S' | 'NS1', target: string): Prefix {
  const input: GraphValue = { name: prefixed('samples'), elementType: elementTypes.float32, shape: ['N', samples] };
  if (layout === 'NS') return { nodes: [node('Identity', [input.name], [target])], initializers: [], input };
  const shape = BigInt64Array.from(layout === 'N1S' ? [-1, 1, samples] : [-1, samples, 1], (size) => BigInt(size));
  const initializer = constant(prefixed('shape'), [3], shape);
  return { nodes: [node('Reshape', [input.name, initializer.name], [target])], initializers: [initializer], input };
}
