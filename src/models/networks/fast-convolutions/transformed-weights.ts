import { elementTypes, type Initializer } from '../../onnx/onnx-graph.ts';
import { collect } from '../../onnx/write.ts';
import type { CookToom } from './cook-toom.ts';

/**
 * Weights [filters, channels, taps, taps] in the layout that the products of a fast convolution
 * need: [points of rows x points of columns, channels, filters]. Each is computed in float64 and
 * rounded once, matrix by matrix as they are written.
 */
export function transformedWeights(weights: Initializer, rows: CookToom, columns: CookToom): Initializer {
  const [filters, channels] = weights.shape as [number, number];
  const points = rows.points * columns.points;
  return {
    name: weights.name,
    shape: [points, channels, filters],
    elementType: elementTypes.float32,
    byteLength: 4 * points * channels * filters,
    *pieces() {
      const bytes = collect(weights);
      const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const matrix = new Float32Array(channels * filters);
      for (const ofRow of rows.weights) {
        for (const ofColumn of columns.weights) {
          const factors = Float64Array.from(ofRow.flatMap((left) => ofColumn.map((right) => left * right)));
          fill(matrix, values, factors, channels, filters);
          yield new Uint8Array(matrix.buffer);
        }
      }
    },
  };
}

function fill(matrix: Float32Array, values: Float32Array, factors: Float64Array, channels: number, filters: number) {
  const taps = factors.length;
  for (let filter = 0; filter < filters; filter++) {
    for (let channel = 0; channel < channels; channel++) {
      const start = (filter * channels + channel) * taps;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += (factors[tap] as number) * (values[start + tap] as number);
      matrix[channel * filters + filter] = sum;
    }
  }
}
