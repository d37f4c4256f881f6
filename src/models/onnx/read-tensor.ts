import { ModelError } from '../../core/errors.ts';
import type { FieldRange } from '../../core/protobuf-reader.ts';
import { externalPlace, filePieces } from './external-data.ts';
import { elementBits, elementTypeName, type Initializer } from './onnx-graph.ts';
import type { ProtobufFile } from './protobuf-file.ts';
import { varintPieces } from './varint-pieces.ts';

/** Fields of TensorProto that can hold values: as in memory, or as protobuf integers. */
const fixedFields = { float: 4, raw: 9, double: 10 };
const varintFields = { int32: 5, int64: 7, uint64: 11 };
const strings = 6;
const segment = 3;

/** The contents of a TensorProto. */
interface TensorFields {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elementType: number;
  /** Where values are stored as in memory. */
  readonly fixed: readonly FieldRange[];
  /** Where values are stored as protobuf integers. */
  readonly varints: readonly FieldRange[];
  readonly hasOthers: boolean;
  readonly external: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads a constant tensor: where its values are, in any of ONNX's forms (raw bytes, typed fields
 * that each serve several element types, a separate file). A type without a fixed size (text) is
 * refused only when its values are read, so that an unused one does no harm.
 *
 * @param name - its name, if its own does not count.
 * @throws ModelError `weights` if it is broken or its external data is missing.
 */
export function readTensor(file: ProtobufFile, message: FieldRange, name?: string): Initializer {
  const fields = tensorFields(file, message);
  const label = name ?? fields.name;
  const { shape, elementType } = fields;
  const what = `initialiser '${label}'`;
  const bits = elementBits[elementType];
  if (shape.some((size) => size < 0)) throw file.broken(message.start, `${what} with a negative dimension`);
  if (bits === undefined || fields.hasOthers) return refused(file, label, shape, elementType);
  const byteLength = Math.ceil((shape.reduce((product, size) => product * size, 1) * bits) / 8);
  const tensor = { name: label, shape, elementType, byteLength };
  if (fields.external) {
    const place = externalPlace({ name: label, byteLength, model: file.path, entries: fields.external });
    return { ...tensor, pieces: () => filePieces(place.path, place.start, byteLength) };
  }
  if (fields.varints.length > 0 && fields.fixed.length === 0) {
    const width = Math.max(1, bits / 8);
    return { ...tensor, pieces: () => varintPieces(file, fields.varints, width, byteLength, what) };
  }
  const found = fields.fixed.reduce((sum, { start, end }) => sum + end - start, 0);
  if (found !== byteLength || fields.varints.length > 0) {
    throw file.broken(
      message.start,
      `${what} with values of ${found} bytes where its shape [${shape}] needs ${byteLength}`,
    );
  }
  return { ...tensor, pieces: () => chained(file.path, fields.fixed) };
}

function tensorFields(file: ProtobufFile, message: FieldRange): TensorFields {
  const shape: number[] = [];
  const fixed: FieldRange[] = [];
  const varints: FieldRange[] = [];
  const entries: Record<string, string> = {};
  let name = '';
  let elementType = 0;
  let hasOthers = false;
  let isExternal = false;
  for (const range of file.fields(message.start, message.end)) {
    const { field, wire } = range;
    if (field === 1) shape.push(...file.integers(range));
    else if (field === 2 && wire === 0) elementType = Number(range.value);
    else if (field === 8 && wire === 2) name = file.text(range);
    else if (Object.values(fixedFields).includes(field)) fixed.push(range);
    else if (Object.values(varintFields).includes(field)) varints.push(range);
    else if (field === 13 && wire === 2) Object.assign(entries, keyAndValue(file, range));
    else if (field === 14 && wire === 0) isExternal = range.value === 1n;
    else if (field === strings || field === segment) hasOthers = true;
  }
  const withValues = (range: FieldRange) => range.end > range.start;
  return {
    ...{ name, shape, elementType, hasOthers },
    fixed: fixed.filter(withValues),
    varints: varints.filter(withValues),
    external: isExternal ? entries : undefined,
  };
}

function keyAndValue(file: ProtobufFile, message: FieldRange): Record<string, string> {
  let key = '';
  let value = '';
  for (const range of file.fields(message.start, message.end, 10)) {
    if (range.field === 1 && range.wire === 2) key = file.text(range);
    else if (range.field === 2 && range.wire === 2) value = file.text(range);
  }
  return { [key]: value };
}

function refused(file: ProtobufFile, name: string, shape: readonly number[], elementType: number): Initializer {
  const pieces = (): never => {
    throw new ModelError(
      'weights',
      `constant '${name}' of ${file.path} has the type ${elementTypeName(elementType)}, which is not supported`,
      { remedy: 'Give an output that does not need it, or export the network without it.' },
    );
  };
  return { name, shape, elementType, byteLength: 0, pieces };
}

function* chained(path: string, ranges: readonly FieldRange[]): Generator<Uint8Array> {
  for (const { start, end } of ranges) yield* filePieces(path, start, end - start);
}
