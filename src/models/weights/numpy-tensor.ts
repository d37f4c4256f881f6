import type { Refuse, WeightBytes } from './source-file.ts';
import { checkView, rowMajor, stridedPieces } from './strided.ts';
import { type WeightTensor, type WeightType, weightTypeBytes } from './weight-tensor.ts';

/** Supported NumPy array types, by NumPy's names without the byte order. */
export const numpyTypes: Readonly<Record<string, WeightType>> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  i4: 'I32',
  i2: 'I16',
  i1: 'I8',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  b1: 'BOOL',
};

/** The layout of a NumPy array in its bytes. */
export interface NumpyLayout {
  readonly shape: readonly number[];
  readonly type: WeightType;
  /** Whether the first axis is the contiguous one. */
  readonly fortran: boolean;
  readonly bigEndian: boolean;
}

/**
 * The tensor of a NumPy array whose values are exactly `values`. Fortran order and big-endian
 * values are converted to row-major, little-endian order as they are read.
 *
 * @throws the error from `refuse` if the number of values does not match the shape.
 */
export function numpyTensor(name: string, layout: NumpyLayout, values: WeightBytes, refuse: Refuse): WeightTensor {
  const { shape, type, fortran, bigEndian } = layout;
  const width = weightTypeBytes[type];
  const strides = fortran ? rowMajor([...shape].reverse()).reverse() : rowMajor(shape);
  const view = { shape, strides, offset: 0, width };
  const elements = checkView(view, name, Math.floor(values.byteLength / width), refuse);
  const byteLength = elements * width;
  if (byteLength !== values.byteLength) {
    throw refuse(
      `has ${values.byteLength} bytes of values in array '${name}', where [${shape}] of ${type} needs ${byteLength}`,
    );
  }
  const pieces = () => stridedPieces(values, view, elements);
  return { name, shape, type, byteLength, pieces: bigEndian && width > 1 ? () => swapped(pieces(), width) : pieces };
}

function* swapped(pieces: Iterable<Uint8Array>, width: number): Generator<Uint8Array> {
  for (const piece of pieces) {
    const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (width === 8) yield buffer.swap64();
    else yield width === 4 ? buffer.swap32() : buffer.swap16();
  }
}
