import type { OnnxGraph } from '../onnx/onnx-graph.ts';
import { prefixed } from './preprocess.ts';

/** Operators that multiply the rows of a batch with one matrix, in floating point. */
const multiplying = new Set([
  ...['Gemm', 'MatMul', 'Einsum', 'LSTM', 'GRU', 'RNN', 'Attention'],
  // ONNX Runtime's own.
  ...[
    'FusedGemm',
    'FusedMatMul',
    'MatMulNBits',
    'MatMulBnb4',
    'MatMulIntegerToFloat',
    'MultiHeadAttention',
    'QAttention',
  ],
  ...['GroupQueryAttention', 'FusedMatMulActivation', 'GemmFloat8'],
]);

/**
 * Operators that round a tensor to integers by the range of all its values, those of the rows
 * beside a row included.
 */
const rounding = new Set(['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM']);

/**
 * Whether the integers of a row depend on the rows that run with it, as in networks that ONNX
 * Runtime's tool has quantised dynamically: rows are run alone then.
 */
export function scalesByBatch(graph: OnnxGraph): boolean {
  return graph.nodes.some(
    ({ operator, bodies = {} }) => rounding.has(operator) || Object.values(bodies).some(scalesByBatch),
  );
}

/**
 * Rows that a run of a part must have at least, so that a row's bits do not depend on how many rows
 * run with it: 2 where the rows of a batch are multiplied with one matrix, else 1. ONNX Runtime
 * multiplies a single row by another kernel than several rows, which adds in another order; from
 * two rows on, every row is added up in one order, whatever the number of rows and its place among
 * them. Convolutions run image by image. What reelflow writes itself never multiplies a single one:
 * the spectrum in front of a network for sound has many rows per patch, a convolution in the fast
 * form several tiles per picture.
 */
export function minRows(part: OnnxGraph): 1 | 2 {
  const depends = part.nodes.some(
    ({ operator, outputs, hasSubgraph }) =>
      hasSubgraph || (multiplying.has(operator) && !outputs.every((name) => name.startsWith(prefixed('')))),
  );
  return depends ? 2 : 1;
}
