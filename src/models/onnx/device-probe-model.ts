import { constant, elementTypes, node, ownOpset } from './onnx-graph.ts';
import { encodeModel } from './write.ts';

const [rows, channels, size, units] = [8, 64, 28, 16];

/** Input axes of the small network that devices are tried with. */
export const probeShape = [rows, channels, size, size] as const;

const waves = (length: number, step: number) => Float32Array.from({ length }, (_, index) => Math.sin(index * step));

/** Its input: the same on every machine. */
export function probeInput(): Float32Array {
  return waves(rows * channels * size * size, 0.7);
}

/**
 * A convolution, a ReLU, a pooling and a dense layer, of 0.46 billion multiplications: milliseconds
 * on one thread, less on a useful device, seconds on a software driver.
 */
export function probeModel(): Uint8Array {
  const pooled = channels * (size / 2) ** 2;
  return encodeModel({
    nodes: [
      node('Conv', ['input', 'kernel'], ['sum'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Relu', ['sum'], ['active']),
      node('MaxPool', ['active'], ['pooled'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Flatten', ['pooled'], ['flat'], { axis: 1 }),
      node('Gemm', ['flat', 'dense'], ['output'], { transB: 1 }),
    ],
    initializers: [
      constant('kernel', [channels, channels, 3, 3], waves(channels * channels * 9, 0.3)),
      constant('dense', [units, pooled], waves(units * pooled, 0.11)),
    ],
    inputs: [{ name: 'input', elementType: elementTypes.float32, shape: [...probeShape] }],
    outputs: [{ name: 'output', elementType: elementTypes.float32, shape: [rows, units] }],
    opsets: { '': ownOpset },
    irVersion: 8,
    functions: [],
  });
}
