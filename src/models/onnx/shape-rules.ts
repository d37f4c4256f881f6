import { arrangementRules } from './arrangement-shapes.ts';
import { productRules } from './product-shapes.ts';
import {
  broadcast,
  elementsOf,
  NotInferred,
  type Shape,
  type ShapeOperation,
  type ShapeRule,
} from './shape-operation.ts';
import { windowRules } from './window-shapes.ts';

/** Elementwise operations, and those whose output has the same arrangement as their input. */
const sameShape = `Abs Acos Acosh Asin Asinh Atan Atanh BiasGelu BiasSoftmax BitwiseNot Bernoulli Cast CastLike Ceil Celu Clip Cos Cosh CumSum
  DequantizeLinear Elu Erf Exp EyeLike FastGelu Floor Gelu GroupNormalization GroupNorm HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN
  LRN LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg Not ParametricSoftplus QLinearLeakyRelu
  QLinearSigmoid QLinearSoftmax QuantizeLinear QuickGelu RandomNormalLike RandomUniformLike Reciprocal Relu ReverseSequence Round
  ScaledTanh Scatter ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu
  Trilu`;
/** Operations that broadcast their operands. */
const broadcasting = `Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod
  Mul Or PRelu Pow Sub Sum Where Xor`;
const reductions = `ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare`;

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
const rulesOf = (names: string, rule: ShapeRule) => Object.fromEntries(words(names).map((name) => [name, rule]));

const reduced: ShapeRule = (operation) => {
  const input = operation.shape();
  const given = operation.integersOrInput('axes', 1) ?? [];
  if (given.length === 0 && operation.integer('noop_with_empty_axes', 0) === 1) return [input];
  const axes = given.length === 0 ? [...input.keys()] : given.map((axis) => operation.axis(axis));
  return [without(input, axes, operation.integer('keepdims', 1) === 1)];
};

function without(input: Shape, axes: readonly number[], kept: boolean): Shape {
  return kept
    ? input.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : input.filter((_, at) => !axes.includes(at));
}

const extreme: ShapeRule = (operation) => {
  const axis = operation.axis(operation.integer('axis', 0));
  return [without(operation.shape(), [axis], operation.integer('keepdims', 1) === 1)];
};

const largest: ShapeRule = (operation) => {
  const axis = operation.axis(operation.integer('axis', -1));
  const count = operation.integersOrInput('k', 1)?.[0];
  if (count === undefined) throw new NotInferred();
  const output = operation.shape().map((size, at) => (at === axis ? count : size));
  return [output, output];
};

/** Mean and deviation follow the values. */
const normalised: ShapeRule = (operation) => {
  const input = operation.shape();
  const axis = operation.axis(operation.integer('axis', -1));
  const moments = input.map((size, at) => (at < axis ? size : 1));
  return [input, moments, moments, input];
};

const batchNormalised: ShapeRule = (operation) => {
  const channels = operation.shape(1);
  return [operation.shape(), channels, channels, channels, channels];
};

const oneHot: ShapeRule = (operation) => {
  const indices = operation.shape();
  const axis = operation.axis(operation.integer('axis', -1), indices.length + 1);
  const depth = operation.values(1)[0];
  if (depth === undefined) throw new NotInferred();
  return [[...indices.slice(0, axis), depth, ...indices.slice(axis)]];
};

const range: ShapeRule = (operation) => {
  const [start = 0, limit = 0, step = 1] = [0, 1, 2].map((index) => operation.values(index)[0]);
  return [[Math.max(0, Math.ceil((limit - start) / step))]];
};

const drawn: ShapeRule = (operation) => [operation.integers('shape') ?? []];

/** An upper bound for an operation whose output length depends on values. */
const longest = (operation: ShapeOperation): number => elementsOf(operation.shape());

/** Operations with only an upper bound: their output length depends on values. */
export const upToRules: Readonly<Record<string, ShapeRule>> = {
  NonZero: (operation) => [[operation.shape().length, longest(operation)]],
  Compress: (operation) => {
    const axis = operation.integers('axis')?.[0];
    return [axis === undefined ? [longest(operation)] : operation.shape()];
  },
  Unique: (operation) => {
    const axis = operation.integers('axis')?.[0];
    const count = axis === undefined ? longest(operation) : (operation.shape()[operation.axis(axis)] ?? 0);
    return [axis === undefined ? [count] : operation.shape(), [count], [count], [count]];
  },
  NonMaxSuppression: (operation) => {
    const [rows = 1, classes = 1, boxes = 0] = operation.shape(1);
    return [[rows * classes * Math.min(boxes, operation.has(2) ? (operation.values(2)[0] ?? 0) : 0), 3]];
  },
};

/**
 * The output shapes of operations, by operator of ONNX or ONNX Runtime. Anything missing here is
 * unknown.
 */
export const shapeRules: Readonly<Record<string, ShapeRule>> = {
  ...rulesOf(sameShape, (operation) => [operation.shape()]),
  ...rulesOf(broadcasting, (operation) => [
    broadcast([...operation.node.inputs.keys()].map((index) => operation.shape(index))),
  ]),
  ...rulesOf('QLinearAdd QLinearMul', (operation) => [broadcast([operation.shape(), operation.shape(3)])]),
  ...rulesOf(reductions, reduced),
  ...rulesOf('ArgMax ArgMin', extreme),
  ...rulesOf('LayerNormalization SimplifiedLayerNormalization RMSNormalization', normalised),
  ...rulesOf('SkipLayerNormalization SkipSimplifiedLayerNormalization', (operation) => {
    const moments = operation.shape().map((size, axis, { length }) => (axis === length - 1 ? 1 : size));
    return [operation.shape(), moments, moments, operation.shape()];
  }),
  ...rulesOf('RandomNormal RandomUniform', drawn),
  Dropout: (operation) => [operation.shape(), operation.shape()],
  DynamicQuantizeLinear: (operation) => [operation.shape(), [], []],
  BatchNormalization: batchNormalised,
  TopK: largest,
  OneHot: oneHot,
  Range: range,
  Shape: (operation) => {
    const rank = operation.shape().length;
    const place = (at: number) => Math.min(rank, Math.max(0, at < 0 ? at + rank : at));
    return [[Math.max(0, place(operation.integer('end', rank)) - place(operation.integer('start', 0)))]];
  },
  Size: () => [[]],
  ConstantOfShape: (operation) => [operation.values(0)],
  GridSample: (operation) => [[...operation.shape().slice(0, 2), ...operation.shape(1).slice(1, -1)]],
  ...windowRules,
  ...productRules,
  ...arrangementRules,
  ...upToRules,
};
