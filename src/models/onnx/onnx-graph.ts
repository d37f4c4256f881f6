import { floatField, integerField, messageField, type Pieces, stringField } from '../../core/protobuf-writer.ts';

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

const typeNames: Readonly<Record<number, readonly [name: string, bits: number | undefined]>> = {
  1: ['float32', 32],
  2: ['uint8', 8],
  3: ['int8', 8],
  4: ['uint16', 16],
  5: ['int16', 16],
  6: ['int32', 32],
  7: ['int64', 64],
  8: ['string', undefined],
  9: ['bool', 8],
  10: ['float16', 16],
  11: ['float64', 64],
  12: ['uint32', 32],
  13: ['uint64', 64],
  14: ['complex64', 64],
  15: ['complex128', 128],
  16: ['bfloat16', 16],
  17: ['float8e4m3fn', 8],
  18: ['float8e4m3fnuz', 8],
  19: ['float8e5m2', 8],
  20: ['float8e5m2fnuz', 8],
  21: ['uint4', 4],
  22: ['int4', 4],
  23: ['float4e2m1', 4],
  24: ['float8e8m0', 8],
  25: ['uint2', 2],
  26: ['int2', 2],
};

/** Bits per element of the ONNX element types with a fixed size. */
export const elementBits: Readonly<Record<number, number | undefined>> = Object.fromEntries(
  Object.entries(typeNames).map(([type, [, bits]]) => [type, bits]),
);

/** The name of an ONNX element type, such as `float16`. */
export function elementTypeName(elementType: number): string {
  return typeNames[elementType]?.[0] ?? `number ${elementType} (unknown)`;
}

/**
 * A constant tensor of a graph. Its values are produced in pieces as they are written, so they are
 * never all in memory.
 */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  /** ONNX element type number. */
  readonly elementType: number;
  readonly byteLength: number;
  /**
   * The values, little-endian, in order; the generator may reuse a piece once the next one is
   * requested.
   */
  readonly pieces: () => Iterable<Uint8Array>;
}

/** One operation of a graph. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The encoded NodeProto. */
  readonly encoded: Pieces;
  /** Integer attributes, kept for shape inference. */
  readonly attributes: Readonly<Record<string, readonly number[]>>;
  /** Whether it contains graphs (If, Loop, Scan), which may read any tensor of the outer graph. */
  readonly hasSubgraph: boolean;
  /** Those graphs by the attribute's name, if they have been read. */
  readonly bodies?: Readonly<Record<string, OnnxGraph>> | undefined;
}

/**
 * A named tensor that enters or leaves a graph. A text dimension is symbolic; no shape = unknown.
 */
export interface GraphValue {
  readonly name: string;
  readonly elementType: number;
  readonly shape?: readonly (number | string)[] | undefined;
}

/** A network as data: nodes in order of execution, constants, inputs and outputs. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Operator set version by domain ('' is ONNX's own). */
  readonly opsets: Readonly<Record<string, number>>;
  readonly irVersion: number;
  /** Encoded model-local functions, passed on unchanged. */
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
): OnnxNode {
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

/**
 * A constant tensor whose values are in memory: float32, float64, uint8, int8, int32 or int64 by
 * the array's type.
 */
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
