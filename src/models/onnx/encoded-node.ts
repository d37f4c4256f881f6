import { protobufFields } from '../../core/protobuf-reader.ts';
import { stringField } from '../../core/protobuf-writer.ts';
import type { OnnxNode } from './onnx-graph.ts';

/** A field of an encoded message. */
interface Field {
  readonly number: number;
  readonly wire: number;
  /** The encoded field, including tag and length. */
  readonly whole: Uint8Array;
  /** Its content, without tag and length. */
  readonly content: Uint8Array;
}

/**
 * The same operation with different inputs; everything else, including unknown attributes, stays as
 * encoded.
 *
 * @throws RangeError if the node's encoding is broken.
 *
 * @example
 * declare const relu: OnnxNode; // x -> y
 * withInputs(relu, ['z']).inputs; // ['z']
 */
export function withInputs(node: OnnxNode, inputs: readonly string[]): OnnxNode {
  const rest = fieldsOf(Buffer.concat(node.encoded)).filter(({ number }) => number !== 1);
  const encoded = [...inputs.flatMap((name) => stringField(1, name)), ...rest.map(({ whole }) => whole)];
  return { ...node, inputs, encoded };
}

/**
 * The same operation with renamed outputs; everything else stays as encoded.
 *
 * @throws RangeError if the node's encoding is broken.
 *
 * @example
 * declare const relu: OnnxNode; // x -> y
 * withOutputs(relu, ['z']).outputs; // ['z']
 */
export function withOutputs(node: OnnxNode, outputs: readonly string[]): OnnxNode {
  const rest = fieldsOf(Buffer.concat(node.encoded)).filter(({ number }) => number !== 2);
  const encoded = [...rest.map(({ whole }) => whole), ...outputs.flatMap((name) => stringField(2, name))];
  return { ...node, outputs, encoded };
}

/**
 * A float attribute of an operation, or undefined if it is missing.
 *
 * @throws RangeError if the node's encoding is broken.
 */
export function floatAttribute(node: OnnxNode, name: string): number | undefined {
  const value = attribute(node, name)?.find(({ number, wire }) => number === 2 && wire === 5)?.content;
  return value && viewOf(value).getFloat32(0, true);
}

/**
 * A float-list attribute of an operation, packed or not; undefined if it is missing.
 *
 * @throws RangeError if the node's encoding is broken.
 */
export function attributeFloats(node: OnnxNode, name: string): readonly number[] | undefined {
  const lists = attribute(node, name)?.filter(({ number, wire }) => number === 7 && (wire === 5 || wire === 2));
  return lists?.flatMap(({ content }) => floatsOf(content));
}

/**
 * A text attribute of an operation, or undefined if it is missing.
 *
 * @throws RangeError if the node's encoding is broken.
 */
export function attributeText(node: OnnxNode, name: string): string | undefined {
  const value = attribute(node, name)?.find(({ number, wire }) => number === 4 && wire === 2)?.content;
  return value && Buffer.from(value).toString();
}

/**
 * The value of an attribute that is a tensor of one float32, int64 or int32, such as the fill value
 * of ConstantOfShape; undefined for any other.
 *
 * @throws RangeError if the node's encoding is broken.
 */
export function attributeScalar(node: OnnxNode, name: string): number | undefined {
  const encoded = attribute(node, name)?.find(({ number, wire }) => number === 5 && wire === 2)?.content;
  if (encoded === undefined) return undefined;
  const fields = fieldsOf(encoded);
  const type = fields.find(({ number, wire }) => number === 2 && wire === 0)?.content[0];
  const raw = fields.find(({ number, wire }) => number === 9 && wire === 2)?.content;
  if (type === 1 && raw?.byteLength === 4) return viewOf(raw).getFloat32(0, true);
  if (type === 6 && raw?.byteLength === 4) return viewOf(raw).getInt32(0, true);
  return type === 7 && raw?.byteLength === 8 ? Number(viewOf(raw).getBigInt64(0, true)) : undefined;
}

/** The domain that an operation's name belongs to; '' is ONNX's own. */
export function domainOf(node: OnnxNode): string {
  const field = fieldsOf(Buffer.concat(node.encoded)).find(({ number, wire }) => number === 7 && wire === 2);
  const domain = field ? Buffer.from(field.content).toString() : '';
  return domain === 'ai.onnx' ? '' : domain;
}

function attribute(node: OnnxNode, name: string): readonly Field[] | undefined {
  for (const { number, wire, content } of fieldsOf(Buffer.concat(node.encoded))) {
    if (number !== 5 || wire !== 2) continue;
    const fields = fieldsOf(content);
    const label = fields.find((field) => field.number === 1 && field.wire === 2);
    if (label !== undefined && Buffer.from(label.content).toString() === name) return fields;
  }
  return undefined;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function floatsOf(bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, index) => view.getFloat32(4 * index, true));
}

/** The fields of an encoded message in order. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let position = 0;
  for (const { field, wire, start, end } of protobufFields((at) => bytes[at] as number, 0, bytes.length)) {
    fields.push({ number: field, wire, whole: bytes.subarray(position, end), content: bytes.subarray(start, end) });
    position = end;
  }
  return fields;
}
