import type { GraphWriter } from './graph-writer.ts';
import { gathered, type Placed } from './placed.ts';

/** A pooling that takes the maximum of each window. */
export interface MaxPool {
  readonly kernel: readonly [height: number, width: number];
  readonly strides: readonly [number, number];
  /** Padding above and to the left. */
  readonly padding: readonly [top: number, left: number];
  /** Height and width of the output. */
  readonly size: readonly [height: number, width: number];
}

/** From this operator set on, reductions take their axes as an input. */
const axesAreInputs = 18;

/**
 * Writes a pooling over an activation with the places first: the values of each window are gathered
 * and their maximum taken. Padding never wins: a window that extends past the edge reads one of its
 * own places twice.
 *
 * @param spare - adds a row that belongs to no place.
 */
export function fastMaxPool(writer: GraphWriter, source: Placed, pool: MaxPool, spare: boolean): Placed {
  const { kernel, strides, padding, size } = pool;
  const at = (axis: 0 | 1, window: number, offset: number, length: number) =>
    Math.min(Math.max(window * strides[axis] - padding[axis] + offset, 0), length - 1);
  const rows: number[] = [];
  for (let down = 0; down < kernel[0]; down++) {
    for (let along = 0; along < kernel[1]; along++) {
      for (let row = 0; row < size[0]; row++) {
        for (let column = 0; column < size[1]; column++) {
          const [sourceRow, sourceColumn] = [at(0, row, down, source.height), at(1, column, along, source.width)];
          rows.push(source.places[sourceRow * source.width + sourceColumn] as number);
        }
      }
      if (spare) rows.push(source.places[0] as number);
    }
  }
  const [window, count] = [kernel[0] * kernel[1], size[0] * size[1] + (spare ? 1 : 0)];
  const all = gathered(writer, source.tensor, [window, count], rows);
  const [inputs, attributes] =
    writer.opset >= axesAreInputs ? [[all, writer.integers([1], [0])], {}] : [[all], { axes: [0] }];
  const tensor = writer.append('ReduceMax', inputs, { ...attributes, keepdims: 0 });
  return {
    tensor,
    channels: source.channels,
    height: size[0],
    width: size[1],
    rows: count,
    places: Array.from({ length: size[0] * size[1] }, (_, place) => place),
  };
}
