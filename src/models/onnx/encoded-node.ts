import type { GraphNode } from './graph.ts';
import { stringField } from './protobuf.ts';

/** A field of an encoded message, its tag and length included. */
interface Field {
  readonly number: number;
  readonly wire: number;
  /** The field as it is encoded. */
  readonly whole: Uint8Array;
  /** Its content, without tag and length. */
  readonly content: Uint8Array;
}

/**
 * The same operation over other inputs; everything else of it, attributes that we know nothing of included, stays as it is encoded.
 *
 * @throws RangeError when the node's encoding is broken.
 *
 * @example
 * withInputs(node('Relu', ['x'], ['y']), ['z']).inputs; // ['z']
 */
export function withInputs(node: GraphNode, inputs: readonly string[]): GraphNode {
  const rest = fieldsOf(Buffer.concat(node.encoded)).filter(({ number }) => number !== 1);
  const encoded = [...inputs.flatMap((name) => stringField(1, name)), ...rest.map(({ whole }) => whole)];
  return { ...node, inputs, encoded };
}

/**
 * A float attribute of an operation, or undefined when it is not given.
 *
 * @throws RangeError when the node's encoding is broken.
 */
export function floatAttribute(node: GraphNode, name: string): number | undefined {
  const value = attribute(node, name)?.find(({ number, wire }) => number === 2 && wire === 5)?.content;
  return value && viewOf(value).getFloat32(0, true);
}

/**
 * A list of floats that is an attribute of an operation, packed or not; undefined when it is not given.
 *
 * @throws RangeError when the node's encoding is broken.
 */
export function attributeFloats(node: GraphNode, name: string): readonly number[] | undefined {
  const lists = attribute(node, name)?.filter(({ number, wire }) => number === 7 && (wire === 5 || wire === 2));
  return lists?.flatMap(({ content }) => floatsOf(content));
}

/**
 * A text attribute of an operation, or undefined when it is not given.
 *
 * @throws RangeError when the node's encoding is broken.
 */
export function attributeText(node: GraphNode, name: string): string | undefined {
  const value = attribute(node, name)?.find(({ number, wire }) => number === 4 && wire === 2)?.content;
  return value && Buffer.from(value).toString();
}

/** The domain that an operation's name belongs to; '' is ONNX's own. */
export function domainOf(node: GraphNode): string {
  const field = fieldsOf(Buffer.concat(node.encoded)).find(({ number, wire }) => number === 7 && wire === 2);
  const domain = field ? Buffer.from(field.content).toString() : '';
  return domain === 'ai.onnx' ? '' : domain;
}

function attribute(node: GraphNode, name: string): readonly Field[] | undefined {
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
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[position++];
      if (byte === undefined || scale > 2 ** 63) throw new RangeError('an encoded node ends inside a number');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (position < bytes.length) {
    const start = position;
    const tag = varint();
    const wire = tag % 8;
    let length = { 1: 8, 5: 4 }[wire] ?? 0;
    const before = position;
    if (wire === 0) varint();
    else if (wire === 2) length = varint();
    else if (length === 0) throw new RangeError(`an encoded node has a field of wire type ${wire}`);
    const content = wire === 0 ? before : position;
    position = wire === 0 ? position : position + length;
    if (position > bytes.length) throw new RangeError('an encoded node ends inside a field');
    fields.push({
      number: Math.floor(tag / 8),
      wire,
      whole: bytes.subarray(start, position),
      content: bytes.subarray(content, position),
    });
  }
  return fields;
}
