import type { Architecture } from '../../../src/models/networks/architecture.ts';
import type { OnnxGraph } from '../../../src/models/onnx/onnx-graph.ts';
import { valuesOf } from './helpers.ts';

interface Volume {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly values: Float64Array;
}

function convolve(
  input: Volume,
  weight: Float32Array,
  bias: Float32Array,
  kernel: number,
  stride: number,
  padding: number,
): Volume {
  const channels = bias.length;
  const height = Math.floor((input.height + 2 * padding - kernel) / stride) + 1;
  const width = Math.floor((input.width + 2 * padding - kernel) / stride) + 1;
  const values = new Float64Array(channels * height * width);
  for (let channel = 0; channel < channels; channel++) {
    const plane = values
      .subarray(channel * height * width, (channel + 1) * height * width)
      .fill(bias[channel] as number);
    for (let from = 0; from < input.channels; from++) {
      const source = input.values.subarray(from * input.height * input.width, (from + 1) * input.height * input.width);
      for (let row = 0; row < kernel; row++) {
        for (let column = 0; column < kernel; column++) {
          const factor = weight[((channel * input.channels + from) * kernel + row) * kernel + column] as number;
          for (let y = 0; y < height; y++) {
            const sourceY = y * stride + row - padding;
            if (sourceY < 0 || sourceY >= input.height) continue;
            const begin = Math.max(0, Math.ceil((padding - column) / stride));
            const end = Math.min(width, Math.floor((input.width - 1 + padding - column) / stride) + 1);
            let at = sourceY * input.width + begin * stride + column - padding;
            for (let x = begin; x < end; x++, at += stride)
              plane[y * width + x] = (plane[y * width + x] as number) + factor * (source[at] as number);
          }
        }
      }
    }
  }
  return { channels, height, width, values };
}

function maxPool(input: Volume, kernel: number, stride: number): Volume {
  const height = Math.floor((input.height - kernel) / stride) + 1;
  const width = Math.floor((input.width - kernel) / stride) + 1;
  const values = new Float64Array(input.channels * height * width).fill(Number.NEGATIVE_INFINITY);
  for (let channel = 0; channel < input.channels; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = (channel * height + y) * width + x;
        for (let row = 0; row < kernel; row++) {
          for (let column = 0; column < kernel; column++) {
            const from = (channel * input.height + y * stride + row) * input.width + x * stride + column;
            values[to] = Math.max(values[to] as number, input.values[from] as number);
          }
        }
      }
    }
  }
  return { channels: input.channels, height, width, values };
}

function flatten(input: Volume, isLast: boolean): Float64Array {
  if (!isLast) return input.values;
  const positions = input.height * input.width;
  return Float64Array.from(
    input.values,
    (_, index) => input.values[(index % input.channels) * positions + Math.floor(index / input.channels)] as number,
  );
}

function dense(input: Float64Array, weight: Float32Array, bias: Float32Array): Float64Array {
  return Float64Array.from(bias, (start, unit) => {
    let sum = start;
    for (let index = 0; index < input.length; index++)
      sum += (input[index] as number) * (weight[unit * input.length + index] as number);
    return sum;
  });
}

/**
 * An architecture computed by its definition in float64, one row: for comparison, not for speed.
 */
export function computeDirectly(architecture: Architecture, graph: OnnxGraph, values: Float64Array): Float64Array {
  const [channels, height, width] = architecture.input.shape;
  let volume: Volume = { channels, height, width, values };
  let vector = values;
  const tensor = (name: string) => {
    const initializer = graph.initializers.find((candidate) => candidate.name === name);
    if (!initializer) throw new Error(`no tensor ${name}`);
    return valuesOf(initializer);
  };
  const relu = (array: Float64Array) => array.map((value) => Math.max(0, value));
  for (const layer of architecture.layers) {
    if (layer.kind === 'convolution') {
      const sum = convolve(
        volume,
        tensor(`${layer.name}.weight`),
        tensor(`${layer.name}.bias`),
        layer.kernel,
        layer.stride ?? 1,
        layer.padding ?? 0,
      );
      volume = { ...sum, values: relu(sum.values) };
    } else if (layer.kind === 'max-pool') volume = maxPool(volume, layer.kernel, layer.stride);
    else if (layer.kind === 'flatten') vector = flatten(volume, layer.order === 'channels-last');
    else if (layer.kind !== 'dense') throw new Error(`no reference for ${layer.kind}`);
    else {
      const sum = dense(vector, tensor(`${layer.name}.weight`), tensor(`${layer.name}.bias`));
      vector = layer.activation === 'relu' ? relu(sum) : sum;
    }
  }
  return vector;
}
