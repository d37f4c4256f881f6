import { elementTypes, type Initializer } from '../onnx/onnx-graph.ts';
import { floatPieces } from './initialiser-pieces.ts';

/** The greatest number of float16. */
const greatest = 65_504;

/**
 * A float32 constant in float16 (IEEE 754 binary16), rounded to the nearest, ties to even. What is
 * beyond its range becomes its greatest number, what is below its least becomes zero.
 */
export function float16Constant(name: string, { shape, byteLength, ...initializer }: Initializer): Initializer {
  const pieces = () => halves(floatPieces({ shape, byteLength, ...initializer }));
  return { name, shape, elementType: elementTypes.float16, byteLength: byteLength / 2, pieces };
}

function* halves(floats: Iterable<Float32Array>): Generator<Uint8Array> {
  let room = new Uint16Array();
  for (const piece of floats) {
    if (room.length < piece.length) room = new Uint16Array(piece.length);
    for (let at = 0; at < piece.length; at++) room[at] = float16Bits(piece[at] as number);
    yield new Uint8Array(room.buffer, 0, 2 * piece.length);
  }
}

const word = new Float32Array(1);
const bitsOf = new Uint32Array(word.buffer);

/**
 * The bits of a number in float16.
 *
 * @example
 * float16Bits(1); // 0x3c00
 */
export function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const kept = Math.min(greatest, Math.max(-greatest, value));
  word[0] = kept;
  const bits = bitsOf[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(kept);
  // Below 2^-14 numbers are whole multiples of 2^-24.
  if (magnitude < 2 ** -14) return sign | roundedToEven(magnitude * 2 ** 24);
  const rest = bits & 0x7fff_ffff;
  // Half of what is dropped is added, less one where the number before would be even.
  const rounded = rest + 0x0fff + ((rest >>> 13) & 1);
  return sign | ((rounded >>> 13) - ((127 - 15) << 10));
}

function roundedToEven(value: number): number {
  const floor = Math.floor(value);
  const over = value - floor;
  return over > 0.5 || (over === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
