import { numpyTensor, numpyTypes } from './numpy-tensor.ts';
import type { Refuse, WeightBytes } from './source-file.ts';
import type { WeightTensor } from './weight-tensor.ts';

/**
 * NumPy's own writer stays below 64 KiB except for records with many fields, which are refused
 * anyway.
 */
const headerLimit = 1 << 16;

/** The remedy for arrays of anything but plain numbers. */
export const plainArrayRemedy = 'Save plain numbers: numpy.savez(path, name=array.astype(numpy.float32)).';

/** Whether bytes start like a NumPy array file. */
export function looksLikeNpy(start: Uint8Array): boolean {
  return Buffer.from(start.subarray(0, 6)).equals(Buffer.from('\x93NUMPY', 'latin1'));
}

/**
 * The tensor of one `.npy` array (format 1.0 to 3.0). Fortran order and big-endian values are
 * converted to row-major, little-endian order as they are read. Arrays of Python objects are
 * refused, because they are pickles.
 *
 * @returns the tensor or, if its type is not supported, why it cannot be read.
 * @throws the error from `refuse` for a broken header, or values that do not match the shape.
 */
export function readNpy(name: string, bytes: WeightBytes, refuse: Refuse): WeightTensor | string {
  const { label, description, fortran, shape, values } = openNpy(name, bytes, refuse);
  const type = numpyTypes[description.slice(1)];
  if (!type || !/^[<>|=]/.test(description)) {
    const objects = description.slice(1).startsWith('O');
    return objects
      ? `keeps Python objects in ${label}: a pickle, which could run a program; nothing was executed`
      : `has ${label} of the type '${description}'`;
  }
  return numpyTensor(name, { shape, type, fortran, bigEndian: description.startsWith('>') }, values, refuse);
}

/** The header of a `.npy` array, and the bytes of its values. */
export interface NpyArray extends NpyHeader {
  /** The array's name in messages. */
  readonly label: string;
  readonly values: WeightBytes;
}

/**
 * Reads the header of a `.npy` array of any type.
 * @throws the error from `refuse` if it is broken.
 */
export function openNpy(name: string, bytes: WeightBytes, refuse: Refuse): NpyArray {
  const label = `array '${name}'`;
  const start = firstBytes(bytes, 12);
  if (!looksLikeNpy(start) || start.byteLength < 10) throw refuse(`has no NumPy array where ${label} should be`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const major = view.getUint8(6);
  if (major < 1 || major > 3) throw refuse(`has ${label} in version ${major} of NumPy's format`);
  const prefix = major === 1 ? 10 : 12;
  if (start.byteLength < prefix) throw refuse(`ends in the middle of the header of ${label}`);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > Math.min(headerLimit, bytes.byteLength - prefix)) {
    throw refuse(`claims a header of ${length} bytes for ${label}`);
  }
  const text = Buffer.from(firstBytes(bytes, prefix + length).subarray(prefix)).toString('latin1');
  const data = prefix + length;
  const values: WeightBytes = {
    byteLength: bytes.byteLength - data,
    pieces: (from, to) => bytes.pieces(data + from, data + to),
  };
  return { label, ...parseHeader(text, label, refuse), values };
}

function firstBytes(bytes: WeightBytes, count: number): Uint8Array {
  const wanted = Math.min(count, bytes.byteLength);
  for (const piece of bytes.pieces(0, wanted)) return piece;
  return new Uint8Array(0);
}

interface NpyHeader {
  readonly description: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** Reads the header, a Python dictionary of three known keys, without evaluating anything. */
function parseHeader(text: string, label: string, refuse: Refuse): NpyHeader {
  const broken = () =>
    refuse(`has a header of ${label} that cannot be understood: ${JSON.stringify(text.slice(0, 120))}`);
  const body = /^\{(.*)\}\s*$/s.exec(text)?.[1];
  if (body === undefined) throw broken();
  const fields: Record<string, string> = {};
  const field = /\s*'(descr|fortran_order|shape)':\s*('[^']*'|True|False|\([\d,L ]*\))\s*(?:,|$)/y;
  while (body.slice(field.lastIndex).trim() !== '') {
    const [, key, value] = field.exec(body) ?? [];
    if (key === undefined || value === undefined || fields[key] !== undefined) throw broken();
    fields[key] = value;
  }
  const { descr, fortran_order: fortran, shape } = fields;
  if (!descr?.startsWith("'") || !shape?.startsWith('(') || (fortran !== 'True' && fortran !== 'False')) throw broken();
  const sizes = shape
    .slice(1, -1)
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '');
  if (!sizes.every((size) => /^\d+L?$/.test(size))) throw broken();
  return {
    description: descr.slice(1, -1),
    fortran: fortran === 'True',
    shape: sizes.map((size) => Number.parseInt(size, 10)),
  };
}
