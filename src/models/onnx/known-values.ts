import { NotInferred, type Shape, type ShapeOperation } from './shape-operation.ts';

/**
 * Tensors with more elements are not sizes, axes or repetitions, so their values are not tracked.
 */
export const maxKnownValues = 1024;

type Operator = (...operands: number[]) => number;

const elementwise: Readonly<Record<string, Operator>> = {
  Abs: Math.abs,
  Add: (a, b) => a + b,
  And: (a, b) => Number(a !== 0 && b !== 0),
  Ceil: Math.ceil,
  Equal: (a, b) => Number(a === b),
  Floor: Math.floor,
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  Max: Math.max,
  Min: Math.min,
  Mul: (a, b) => a * b,
  Neg: (a) => -a,
  Not: (a) => Number(a === 0),
  Or: (a, b) => Number(a !== 0 || b !== 0),
  Pow: (a, b) => a ** b,
  Sqrt: Math.sqrt,
  Sub: (a, b) => a - b,
  Where: (condition, a, b) => (condition !== 0 ? a : b),
};

/** Element types whose division drops the fraction. */
const integerTypes = new Set([2, 3, 4, 5, 6, 7, 12, 13]);

/** What is known about an operation besides what determines its shape. */
export interface ValueContext {
  /** Shape of the operation's first output. */
  readonly shape: Shape;
  /** ONNX element type of the operation's first input, 0 if unknown. */
  readonly elementType: number;
}

/**
 * The values of an operation's first output, if it is part of the arithmetic with which exporters
 * compute the sizes of a Reshape, Resize or Expand from a tensor's shape; undefined if the values
 * depend on the network's input.
 */
export function knownValues(operation: ShapeOperation, context: ValueContext): readonly number[] | undefined {
  try {
    return computed(operation, context);
  } catch (error) {
    if (error instanceof NotInferred) return undefined;
    throw error;
  }
}

function computed(operation: ShapeOperation, { shape, elementType }: ValueContext): readonly number[] | undefined {
  const { operator } = operation.node;
  const apply = elementwise[operator];
  if (apply !== undefined) return applied(operation, shape, apply);
  switch (operator) {
    case 'Shape':
      return placed(operation);
    case 'Size':
      return [operation.shape().reduce((product, size) => product * size, 1)];
    case 'Identity':
    case 'Reshape':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Flatten':
      return operation.values(0);
    case 'Cast':
      return cast(operation.values(0), operation.integer('to', 0));
    case 'Div':
      return applied(operation, shape, integerTypes.has(elementType) ? (a, b) => Math.trunc(a / b) : (a, b) => a / b);
    case 'Concat':
      return shape.length === 1 ? operation.node.inputs.flatMap((_, index) => operation.values(index)) : undefined;
    case 'Gather':
      return operation.shape().length === 1 ? gathered(operation) : undefined;
    case 'Slice':
      return operation.shape().length === 1 ? sliced(operation) : undefined;
    case 'ReduceProd':
      return shape.length === 0 || shape.every((size) => size === 1)
        ? [operation.values(0).reduce((product, value) => product * value, 1)]
        : undefined;
    case 'Range': {
      const [start = 0] = operation.values(0);
      const [step = 1] = operation.values(2);
      return Array.from({ length: shape[0] ?? 0 }, (_, index) => start + index * step);
    }
    case 'ConstantOfShape': {
      const value = operation.scalar('value');
      const count = shape.reduce((product, size) => product * size, 1);
      return value === undefined || count > maxKnownValues ? undefined : Array(count).fill(value);
    }
    case 'Expand': {
      const values = operation.values(0);
      const count = shape.reduce((product, size) => product * size, 1);
      return values.length === 1 && count <= maxKnownValues ? Array(count).fill(values[0]) : undefined;
    }
    default:
      return undefined;
  }
}

/** Operands are lists of equal length, or of one element. */
function applied(operation: ShapeOperation, shape: Shape, apply: Operator): readonly number[] | undefined {
  if (shape.length > 1) return undefined;
  const operands = operation.node.inputs.map((_, index) => operation.values(index));
  const length = shape[0] ?? 1;
  if (operands.some((values) => values.length !== 1 && values.length !== length)) return undefined;
  return Array.from({ length }, (_, index) =>
    apply(...operands.map((values) => values[values.length === 1 ? 0 : index] as number)),
  );
}

function placed(operation: ShapeOperation): readonly number[] {
  const sizes = operation.shape();
  return sizes.slice(operation.integer('start', 0), operation.integer('end', sizes.length));
}

function cast(values: readonly number[], to: number): readonly number[] {
  return integerTypes.has(to) ? values.map(Math.trunc) : to === 9 ? values.map((value) => Number(value !== 0)) : values;
}

function gathered(operation: ShapeOperation): readonly number[] {
  const values = operation.values(0);
  return operation.values(1).map((index) => {
    const value = values[index < 0 ? index + values.length : index];
    if (value === undefined) throw new NotInferred();
    return value;
  });
}

function sliced(operation: ShapeOperation): readonly number[] {
  const values = operation.values(0);
  const [start = 0] = operation.integersOrInput('starts', 1) ?? [];
  const [end = values.length] = operation.integersOrInput('ends', 2) ?? [];
  const [step = 1] = operation.has(4) ? operation.values(4) : [];
  if (step === 1) return values.slice(start, Math.min(end, values.length));
  if (step !== -1) throw new NotInferred();
  const last = start < 0 ? start + values.length : Math.min(start, values.length - 1);
  const stop = Math.max(-1, end < 0 ? end + values.length : end);
  return values.slice(stop + 1, last + 1).reverse();
}
