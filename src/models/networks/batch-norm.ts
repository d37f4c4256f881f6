import { elementTypes, type Initializer } from '../onnx/onnx-graph.ts';
import { collect } from '../onnx/write.ts';
import type { TensorMaker } from './architecture.ts';
import type { DraftInitializer, WantedTensor } from './graph-draft.ts';

/** The four tensors of a batch normalisation, one value per channel each. */
export interface BatchNormTensors {
  readonly scale: WantedTensor;
  readonly shift: WantedTensor;
  readonly mean: WantedTensor;
  readonly variance: WantedTensor;
}

/** Added to the variance, as torchvision does. */
const epsilon = 1e-5;

const make = (tensor: TensorMaker, { name, shape, role }: WantedTensor) => tensor(name, shape, role);

function valuesOf(tensor: TensorMaker, wanted: WantedTensor): Float32Array {
  return new Float32Array(collect(make(tensor, wanted)).buffer);
}

/** The factor of a channel: scale / sqrt(variance + epsilon), in float64. */
function factors(tensor: TensorMaker, { scale, variance }: BatchNormTensors): Float64Array {
  const variances = valuesOf(tensor, variance);
  return Float64Array.from(
    valuesOf(tensor, scale),
    (value, channel) => value / Math.sqrt((variances[channel] as number) + epsilon),
  );
}

/**
 * The weight of a convolution with the batch normalisation after it folded in (Ioffe and Szegedy
 * 2015, inference): scale (w x - mean) / sqrt(variance + epsilon) + shift is again a convolution.
 * Produced piece by piece.
 */
export function foldedWeight(name: string, weight: WantedTensor, norm: BatchNormTensors): DraftInitializer {
  const folded = `${name}.folded.weight`;
  return {
    name: folded,
    needs: [weight, norm.scale, norm.variance],
    make: (tensor) => {
      const original = make(tensor, weight);
      const perChannel = weight.shape.slice(1).reduce((product, size) => product * size, 1);
      return { ...original, name: folded, pieces: () => scaledPieces(original, factors(tensor, norm), perChannel) };
    },
  };
}

function* scaledPieces({ pieces }: Initializer, factor: Float64Array, perChannel: number): Generator<Uint8Array> {
  let element = 0;
  for (const piece of pieces()) {
    // A copy, because a piece may not be aligned to float32, and its producer may read it again.
    const values = new Float32Array(new Uint8Array(piece).buffer);
    for (let index = 0; index < values.length; index++, element++)
      values[index] = (values[index] as number) * (factor[Math.floor(element / perChannel)] as number);
    yield new Uint8Array(values.buffer);
  }
}

/** The bias that belongs to `foldedWeight`: shift - mean * scale / sqrt(variance + epsilon). */
export function foldedBias(name: string, norm: BatchNormTensors): DraftInitializer {
  const { shape } = norm.shift;
  const folded = `${name}.folded.bias`;
  return {
    name: folded,
    needs: [norm.scale, norm.shift, norm.mean, norm.variance],
    make: (tensor) => ({
      name: folded,
      shape,
      elementType: elementTypes.float32,
      byteLength: 4 * (shape[0] as number),
      *pieces() {
        const [factor, means] = [factors(tensor, norm), valuesOf(tensor, norm.mean)];
        const values = valuesOf(tensor, norm.shift).map(
          (shift, channel) => shift - (means[channel] as number) * (factor[channel] as number),
        );
        yield new Uint8Array(values.buffer);
      },
    }),
  };
}
