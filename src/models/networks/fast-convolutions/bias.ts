import { elementTypes, type Initializer } from '../../onnx/onnx-graph.ts';
import { collect } from '../../onnx/write.ts';
import type { GraphWriter } from './graph-writer.ts';
import type { Placed } from './placed.ts';

/** Added where the result after a ReLU must be zero: no activation is large enough to offset it. */
const drowning = -3e38;

/** What follows a convolution on the same values. */
export interface Activation {
  readonly bias: Initializer | undefined;
  readonly relu: boolean;
  /** It is read by a convolution that needs a row of zeros. */
  readonly zero: boolean;
}

/**
 * Adds a bias to an activation, and applies a ReLU if asked to. With a ReLU, a row that belongs to
 * no place becomes zero on request: the next convolution reads it as its padding, and no extra pass
 * over the values is needed.
 */
export function activated(writer: GraphWriter, placed: Placed, { bias, relu, zero }: Activation): Placed {
  const { channels, rows, places } = placed;
  let { tensor } = placed;
  const used = new Set(places);
  const spare = relu && zero ? Array.from({ length: rows }, (_, row) => row).find((row) => !used.has(row)) : undefined;
  if (bias !== undefined || spare !== undefined) {
    const added = spare === undefined && bias !== undefined ? bias : perRow(bias, channels, rows, used);
    tensor = writer.reshape(tensor, [rows, -1, channels]);
    tensor = writer.append('Add', [tensor, writer.add(added)]);
  }
  if (relu) tensor = writer.append('Relu', [tensor]);
  if (tensor !== placed.tensor) tensor = writer.reshape(tensor, [rows, -1]);
  return { ...placed, tensor, zero: spare };
}

/** The bias of each row: that of the channels for a place, and one that leaves zero elsewhere. */
function perRow(bias: Initializer | undefined, channels: number, rows: number, used: ReadonlySet<number>): Initializer {
  return {
    name: '',
    shape: [rows, 1, channels],
    elementType: elementTypes.float32,
    byteLength: 4 * rows * channels,
    *pieces() {
      const own = bias === undefined ? new Uint8Array(4 * channels) : collect(bias);
      const none = new Uint8Array(Float32Array.from({ length: channels }, () => drowning).buffer);
      for (let row = 0; row < rows; row++) yield used.has(row) ? own : none;
    },
  };
}
