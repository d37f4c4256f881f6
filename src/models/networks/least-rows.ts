import type { OnnxGraph } from '../onnx/graph.ts';
import { prefixed } from './preprocess.ts';

/** Operators that multiply the rows of a batch with one matrix. */
const multiplying = new Set(['Gemm', 'MatMul', 'FusedMatMul', 'Einsum', 'LSTM', 'GRU', 'RNN']);

/**
 * Rows that a run of a part must have at least, so that a row's bits do not depend on how many rows run with it: 2 where the rows of a
 * batch are multiplied with one matrix, else 1. ONNX Runtime multiplies a single row by another kernel than several rows, which adds
 * in another order; from two rows on, every row is added up in one order, whatever the number of rows and its place among them. Convolutions
 * run image by image. What reelflow writes itself never multiplies a single one: the spectrum in front of a network for sound has many rows per patch,
 * a convolution in the fast form several tiles per picture.
 */
export function leastRows(part: OnnxGraph): 1 | 2 {
  const depends = part.nodes.some(
    ({ operator, outputs, hasSubgraph }) =>
      hasSubgraph || (multiplying.has(operator) && !outputs.every((name) => name.startsWith(prefixed('')))),
  );
  return depends ? 2 : 1;
}
