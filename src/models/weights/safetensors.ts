import { ModelError, UsageError } from '../../core/errors.ts';
import { headerLength, parseSafetensorsHeader } from './safetensors-header.ts';
import { weightTypeBytes as elementSizes, type WeightType } from './weight-tensor.ts';

/** The reference implementation's limit on the header. */
const headerLimit = 100_000_000;

/** A tensor of a safetensors file: little-endian values, row-major. */
export interface SafetensorsTensor {
  readonly type: WeightType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The contents of a safetensors file. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  /** The free text pairs of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes tensors in the safetensors layout: 8 bytes header length, a JSON header padded with spaces
 * to a multiple of 8, then the values. Tensors are sorted by element width, widest first, then by
 * name, so that all are aligned; metadata are sorted by key. The same content gives the same bytes.
 *
 * @throws UsageError if a tensor's bytes do not match its shape, or a name is `__metadata__`.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, SafetensorsTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = Object.entries(tensors).sort(
    ([left, a], [right, b]) => elementSizes[b.type] - elementSizes[a.type] || compareText(left, right),
  );
  const header: [string, unknown][] = [];
  const texts = Object.entries(metadata).sort(([left], [right]) => compareText(left, right));
  if (texts.length > 0) header.push(['__metadata__', entriesText(texts)]);
  let end = 0;
  for (const [name, { type, shape, bytes }] of ordered) {
    const expected = shape.reduce((product, size) => product * size, elementSizes[type]);
    if (name === '__metadata__' || bytes.byteLength !== expected) {
      throw new UsageError(
        `tensor '${name}' of ${type} [${shape}] must have ${expected} bytes and a name of its own, but has ${bytes.byteLength}`,
      );
    }
    const offsets = [end, end + expected];
    header.push([name, JSON.stringify({ dtype: type, shape, data_offsets: offsets })]);
    end += expected;
  }
  const text = new TextEncoder().encode(
    entriesText(
      header.map(([name, json]) => [name, json as string]),
      true,
    ),
  );
  const headerBytes = Math.ceil(text.byteLength / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(text, 8);
  let position = 8 + headerBytes;
  for (const [, { bytes }] of ordered) {
    file.set(bytes, position);
    position += bytes.byteLength;
  }
  return file;
}

/** A JSON object in the given order, which an object literal would not keep for names like `1`. */
function entriesText(entries: readonly (readonly [string, string])[], raw = false): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${raw ? value : JSON.stringify(value)}`).join(',')}}`;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * Reads a safetensors file strictly: every tensor's offsets must match its shape and type, and
 * together they must cover the values without gap or overlap. Nothing is allocated from a length
 * field; tensors are views of `file`.
 *
 * @throws ModelError `weights` for anything else.
 */
export function readSafetensors(file: Uint8Array): Safetensors {
  const headerBytes = headerLength(file, file.byteLength, headerLimit, broken);
  const values = file.subarray(8 + headerBytes);
  const header = parseSafetensorsHeader(file.subarray(8, 8 + headerBytes), values.byteLength, broken);
  const tensors = new Map(
    header.places.map(({ name, type, dtype, shape, start, end }) => {
      if (type === undefined) throw broken(`tensor '${name}' has the type '${dtype}'`);
      return [name, { type, shape, bytes: values.subarray(start, end) }];
    }),
  );
  return { tensors, metadata: header.metadata };
}

function broken(what: string, cause?: unknown): ModelError {
  return new ModelError('weights', `not a valid safetensors file: ${what}`, {
    remedy: 'Check that the file is complete; compare its SHA-256 with the source.',
    cause,
  });
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A tensor of float32 or float64 values, for `writeSafetensors`. */
export function floatTensor(values: Float32Array | Float64Array, shape: readonly number[]): SafetensorsTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const type = values instanceof Float32Array ? 'F32' : 'F64';
  return { type, shape, bytes: littleEndian ? bytes : swapped(bytes, elementSizes[type]) };
}

/** A tensor of int32 values, for `writeSafetensors`. */
export function integerTensor(values: Int32Array, shape: readonly number[]): SafetensorsTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { type: 'I32', shape, bytes: littleEndian ? bytes : swapped(bytes, elementSizes.I32) };
}

/**
 * A copy of the values of an int32 list.
 *
 * @throws ModelError `shape` if the tensor is missing, of another type, or not a list.
 */
export function integerValues(file: Safetensors, name: string): Int32Array {
  const tensor = file.tensors.get(name);
  if (tensor === undefined || tensor.type !== 'I32' || tensor.shape.length !== 1) {
    const found = tensor === undefined ? 'there is none' : `it is ${tensor.type} [${tensor.shape}]`;
    throw new ModelError('shape', `tensor '${name}' must be a list of I32, but ${found}`, {
      remedy: 'Check that the file belongs to this model.',
    });
  }
  return new Int32Array((littleEndian ? new Uint8Array(tensor.bytes) : swapped(tensor.bytes, elementSizes.I32)).buffer);
}

/**
 * A copy of the values of a float64 or float32 tensor.
 *
 * @throws ModelError `shape` if the tensor is missing or of another type or shape, `weights` if a
 * value is NaN or infinity.
 */
export function floatValues<Type extends 'F32' | 'F64'>(
  file: Safetensors,
  name: string,
  type: Type,
  shape: readonly number[],
): Type extends 'F32' ? Float32Array : Float64Array;
export function floatValues(
  file: Safetensors,
  name: string,
  type: 'F32' | 'F64',
  shape: readonly number[],
): Float32Array | Float64Array {
  const tensor = file.tensors.get(name);
  if (tensor === undefined || tensor.type !== type || tensor.shape.join() !== shape.join()) {
    const found = tensor === undefined ? 'there is none' : `it is ${tensor.type} [${tensor.shape}]`;
    throw new ModelError('shape', `tensor '${name}' must be ${type} [${shape}], but ${found}`, {
      remedy: 'Check that the file belongs to this model.',
    });
  }
  // A copy by the constructor: `slice` of a Buffer is a view.
  const { buffer } = littleEndian ? new Uint8Array(tensor.bytes) : swapped(tensor.bytes, elementSizes[type]);
  const values = type === 'F32' ? new Float32Array(buffer) : new Float64Array(buffer);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new ModelError('weights', `tensor '${name}' must be finite, but value ${bad} is ${values[bad]}`);
  return values;
}

function swapped(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  for (let start = 0; start < copy.length; start += size) copy.subarray(start, start + size).reverse();
  return copy;
}
