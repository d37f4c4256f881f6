import type { WeightTensor, WeightType } from './weight-tensor.ts';

let halves: Float32Array | undefined;

/** Every float16 as float32 (IEEE 754-2008, binary16), computed once: 65,536 values. */
function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(1 << 16);
  for (let bits = 0; bits < halves.length; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) halves[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else halves[bits] = sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  }
  return halves;
}

/**
 * Every float8 as float32, computed once: 256 values for each of the two formats. OCP 8-bit
 * Floating Point Specification, revision 1.0.
 */
function quarterTable(exponentBits: 4 | 5): Float32Array {
  const fractionBits = 7 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const steps = 2 ** fractionBits;
  return Float32Array.from({ length: 256 }, (_, bits) => {
    const sign = bits & 0x80 ? -1 : 1;
    const exponent = (bits & 0x7f) >> fractionBits;
    const fraction = bits & (steps - 1);
    if (exponentBits === 5 && exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    // The format with more mantissa bits has no infinities and one NaN.
    if (exponentBits === 4 && (bits & 0x7f) === 0x7f) return Number.NaN;
    const value =
      exponent === 0 ? (fraction / steps) * 2 ** (1 - bias) : (1 + fraction / steps) * 2 ** (exponent - bias);
    return sign * value;
  });
}

type Read = (view: DataView, position: number) => number;

function readerOf(type: Exclude<WeightType, 'F32' | 'BF16'>): readonly [width: number, read: Read] {
  switch (type) {
    case 'F64':
      return [8, (view, position) => view.getFloat64(position, true)];
    case 'F16': {
      const table = halfTable();
      return [2, (view, position) => table[view.getUint16(position, true)] as number];
    }
    case 'I64':
      return [8, (view, position) => Number(view.getBigInt64(position, true))];
    case 'U64':
      return [8, (view, position) => Number(view.getBigUint64(position, true))];
    case 'U32':
      return [4, (view, position) => view.getUint32(position, true)];
    case 'U16':
      return [2, (view, position) => view.getUint16(position, true)];
    case 'F8_E4M3':
    case 'F8_E5M2': {
      const table = quarterTable(type === 'F8_E4M3' ? 4 : 5);
      return [1, (view, position) => table[view.getUint8(position)] as number];
    }
    case 'I32':
      return [4, (view, position) => view.getInt32(position, true)];
    case 'I16':
      return [2, (view, position) => view.getInt16(position, true)];
    case 'I8':
      return [1, (view, position) => view.getInt8(position)];
    case 'U8':
      return [1, (view, position) => view.getUint8(position)];
    case 'BOOL':
      return [1, (view, position) => (view.getUint8(position) === 0 ? 0 : 1)];
  }
}

/**
 * The values of a tensor as float32, little-endian, at most 1 MiB at a time; the buffer is reused.
 * Rounded to the nearest float32; float64 beyond its range becomes infinity.
 */
export function floatPieces(tensor: WeightTensor): Iterable<Uint8Array> {
  const { type } = tensor;
  if (type === 'F32') return tensor.pieces();
  return type === 'BF16' ? fromBfloat(tensor) : converted(tensor, ...readerOf(type));
}

/** bfloat16 is the upper half of a float32; moving the bits preserves NaN payloads. */
function* fromBfloat(tensor: WeightTensor): Generator<Uint8Array> {
  const output = new Uint8Array(1 << 20);
  for (const piece of tensor.pieces()) {
    for (let start = 0; start < piece.byteLength; start += output.byteLength / 2) {
      const count = Math.min(piece.byteLength - start, output.byteLength / 2);
      for (let index = 0; index < count; index += 2) {
        output[2 * index + 2] = piece[start + index] as number;
        output[2 * index + 3] = piece[start + index + 1] as number;
      }
      yield output.subarray(0, 2 * count);
    }
  }
}

function* converted(tensor: WeightTensor, width: number, read: Read): Generator<Uint8Array> {
  const output = new DataView(new ArrayBuffer(1 << 20));
  for (const piece of tensor.pieces()) {
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    const elements = piece.byteLength / width;
    for (let start = 0; start < elements; start += output.byteLength / 4) {
      const count = Math.min(elements - start, output.byteLength / 4);
      for (let index = 0; index < count; index++) {
        output.setFloat32(4 * index, read(view, (start + index) * width), true);
      }
      yield new Uint8Array(output.buffer, 0, 4 * count);
    }
  }
}

/**
 * Values of a tensor as float64, which represents every type exactly except 64-bit integers beyond
 * 2^53; at most 1 MiB of the file at a time.
 */
export function* doublePieces(tensor: WeightTensor): Generator<Float64Array> {
  const [width, read] = doubleReaderOf(tensor.type);
  for (const piece of tensor.pieces()) {
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    const values = new Float64Array(piece.byteLength / width);
    for (let index = 0; index < values.length; index++) values[index] = read(view, index * width);
    yield values;
  }
}

function doubleReaderOf(type: WeightType): readonly [width: number, read: Read] {
  if (type === 'F32') return [4, (view, position) => view.getFloat32(position, true)];
  if (type !== 'BF16') return readerOf(type);
  const word = new DataView(new ArrayBuffer(4));
  return [
    2,
    (view, position) => {
      word.setUint16(2, view.getUint16(position, true), true);
      return word.getFloat32(0, true);
    },
  ];
}
