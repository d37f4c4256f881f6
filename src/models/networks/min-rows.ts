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
 * Operators that round a tensor to integers by the range of all its values, including those of
 * other rows.
 */
const rounding = new Set(['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM']);

/**
 * Whether a row's integers depend on the rows that run with it, as in networks quantised
 * dynamically by ONNX Runtime's tool; such rows are run alone.
 */
export function scalesByBatch(graph: OnnxGraph): boolean {
  return graph.nodes.some(
    ({ operator, bodies = {} }) => rounding.has(operator) || Object.values(bodies).some(scalesByBatch),
  );
}

/**
 * Minimum rows per run of a part, so that a row's bits do not depend on how many rows run with it:
 * 2 if the rows of a batch are multiplied with one matrix, else 1. For a single row ONNX Runtime
 * uses a different kernel, which sums in a different order; from two rows on, every row is summed
 * in the same order, whatever the number of rows and its position among them. Convolutions run
 * image by image. Operations that reelflow writes itself never multiply a single row: the spectrum
 * in front of an audio network has many rows per patch, a convolution in the fast form several
 * tiles per picture.
 */
export function minRows(part: OnnxGraph): 1 | 2 {
  const depends = part.nodes.some(
    ({ operator, outputs, hasSubgraph }) =>
      hasSubgraph || (multiplying.has(operator) && !outputs.every((name) => name.startsWith(prefixed('')))),
  );
  return depends ? 2 : 1;
}
