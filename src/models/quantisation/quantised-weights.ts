import { constant, elementTypes, type Initializer } from '../onnx/onnx-graph.ts';
import { collect } from '../onnx/write.ts';
import { floatPieces } from './initialiser-pieces.ts';

/**
 * The greatest integer of a weight. Not 127: processors without VNNI add two products of an
 * unsigned activation and a signed weight in 16 bits and saturate; 2 * 255 * 64 = 32,640 still
 * fits, so that every processor computes the same sums.
 */
export const weightLimit = 64;

/** A layer's weights in 8 bits, as constants of a graph. */
export interface QuantisedWeights {
  /** Signed 8-bit values, in the order of the float32 ones. */
  readonly values: Initializer;
  /** Float32, one scale for each output channel. */
  readonly scales: Initializer;
  /**
   * 32-bit integers in units of (input scale * channel scale), and those units; undefined without a
   * bias.
   */
  readonly bias: { readonly values: Initializer; readonly scales: Initializer } | undefined;
}

/**
 * Symmetric 8-bit weights with a scale for each output channel:
 * `weight = scale[channel] * integer`, integers in +-64. Values are read in pieces when they are
 * written, once for the scales and once for the integers: memory stays at one piece.
 *
 * @param axis - of the output channels: 0, or 1 in matrices of two axes.
 * @param inputScale - of the layer's activations; the bias is kept in units of it.
 */
export function quantiseWeights(
  name: string,
  weights: Initializer,
  axis: 0 | 1,
  bias: Initializer | undefined,
  inputScale: number,
): QuantisedWeights {
  const channels = weights.shape[axis] as number;
  const inner = axis === 0 ? weights.shape.slice(1).reduce((product, size) => product * size, 1) : 1;
  const channelOf = (index: number) => (axis === 0 ? Math.floor(index / inner) : index % channels);
  let scales: Float32Array | undefined;
  const scalesOf = (): Float32Array => {
    scales ??= channelScales(weights, channels, channelOf, bias && floats(bias), inputScale);
    return scales;
  };
  function* integers(): Generator<Uint8Array> {
    const scaleOf = scalesOf();
    let index = 0;
    let room = new Int8Array();
    for (const piece of floatPieces(weights)) {
      if (room.length < piece.length) room = new Int8Array(piece.length);
      const made = room.subarray(0, piece.length);
      for (let at = 0; at < piece.length; at++) {
        made[at] = Math.round((piece[at] as number) / (scaleOf[channelOf(index++)] as number));
      }
      yield new Uint8Array(made.buffer, 0, made.length);
    }
  }
  const lazily = (label: string, elementType: number, make: () => Float32Array | Int32Array): Initializer => ({
    name: `${name}.${label}`,
    shape: [channels],
    elementType,
    byteLength: 4 * channels,
    pieces: () => [new Uint8Array(make().buffer)],
  });
  const units = () => scalesOf().map((scale) => scale * inputScale);
  return {
    values: {
      name: `${name}.int8`,
      shape: weights.shape,
      elementType: elementTypes.int8,
      byteLength: weights.byteLength / 4,
      pieces: integers,
    },
    scales: lazily('scales', elementTypes.float32, scalesOf),
    bias: bias && {
      values: lazily('bias', elementTypes.int32, () => {
        const unit = units();
        return Int32Array.from(floats(bias), (value, channel) => Math.round(value / (unit[channel] as number)));
      }),
      scales: lazily('biasScales', elementTypes.float32, units),
    },
  };
}

/**
 * The finest scale of each channel in which its weights fit into +-64, and its bias into 31 bits.
 */
function channelScales(
  weights: Initializer,
  channels: number,
  channelOf: (index: number) => number,
  bias: Float32Array | undefined,
  inputScale: number,
): Float32Array {
  const greatest = new Float32Array(channels);
  let index = 0;
  for (const piece of floatPieces(weights)) {
    for (let at = 0; at < piece.length; at++) {
      const channel = channelOf(index++);
      greatest[channel] = Math.max(greatest[channel] as number, Math.abs(piece[at] as number));
    }
  }
  return greatest.map((value, channel) => {
    const forBias = Math.abs(bias?.[channel] ?? 0) / (inputScale * 2 ** 30);
    const scale = Math.max(value / weightLimit, forBias);
    return scale > 0 ? scale : 1;
  });
}

function floats(initializer: Initializer): Float32Array {
  return new Float32Array(collect(initializer).buffer);
}

/** A scalar constant of an activation's scale or zero point. */
export function scalar(name: string, value: Float32Array | Uint8Array): Initializer {
  return constant(name, [], value);
}
