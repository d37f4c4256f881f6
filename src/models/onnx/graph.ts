import { floatField, integerField, messageField, type Pieces, stringField } from './protobuf.ts';

/** ONNX element types by name (TensorProto.DataType). */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint64: 13,
  bfloat16: 16,
} as const;

/** Bytes per element of the ONNX element types that initialisers can have. */
export const elementBytes: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
};

/** A constant tensor of a graph. Its values come in pieces when they are written, so they are never all in memory. */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  /** ONNX element type number. */
  readonly elementType: number;
  readonly byteLength: number;
  /** The values, little-endian, in order; a piece may be reused by the generator once the next one is asked for. */
  readonly pieces: () => Iterable<Uint8Array>;
}

/** One operation of a graph. */
export interface GraphNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The encoded NodeProto. */
  readonly encoded: Pieces;
  /** Integer attributes, kept for shape inference. */
  readonly attributes: Readonly<Record<string, readonly number[]>>;
  /** It holds graphs of its own (If, Loop, Scan), which may read any tensor of the outer graph. */
  readonly hasSubgraph: boolean;
}

/** A named tensor that enters or leaves a graph. A text dimension is symbolic; no shape = unknown. */
export interface GraphValue {
  readonly name: string;
  readonly elementType: number;
  readonly shape?: readonly (number | string)[];
}

/** A network as data: nodes in order of execution, constants, what enters and what leaves. */
export interface OnnxGraph {
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Operator set version by domain ('' is ONNX's own). */
  readonly opsets: Readonly<Record<string, number>>;
  readonly irVersion: number;
  /** Encoded model-local functions, passed on as they came. */
  readonly functions: readonly Uint8Array[];
}

/** The operator set that our own graphs are written for. */
export const ownOpset = 17;

/** The value of a node attribute: integer, list of integers, `{ float }` or `{ text }`. */
export type AttributeValue = number | readonly number[] | { readonly float: number } | { readonly text: string };

function encodeAttribute(name: string, value: AttributeValue): Pieces {
  if (typeof value === 'number') return [...stringField(1, name), ...integerField(3, value), ...integerField(20, 2)];
  if ('float' in value) return [...stringField(1, name), ...floatField(2, value.float), ...integerField(20, 1)];
  if ('text' in value) return [...stringField(1, name), ...stringField(4, value.text), ...integerField(20, 3)];
  return [...stringField(1, name), ...value.flatMap((item) => integerField(8, item)), ...integerField(20, 7)];
}

/**
 * One operation.
 *
 * @example
 * node('Gemm', ['x', 'weight', 'bias'], ['y'], { transB: 1 })
 */
export function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): GraphNode {
  const encoded = [
    ...inputs.flatMap((name) => stringField(1, name)),
    ...outputs.flatMap((name) => stringField(2, name)),
    ...stringField(3, `${outputs[0]}/${operator}`),
    ...stringField(4, operator),
    ...Object.entries(attributes).flatMap(([name, value]) => messageField(5, encodeAttribute(name, value))),
  ];
  const integers: Record<string, readonly number[]> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'number') integers[name] = [value];
    else if (!('float' in value || 'text' in value)) integers[name] = value;
  }
  return { operator, inputs, outputs, encoded, attributes: integers, hasSubgraph: false };
}

/** A constant tensor whose values are in memory: float32, float64, uint8, int8, int32 or int64 by the array's type. */
export function constant(
  name: string,
  shape: readonly number[],
  values: Float32Array | Float64Array | Uint8Array | Int8Array | Int32Array | BigInt64Array,
): Initializer {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, shape, elementType: elementTypeOf(values), byteLength: bytes.byteLength, pieces: () => [bytes] };
}

function elementTypeOf(values: object): number {
  if (values instanceof Float32Array) return elementTypes.float32;
  if (values instanceof Float64Array) return elementTypes.float64;
  if (values instanceof Uint8Array) return elementTypes.uint8;
  if (values instanceof Int8Array) return elementTypes.int8;
  return values instanceof Int32Array ? elementTypes.int32 : elementTypes.int64;
}
