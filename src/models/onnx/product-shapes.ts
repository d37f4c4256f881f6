import { domainOf } from './encoded-node.ts';
import { broadcast, NotInferred, type Shape, type ShapeOperation, type ShapeRule } from './shape-operation.ts';

/**
 * The product of two stacks of matrices; a vector is a matrix of one row on the left and of one
 * column on the right.
 */
function product(left: Shape, right: Shape): Shape {
  if (left.length === 0 || right.length === 0) throw new NotInferred();
  const rows = left.length > 1 ? left.slice(-2, -1) : [];
  const columns = right.length > 1 ? right.slice(-1) : [];
  if (left.at(-1) !== (right.length > 1 ? right.at(-2) : right[0])) throw new NotInferred();
  return [...broadcast([left.slice(0, -2), right.slice(0, -2)]), ...rows, ...columns];
}

/** @param right - index of the right operand: after scale and zero point if both are integers. */
const matMul =
  (right: number): ShapeRule =>
  (operation) => [product(operation.shape(), operation.shape(right))];

const swapped = (shape: Shape, swap: boolean): Shape =>
  swap ? [...shape.slice(0, -2), ...shape.slice(-1), ...shape.slice(-2, -1)] : shape;

const fusedMatMul: ShapeRule = (operation) => {
  if (operation.integer('transBatchA', 0) === 1 || operation.integer('transBatchB', 0) === 1) throw new NotInferred();
  const left = swapped(operation.shape(), operation.integer('transA', 0) === 1);
  return [product(left, swapped(operation.shape(1), operation.integer('transB', 0) === 1))];
};

const gemm =
  (right: number): ShapeRule =>
  (operation) => {
    const left = swapped(operation.shape(), operation.integer('transA', 0) === 1);
    return [product(left, swapped(operation.shape(right), operation.integer('transB', 0) === 1))];
  };

/** 4-bit weights in blocks: their shape does not reveal the matrix's. */
const packedMatMul: ShapeRule = (operation) => {
  const columns = operation.integers('N')?.[0];
  if (columns === undefined) throw new NotInferred();
  return [[...operation.shape().slice(0, -1), columns]];
};

const einsum: ShapeRule = (operation) => {
  const equation = (operation.text('equation') ?? '').replaceAll(/\s/g, '');
  if (equation.includes('...')) throw new NotInferred();
  const [left = '', right] = equation.split('->');
  const sizes = new Map<string, number>();
  for (const [index, letters] of left.split(',').entries()) {
    for (const [axis, letter] of [...letters].entries()) {
      const size = operation.shape(index)[axis] ?? 1;
      sizes.set(letter, Math.max(size, sizes.get(letter) ?? 1));
    }
  }
  const single = [...sizes.keys()].filter((letter) => left.split(letter).length === 2).sort();
  return [[...(right ?? single.join(''))].map((letter) => sizes.get(letter) ?? 1)];
};

function recurrent(operation: ShapeOperation): readonly Shape[] {
  const hidden = operation.integers('hidden_size')?.[0];
  if (hidden === undefined) throw new NotInferred();
  const directions = operation.text('direction') === 'bidirectional' ? 2 : 1;
  const [first = 1, second = 1] = operation.shape();
  if (operation.integer('layout', 0) === 1) {
    const state = [first, directions, hidden];
    return [[first, second, directions, hidden], state, state];
  }
  const state = [directions, second, hidden];
  return [[first, directions, second, hidden], state, state];
}

/** ONNX Runtime's own; ONNX's operation of that name reads other inputs. */
const attention: ShapeRule = (operation) => {
  if (domainOf(operation.node) !== 'com.microsoft') throw new NotInferred();
  const [rows = 1, length = 1] = operation.shape();
  const width = operation.integers('qkv_hidden_sizes')?.[2] ?? (operation.shape(1).at(-1) ?? 0) / 3;
  return [[rows, length, width]];
};

/** Rules of operations that multiply matrices, by operator. */
export const productRules: Readonly<Record<string, ShapeRule>> = {
  MatMul: matMul(1),
  MatMulInteger: matMul(1),
  MatMulIntegerToFloat: matMul(1),
  DynamicQuantizeMatMul: matMul(1),
  QLinearMatMul: matMul(3),
  FusedMatMul: fusedMatMul,
  Gemm: gemm(1),
  FusedGemm: gemm(1),
  QGemm: gemm(3),
  MatMulNBits: packedMatMul,
  MatMulBnb4: packedMatMul,
  Einsum: einsum,
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  DynamicQuantizeLSTM: recurrent,
  Attention: attention,
  QAttention: attention,
};
